using Google.Protobuf;
using Grpc.Core;

namespace Dpf.Runtime.Dms;

/// <summary>Messages in the protobuf wire format, field by field: the handful that DMS needs does not pay for a compiler.</summary>
internal static class ProtobufMarshaller
{
    /// <summary>A marshaller of a message type.</summary>
    /// <param name="write">Writes the fields that are set.</param>
    /// <param name="read">Reads fields until none is left; unknown ones are skipped.</param>
    public static Marshaller<T> Of<T>(Action<T, CodedOutputStream> write, Func<CodedInputStream, T> read) =>
        Marshallers.Create(value => Bytes(output => write(value, output)), bytes => read(new CodedInputStream(bytes)));

    /// <summary>The bytes of a message.</summary>
    public static byte[] Bytes(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(output);
        }

        return buffer.ToArray();
    }

    /// <summary>Writes a text unless it is empty.</summary>
    public static void Text(this CodedOutputStream output, int field, string value)
    {
        if (value.Length > 0)
        {
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteString(value);
        }
    }

    /// <summary>Writes a number unless it is 0.</summary>
    public static void Number(this CodedOutputStream output, int field, ulong value)
    {
        if (value != 0)
        {
            output.WriteTag(field, WireFormat.WireType.Varint);
            output.WriteUInt64(value);
        }
    }

    /// <summary>Writes a message within a message.</summary>
    public static void Message(this CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(Bytes(write)));
    }

    /// <summary>The fields of a message, to be switched over; the callback reads the value or says that it did not.</summary>
    public static void Fields(this CodedInputStream input, Func<int, bool> read)
    {
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (!read(WireFormat.GetTagFieldNumber(tag)))
            {
                input.SkipLastField();
            }
        }
    }

    /// <summary>A message within a message.</summary>
    public static CodedInputStream ReadInner(this CodedInputStream input) => new(input.ReadBytes().ToByteArray());
}
