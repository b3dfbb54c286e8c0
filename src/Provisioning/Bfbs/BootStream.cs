using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Dpf.Provisioning.Bfbs;

/// <summary>What a boot image turned out to hold.</summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hexadecimal.</param>
/// <param name="Information">The text in which it says what it installs; null when it has none.</param>
internal sealed record BootStreamContent(long Length, string Sha256, string? Information);

/// <summary>
/// A BlueField boot stream (.bfb): images one after the other, each with a header of 24 bytes, little-endian, and padded to eight.
/// Every header says how long its image is, which check its bytes have, and which images are still to come: a file that was cut
/// off or damaged is known before a card is flashed with it.
/// </summary>
internal static class BootStream
{
    private const uint Magic = 0x13026642;
    private const int HeaderLength = 24;
    private const int Major = 1;
    private const int InformationId = 50;
    private const int LongestInformation = 1 << 20;

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="FormatException">It is no boot stream, or damaged; the message says where.</exception>
    public static async Task<BootStreamContent> InspectAsync(Stream stream, CancellationToken cancellation)
    {
        using var reader = new CountingReader(stream);
        string? information = null;
        Header? last = null;
        for (var number = 1; ; number++)
        {
            var bytes = await reader.ReadAsync(HeaderLength, cancellation);
            if (last is { IsLast: true } && Header.Parse(bytes.Span) is null)
            {
                // What follows the last image is no part of the stream.
                await reader.DrainAsync(cancellation);
                return new BootStreamContent(reader.Count, reader.Digest(), information);
            }

            var header = Header.Parse(bytes.Span) ?? throw new FormatException(number == 1
                ? "is no BlueField boot stream: it does not begin with the header of an image"
                : Text($"ends before its last image: at byte {reader.Count - bytes.Length} there is no header of image {number}"));
            var text = await ImageAsync(reader, header, number, cancellation);
            information ??= text;
            last = header;
        }
    }

    private static async Task<string?> ImageAsync(CountingReader reader, Header header, int number, CancellationToken cancellation)
    {
        var start = reader.Count;
        var keep = header.Id == InformationId && header.Length <= LongestInformation ? new MemoryStream() : null;
        var padded = (header.Length + 7L) & ~7L;
        uint crc = 0;
        for (var left = padded; left > 0;)
        {
            var bytes = await reader.ReadAsync((int)Math.Min(left, CountingReader.Most), cancellation);
            if (bytes.Length == 0)
            {
                throw new FormatException(Text($"is cut off: image {number} (id {header.Id}) has {reader.Count - start} of its {header.Length} bytes"));
            }

            crc = Crc32.Of(bytes.Span, crc);
            keep?.Write(bytes.Span);
            left -= bytes.Length;
        }

        if (crc != header.Crc)
        {
            throw new FormatException(Text($"is damaged: image {number} (id {header.Id}, at byte {start}) has check {crc:x8} instead of {header.Crc:x8}"));
        }

        return keep is null ? null : System.Text.Encoding.UTF8.GetString(keep.GetBuffer(), 0, (int)header.Length);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The header of an image.</summary>
    /// <param name="Id">What the image is.</param>
    /// <param name="Length">How long it is, without padding.</param>
    /// <param name="Crc">The check of its bytes and padding.</param>
    /// <param name="IsLast">Whether no image follows.</param>
    private sealed record Header(int Id, uint Length, uint Crc, bool IsLast)
    {
        public static Header? Parse(ReadOnlySpan<byte> bytes) =>
            bytes.Length == HeaderLength && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic &&
            (bytes[4] & 0xF) == Major && (bytes[6] >> 4) * 8 == HeaderLength
                ? new(
                    bytes[7], BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) == 0)
                : null;
    }

    /// <summary>Reads pieces, and knows how many bytes that were and their digest.</summary>
    private sealed class CountingReader(Stream stream) : IDisposable
    {
        public const int Most = 1 << 20;
        private readonly byte[] _buffer = new byte[Most];
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Count { get; private set; }

        /// <summary>As many bytes as asked for, fewer at the end; valid until the next call.</summary>
        public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(int length, CancellationToken cancellation)
        {
            var read = await stream.ReadAtLeastAsync(_buffer.AsMemory(0, length), length, throwOnEndOfStream: false, cancellation);
            _hash.AppendData(_buffer, 0, read);
            Count += read;
            return _buffer.AsMemory(0, read);
        }

        public async Task DrainAsync(CancellationToken cancellation)
        {
            while ((await ReadAsync(Most, cancellation)).Length > 0)
            {
            }
        }

        public string Digest() => Convert.ToHexStringLower(_hash.GetHashAndReset());

        public void Dispose() => _hash.Dispose();
    }
}
