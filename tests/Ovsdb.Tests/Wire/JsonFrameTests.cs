using System.Buffers;
using System.Text;
using System.Text.Json;
using Dpf.Ovsdb.Wire;
using FsCheck.Xunit;

namespace Dpf.Ovsdb.Tests.Wire;

public sealed class JsonFrameTests
{
    [Property]
    public bool ObjectsAreFoundHoweverTheyArrive(string[] texts, byte[] cuts)
    {
        var messages = texts.Select((t, i) => JsonSerializer.Serialize(new { id = i, text = t ?? "", list = new object[] { "}", "\\\"{", new { } } })).ToList();
        var bytes = Encoding.UTF8.GetBytes(string.Concat(messages));
        return Read(Pieces(bytes, cuts)).SequenceEqual(messages, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":"}"}{"b":1}""", 2)]
    [InlineData("""{"a":"\\"}{"b":"\""}""", 2)]
    [InlineData("""{"a":[{},{}]}  {"b":{""", 1)]
    [InlineData("", 0)]
    public void BracesInTextsAreText(string stream, int count) => Assert.Equal(count, Read([Encoding.UTF8.GetBytes(stream)]).Count);

    private static List<byte[]> Pieces(byte[] bytes, byte[] cuts)
    {
        var pieces = new List<byte[]>();
        var at = 0;
        foreach (var cut in cuts.Where(c => c > 0))
        {
            var length = Math.Min(cut, bytes.Length - at);
            pieces.Add(bytes[at..(at + length)]);
            at += length;
        }

        pieces.Add(bytes[at..]);
        return pieces;
    }

    // As a reader does: pieces pile up until an object is complete, and what is left is kept.
    private static List<string> Read(IEnumerable<byte[]> pieces)
    {
        var frame = new JsonFrame();
        var found = new List<string>();
        byte[] buffer = [];
        foreach (var piece in pieces)
        {
            buffer = [.. buffer, .. piece];
            while (frame.TryFindEnd(new ReadOnlySequence<byte>(buffer), out var end))
            {
                found.Add(Encoding.UTF8.GetString(buffer, 0, end.GetInteger()).TrimStart());
                buffer = buffer[end.GetInteger()..];
            }
        }

        return found;
    }
}
