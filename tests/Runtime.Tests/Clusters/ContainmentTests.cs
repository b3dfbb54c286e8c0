using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;

namespace Dpf.Runtime.Tests.Clusters;

public sealed class ContainmentTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"a":1}""", true)]
    [InlineData("""{"a":2}""", """{"a":1}""", false)]
    [InlineData("{}", """{"a":{}}""", true)]
    [InlineData("{}", """{"a":[]}""", true)]
    [InlineData("""{"a":[{"x":1,"y":2}]}""", """{"a":[{"x":1}]}""", true)]
    [InlineData("""{"a":[1,2]}""", """{"a":[1]}""", false)]
    [InlineData("""{"a":null}""", """{"a":null}""", true)]
    [InlineData("""{"a":1}""", """{"a":null}""", false)]
    [InlineData("""{"a":"text"}""", """{"a":{}}""", false)]
    public void What_is_there_may_say_more_than_is_wanted(string live, string wanted, bool expected) =>
        Assert.Equal(expected, Containment.Holds(JsonNode.Parse(live), JsonNode.Parse(wanted)));
}
