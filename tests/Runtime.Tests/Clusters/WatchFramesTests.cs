using System.Text;
using System.Text.Json;
using Dpf.Runtime.Clusters;
using FsCheck;
using FsCheck.Xunit;

namespace Dpf.Runtime.Tests.Clusters;

public sealed class WatchFramesTests
{
    private const string Added = """{"type":"ADDED","object":{"metadata":{"name":"a\n\"é}"},"type":"inner","object":[{}]}}""";
    private const string Deleted = """{ "object" : {"x":1} , "extra": {"type":"no"}, "type" : "DELETED" }""";

    [Property]
    public void HoweverTheBytesArriveTheFramesAreTheSame(PositiveInt[] cuts)
    {
        var bytes = Encoding.UTF8.GetBytes(Added + "\n\r\n\n" + Deleted + "\n");
        Assert.Equal(
            [("ADDED", """{"metadata":{"name":"a\n\"é}"},"type":"inner","object":[{}]}"""), ("DELETED", """{"x":1}""")],
            Read(bytes, cuts.Select(c => c.Get)));
    }

    [Fact]
    public void WhatIsLeftOfALastLineIsNoFrame() =>
        Assert.Equal(["ADDED"], Read(Encoding.UTF8.GetBytes(Added + "\n" + Deleted), []).Select(f => f.Kind));

    [Theory]
    [InlineData("""{"object":{}}""", "no type")]
    [InlineData("""{"type":"ADDED"}""", "(ADDED) has no object")]
    [InlineData("""{"type":"ADDED","object":{""", "")]
    [InlineData("not found", "")]
    public void ALineThatIsNoChangeSaysSo(string line, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<JsonException>(() => Read(Encoding.UTF8.GetBytes(line + "\n"), [])).Message, StringComparison.Ordinal);

    private static List<(string Kind, string Object)> Read(byte[] bytes, IEnumerable<int> sizes)
    {
        using var stream = new Pieces(bytes, [.. sizes]);
        return
        [
            .. WatchFrames.ReadAsync(stream, CancellationToken.None).ToBlockingEnumerable()
                .Select(f => (f.Kind, Encoding.UTF8.GetString(f.Object))),
        ];
    }

    /// <summary>Bytes that arrive in pieces of these sizes, in turn, and the rest at once.</summary>
    private sealed class Pieces(byte[] bytes, IReadOnlyList<int> sizes) : MemoryStream(bytes)
    {
        private int _turn;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(_turn < sizes.Count ? buffer[..Math.Min(buffer.Length, sizes[_turn++])] : buffer, cancellationToken);
    }
}
