using Google.Protobuf;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>Writes the few protobuf messages of the device plugin interface, field by field.</summary>
internal static class ProtobufMessage
{
    /// <summary>Writes a message.</summary>
    public static byte[] Write(Action<CodedOutputStream> fields)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            fields(output);
        }

        return buffer.ToArray();
    }

    /// <summary>Writes a text field.</summary>
    public static void Text(this CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    /// <summary>Writes a field that is a message.</summary>
    public static void Message(this CodedOutputStream output, int field, byte[] value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(value));
    }

    /// <summary>Writes an entry of a map of texts.</summary>
    public static void Entry(this CodedOutputStream output, int field, string key, string value) => output.Message(field, Write(entry =>
    {
        entry.Text(1, key);
        entry.Text(2, value);
    }));

    /// <summary>The length-delimited values of one field.</summary>
    public static IReadOnlyList<byte[]> Values(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        List<byte[]> values = [];
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                values.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return values;
    }
}
