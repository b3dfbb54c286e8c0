using System.Globalization;
using System.Runtime.InteropServices;

namespace Dpf.Ovn.Addressing;

/// <summary>An address with its prefix length: a network, or an interface's address in one.</summary>
/// <param name="Address">The address; its host bits are kept.</param>
/// <param name="Length">The prefix length, 0 to 32.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Cidr(Ipv4 Address, int Length)
{
    /// <summary>The same without host bits.</summary>
    public Cidr Network => this with { Address = new Ipv4(Address.Value & Mask) };

    /// <summary>How many addresses it spans.</summary>
    public ulong Size => 1UL << (32 - Length);

    private uint Mask => Length == 0 ? 0 : uint.MaxValue << (32 - Length);

    /// <summary>Reads <c>10.0.0.0/8</c>.</summary>
    /// <exception cref="FormatException">It is not of that form.</exception>
    public static Cidr Parse(string text) =>
        TryParse(text, out var cidr) ? cidr : throw new FormatException($"'{text}' is not an IPv4 network like 10.0.0.0/8");

    /// <summary>Reads <c>10.0.0.0/8</c>, if it is that.</summary>
    public static bool TryParse(string? text, out Cidr cidr)
    {
        cidr = default;
        var parts = text?.Split('/') ?? [];
        if (parts.Length != 2 || !Ipv4.TryParse(parts[0], out var address) ||
            !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > 32)
        {
            return false;
        }

        cidr = new Cidr(address, length);
        return true;
    }

    /// <summary>The address at an offset from the network's first.</summary>
    public Ipv4 At(uint offset) => Network.Address + offset;

    /// <summary>An interface's address in this network: the one at an offset, with this prefix length.</summary>
    public Cidr InterfaceAt(uint offset) => new(At(offset), Length);

    /// <summary>Whether the address lies in the network.</summary>
    public bool Contains(Ipv4 address) => (address.Value & Mask) == (Address.Value & Mask);

    /// <inheritdoc />
    public override string ToString() => $"{Address}/{Length}";
}
