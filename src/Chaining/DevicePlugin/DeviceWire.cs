using System.Text;

namespace Dpf.Chaining.DevicePlugin;

/// <summary>The few messages of the kubelet's device plugin interface (v1beta1), in protobuf, and gRPC's framing of them.</summary>
public static class DeviceWire
{
    /// <summary><c>RegisterRequest</c>.</summary>
    public static byte[] Register(string endpoint, string resource) => [.. Text(1, "v1beta1"), .. Text(2, endpoint), .. Text(3, resource)];

    /// <summary><c>ListAndWatchResponse</c>: all devices, healthy.</summary>
    public static byte[] Devices(IEnumerable<string> devices) =>
        [.. devices.SelectMany(d => Field(1, [.. Text(1, d), .. Text(2, "Healthy")]))];

    /// <summary><c>AllocateResponse</c>: one set of environment variables per container.</summary>
    public static byte[] Allocated(string variable, IEnumerable<IReadOnlyList<string>> containers) =>
        [.. containers.SelectMany(c => Field(1, Field(1, [.. Text(1, variable), .. Text(2, string.Join(',', c))])))];

    /// <summary>The device ids of each container of an <c>AllocateRequest</c>.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Requested(byte[] request) =>
        [.. Values(request, 1).Select(c => (IReadOnlyList<string>)[.. Values(c, 1).Select(Encoding.UTF8.GetString)])];

    /// <summary>A message in gRPC's frame.</summary>
    public static byte[] Frame(byte[] message) =>
        [0, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message];

    /// <summary>The message in a frame.</summary>
    public static byte[] Unframe(byte[] frame) => frame.Length <= 5 ? [] : frame[5..];

    private static byte[] Text(int field, string value) => Field(field, Encoding.UTF8.GetBytes(value));

    private static byte[] Field(int field, byte[] value) => [.. Number((uint)((field << 3) | 2)), .. Number((uint)value.Length), .. value];

    private static List<byte> Number(uint value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }

    private static List<byte[]> Values(byte[] message, int field)
    {
        var values = new List<byte[]>();
        for (var at = 0; at < message.Length;)
        {
            var tag = Next(message, ref at);
            switch (tag & 7)
            {
                case 0:
                    Next(message, ref at);
                    break;
                case 2:
                    var length = (int)Next(message, ref at);
                    if (tag >> 3 == field)
                    {
                        values.Add(message[at..(at + length)]);
                    }

                    at += length;
                    break;
                default:
                    throw new FormatException($"the kubelet sent a field of wire type {tag & 7}, which these messages do not have");
            }
        }

        return values;
    }

    private static uint Next(byte[] message, ref int at)
    {
        uint value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = message[at++];
            value |= (uint)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }
}
