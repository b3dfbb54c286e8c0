using System.Globalization;
using System.Text;

namespace Dpf.ApiServer.Streaming;

/// <summary>The head of an HTTP/1.1 response (RFC 9112), read without touching what follows.</summary>
internal sealed record ResponseHead(int Status, IReadOnlyList<(string Name, string Value)> Headers)
{
    private const int Limit = 64 * 1024;

    public bool IsChunked => Headers.Any(h =>
        h.Name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) && h.Value.Contains("chunked", StringComparison.OrdinalIgnoreCase));

    public long? Length => Headers.Where(h => h.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
        .Select(h => (long?)long.Parse(h.Value, CultureInfo.InvariantCulture)).FirstOrDefault();

    public static async Task<ResponseHead> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var bytes = new List<byte>();
        var one = new byte[1];
        while (bytes.Count < 4 || !(bytes[^4] == '\r' && bytes[^3] == '\n' && bytes[^2] == '\r' && bytes[^1] == '\n'))
        {
            if (bytes.Count > Limit || await stream.ReadAsync(one, cancellation) == 0)
            {
                throw new IOException("the connection ended before the response's head was complete");
            }

            bytes.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. bytes]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return new ResponseHead(
            int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture),
            [.. lines[1..].Select(l => l.Split(':', 2)).Where(p => p.Length == 2).Select(p => (p[0].Trim(), p[1].Trim()))]);
    }
}

/// <summary>The content of a chunked body (RFC 9112, 7.1).</summary>
internal sealed class ChunkedStream(Stream inner) : Stream
{
    private long _left;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left == 0 && !_ended)
        {
            var line = await LineAsync(cancellationToken);
            if (line.Length == 0)
            {
                line = await LineAsync(cancellationToken);
            }

            _left = long.Parse(line.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            _ended = _left == 0;
        }

        if (_ended)
        {
            return 0;
        }

        var count = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        _left -= count;
        return count;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task<string> LineAsync(CancellationToken cancellation)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await inner.ReadAsync(one, cancellation) == 1 && one[0] != '\n')
        {
            if (one[0] != '\r')
            {
                line.Append((char)one[0]);
            }
        }

        return line.ToString();
    }
}
