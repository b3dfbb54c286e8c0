using System.Text.Json.Nodes;
using Dpf.Runtime.Admission;

namespace Dpf.Runtime.Tests;

public sealed class JsonDiffTests
{
    [Fact]
    public void OnlyWhatDiffersIsInThePatch()
    {
        var before = JsonNode.Parse("""{"a":1,"b":{"x/y":1,"z":[1]},"gone":true}""");
        var after = JsonNode.Parse("""{"a":1,"b":{"x/y":2,"z":[1,2]},"new":{"k":"v"}}""");
        Assert.Equal(
            """[{"op":"remove","path":"/gone"},{"op":"replace","path":"/b/x~1y","value":2},{"op":"replace","path":"/b/z","value":[1,2]},{"op":"add","path":"/new","value":{"k":"v"}}]""",
            JsonDiff.Between(before, after).ToJsonString());
    }

    [Fact]
    public void EqualObjectsNeedNoPatch() =>
        Assert.Empty(JsonDiff.Between(JsonNode.Parse("""{"a":[1,{"b":null}]}"""), JsonNode.Parse("""{"a":[1,{"b":null}]}""")));
}
