using System.Text.Json;
using Dpf.Ovsdb.Schemas;
using Dpf.Ovsdb.Values;
using FsCheck.Xunit;

namespace Dpf.Ovsdb.Tests.Values;

public sealed class DatumTests
{
    [Property]
    public bool ASetReadsBackAsItWasWritten(string[] members)
    {
        var set = Datum.Set(members.Select(m => Atom.Of(m ?? "")));
        return Back(set, """{"key": "string", "min": 0, "max": "unlimited"}""").Equals(set);
    }

    [Property]
    public bool AMapReadsBackAsItWasWritten(KeyValuePair<int, string>[] pairs)
    {
        var map = Datum.Map(pairs.Select(p => KeyValuePair.Create(Atom.Of((long)p.Key), Atom.Of(p.Value ?? ""))));
        return Back(map, """{"key": "integer", "value": "string", "min": 0, "max": "unlimited"}""").Equals(map);
    }

    [Property]
    public bool OrderAndRepetitionDoNotMatter(long[] members) =>
        Datum.Set(members.Select(Atom.Of)).Equals(Datum.Set(members.Reverse().Concat(members).Select(Atom.Of)));

    [Property]
    public void AMapIsSortedAndTheLastOfEqualKeysWins((byte Key, int Value)[] pairs)
    {
        pairs ??= [];
        var expected = new SortedDictionary<long, long>();
        foreach (var (key, value) in pairs)
        {
            expected[key] = value;
        }

        var map = Datum.Map(pairs.Select(p => KeyValuePair.Create(Atom.Of((long)p.Key), Atom.Of((long)p.Value))));
        Assert.Equal(expected.ToList(), map.Pairs().Select(p => KeyValuePair.Create(p.Key.Integer, p.Value.Integer)));
    }

    [Theory]
    [InlineData("\"integer\"", "5", "5")]
    [InlineData("\"real\"", "5", "5")]
    [InlineData("\"boolean\"", "true", "true")]
    [InlineData("""{"key": "string", "min": 0, "max": 1}""", """["set",[]]""", """["set",[]]""")]
    [InlineData("""{"key": "string", "min": 0, "max": 1}""", """["set",["a"]]""", "\"a\"")]
    [InlineData("""{"key": "string", "min": 0, "max": 1}""", "\"a\"", "\"a\"")]
    [InlineData("""{"key": "string", "min": 0, "max": "unlimited"}""", """["set",["b","a","b"]]""", """["set",["a","b"]]""")]
    [InlineData("""{"key": "string", "value": "string", "min": 0, "max": "unlimited"}""", """["map",[["b","1"],["a","2"]]]""", """["map",[["a","2"],["b","1"]]]""")]
    [InlineData("""{"key": {"type": "uuid", "refTable": "Port"}, "min": 0, "max": "unlimited"}""", """["uuid","550e8400-e29b-41d4-a716-446655440000"]""", """["uuid","550e8400-e29b-41d4-a716-446655440000"]""")]
    public void EveryFormOfAColumnHasOneCanonicalForm(string type, string json, string canonical) =>
        Assert.Equal(canonical, Datum.Parse(Json(json), ColumnType.Parse(Json(type))).ToJson().ToJsonString());

    [Fact]
    public void AMissingValueIsTheColumnsDefault()
    {
        Assert.Equal("0", Datum.Empty.As(ColumnType.Parse(Json("\"integer\""))).ToString());
        Assert.True(Datum.Empty.As(ColumnType.Parse(Json("""{"key": "string", "value": "string", "min": 0, "max": "unlimited"}"""))).IsMap);
        Assert.Equal(Datum.EmptyMap, Datum.Empty);
        Assert.NotEqual(Datum.Map([KeyValuePair.Create("a", "1")]), Datum.Map([KeyValuePair.Create("a", "2")]));
        Assert.NotEqual(Datum.Map([KeyValuePair.Create("a", "1")]), Datum.Set([Atom.Of("a")]));
    }

    private static Datum Back(Datum datum, string type) => Datum.Parse(Json(datum.ToJson().ToJsonString()), ColumnType.Parse(Json(type)));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
