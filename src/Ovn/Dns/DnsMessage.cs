using System.Buffers.Binary;
using System.Text;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Dns;

/// <summary>A query as it came over the wire (RFC 1035).</summary>
/// <param name="Id">What the answer has to repeat.</param>
/// <param name="Question">The question.</param>
/// <param name="WantsRecursion">Whether others may be asked.</param>
/// <param name="UdpSize">The longest datagram that the asker takes.</param>
public sealed record DnsQuery(ushort Id, DnsQuestion Question, bool WantsRecursion, int UdpSize);

/// <summary>Reads and writes messages of the domain name system.</summary>
public static class DnsMessage
{
    private const int HeaderLength = 12;
    private const int PlainUdpSize = 512;
    private const ushort Internet = 1;

    /// <summary>Reads a query; null when it is none that can be answered.</summary>
    public static DnsQuery? ReadQuery(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderLength)
        {
            return null;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var isQuery = (flags & 0xf800) == 0;
        var at = HeaderLength;
        if (!isQuery || Count(message, 4) != 1 || ReadName(message, ref at) is not { } name || at + 4 > message.Length)
        {
            return null;
        }

        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        at += 4;
        var size = PlainUdpSize;
        for (var extra = Count(message, 6) + Count(message, 8) + Count(message, 10); extra > 0; extra--)
        {
            if (ReadName(message, ref at) is null || at + 10 > message.Length)
            {
                return null;
            }

            if ((DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]) == DnsType.Opt)
            {
                size = Math.Clamp((int)BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]), PlainUdpSize, 1232);
            }

            at += 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        }

        return new DnsQuery(
            BinaryPrimitives.ReadUInt16BigEndian(message), new DnsQuestion(name, type), (flags & 0x0100) != 0, size);
    }

    /// <summary>Writes a query.</summary>
    public static byte[] WriteQuery(ushort id, DnsQuestion question)
    {
        var writer = new Writer();
        writer.Header(id, 0x0100, 0, 0);
        writer.Question(question);
        return writer.ToArray();
    }

    /// <summary>Writes an answer; one that is too long is cut and says so.</summary>
    public static byte[] WriteAnswer(DnsQuery query, DnsAnswer answer, int limit)
    {
        // Response, authoritative, recursion available; and what the asker wished for.
        var flags = (ushort)(0x8480 | (query.WantsRecursion ? 0x0100 : 0) | (int)answer.Code);
        var full = Write(answer.Answers, answer.Authority, flags);
        return full.Length <= limit ? full : Write([], null, (ushort)(flags | 0x0200));

        byte[] Write(IReadOnlyList<DnsRecord> records, DnsRecord? authority, ushort with)
        {
            var writer = new Writer();
            writer.Header(query.Id, with, records.Count, authority is null ? 0 : 1);
            writer.Question(query.Question);
            foreach (var record in authority is null ? records : [.. records, authority])
            {
                writer.Record(record);
            }

            return writer.ToArray();
        }
    }

    /// <summary>How a question was answered; null when the message is too short to say.</summary>
    public static DnsCode? ReadCode(ReadOnlySpan<byte> message) => message.Length < HeaderLength ? null : (DnsCode)(message[3] & 0x0f);

    /// <summary>Whether an answer was cut to the size of a datagram: over TCP the whole is to be had (RFC 7766).</summary>
    public static bool IsTruncated(ReadOnlySpan<byte> message) => message.Length >= HeaderLength && (message[2] & 0x02) != 0;

    /// <summary>
    /// The addresses in an answer, none of them when the name has none or does not exist; null when the message is no answer to this query,
    /// or says that nobody knows.
    /// </summary>
    public static IReadOnlyList<(IpAddress Address, uint Seconds)>? ReadAddresses(ReadOnlySpan<byte> message, ushort id)
    {
        if (ReadCode(message) is not (DnsCode.NoError or DnsCode.NoSuchName) || BinaryPrimitives.ReadUInt16BigEndian(message) != id ||
            (message[2] & 0x80) == 0)
        {
            return null;
        }

        var at = HeaderLength;
        for (var questions = Count(message, 4); questions > 0; questions--)
        {
            if (ReadName(message, ref at) is null)
            {
                return null;
            }

            at += 4;
        }

        var addresses = new List<(IpAddress, uint)>();
        for (var answers = Count(message, 6); answers > 0; answers--)
        {
            if (ReadName(message, ref at) is null || at + 10 > message.Length)
            {
                return null;
            }

            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            var seconds = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            at += 10;
            if (at + length > message.Length)
            {
                return null;
            }

            if ((type, length) is (DnsType.A, 4) or (DnsType.Aaaa, 16))
            {
                addresses.Add((IpAddress.Read(message.Slice(at, length)), seconds));
            }

            at += length;
        }

        return addresses;
    }

    private static int Count(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);

    /// <summary>A name, in lower case, and the place after it; null when it is broken.</summary>
    private static string? ReadName(ReadOnlySpan<byte> message, ref int at)
    {
        var name = new StringBuilder();
        var (here, after, jumps) = (at, -1, 0);
        while (true)
        {
            if (here >= message.Length)
            {
                return null;
            }

            int length = message[here];
            if (length == 0)
            {
                at = after >= 0 ? after : here + 1;
                return name.ToString();
            }

            if ((length & 0xc0) == 0xc0)
            {
                // A pointer to an earlier name; a few at most, or two of them could go round for ever.
                if (here + 1 >= message.Length || ++jumps > 16)
                {
                    return null;
                }

                after = after >= 0 ? after : here + 2;
                here = ((length & 0x3f) << 8) | message[here + 1];
                continue;
            }

            if (length > 63 || here + 1 + length > message.Length || name.Length + length > 254)
            {
                return null;
            }

            name.Append(name.Length > 0 ? "." : "").Append(Encoding.Latin1.GetString(message.Slice(here + 1, length)).ToLowerInvariant());
            here += 1 + length;
        }
    }

    private sealed class Writer
    {
        private readonly MemoryStream _stream = new();

        public byte[] ToArray() => _stream.ToArray();

        public void Header(ushort id, ushort flags, int answers, int authorities)
        {
            Short(id);
            Short(flags);
            Short(1);
            Short((ushort)answers);
            Short((ushort)authorities);
            Short(0);
        }

        public void Question(DnsQuestion question)
        {
            Name(question.Name);
            Short((ushort)question.Type);
            Short(Internet);
        }

        public void Record(DnsRecord record)
        {
            Name(record.Name);
            Short((ushort)record.Data.Type);
            Short(Internet);
            Long(record.Seconds);
            var data = new Writer();
            data.Data(record.Data);
            Short((ushort)data._stream.Length);
            _stream.Write(data.ToArray());
        }

        private void Data(DnsData data)
        {
            switch (data)
            {
                case DnsAddress(var address):
                    _stream.Write(address.Bytes);
                    break;
                case DnsAlias(var target):
                    Name(target);
                    break;
                case DnsPointer(var target):
                    Name(target);
                    break;
                case DnsText(var text):
                    var bytes = Encoding.Latin1.GetBytes(text.Length > 255 ? text[..255] : text);
                    _stream.WriteByte((byte)bytes.Length);
                    _stream.Write(bytes);
                    break;
                case DnsService(var port, var target):
                    Short(0);
                    Short(100);
                    Short(port);
                    Name(target);
                    break;
                case DnsAuthority(var server, var serial, var negative):
                    Name(server);
                    Name("hostmaster." + server);
                    Long(serial);
                    Long(7200);
                    Long(1800);
                    Long(86400);
                    Long(negative);
                    break;
                default:
                    throw new ArgumentException($"records of type {data.Type} are not written", nameof(data));
            }
        }

        private void Name(string name)
        {
            foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
            {
                _stream.WriteByte((byte)label.Length);
                _stream.Write(Encoding.Latin1.GetBytes(label));
            }

            _stream.WriteByte(0);
        }

        private void Short(ushort value)
        {
            Span<byte> bytes = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
            _stream.Write(bytes);
        }

        private void Long(uint value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            _stream.Write(bytes);
        }
    }
}
