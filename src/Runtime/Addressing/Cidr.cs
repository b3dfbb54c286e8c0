using System.Globalization;
using System.Runtime.InteropServices;

namespace Dpf.Runtime.Addressing;

/// <summary>An address with its prefix length: a network, or an interface's address in one.</summary>
/// <param name="Address">The address; its host bits are kept.</param>
/// <param name="Length">The prefix length, 0 to the family's number of bits.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Cidr(IpAddress Address, int Length)
{
    /// <summary>Its family.</summary>
    public IpFamily Family => Address.Family;

    /// <summary>The same without host bits.</summary>
    public Cidr Network => this with { Address = Address with { Value = Address.Value & ~Hosts } };

    /// <summary>Its last address.</summary>
    public IpAddress Last => Address with { Value = Address.Value | Hosts };

    /// <summary>Whether it is a single address.</summary>
    public bool IsAlone => Length == Family.Bits;

    private UInt128 Hosts => IsAlone ? UInt128.Zero : Family.Last >> Length;

    /// <summary>Reads <c>10.0.0.0/8</c> or <c>fd00::/8</c>.</summary>
    /// <exception cref="FormatException">It is not of that form.</exception>
    public static Cidr Parse(string text) =>
        TryParse(text, out var cidr) ? cidr : throw new FormatException($"'{text}' is not a network like 10.0.0.0/8 or fd00::/8");

    /// <summary>Reads a network; null when it is none.</summary>
    public static Cidr? ParseOrNull(string? text) => TryParse(text, out var cidr) ? cidr : null;

    /// <summary>Reads networks and leaves out what is none.</summary>
    public static IEnumerable<Cidr> ParseAll(IEnumerable<string?> texts) => texts.Select(ParseOrNull).OfType<Cidr>();

    /// <summary>Reads a network, if it is that.</summary>
    public static bool TryParse(string? text, out Cidr cidr)
    {
        cidr = default;
        var parts = text?.Split('/') ?? [];
        if (parts.Length != 2 || !IpAddress.TryParse(parts[0], out var address) ||
            !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > address.Family.Bits)
        {
            return false;
        }

        cidr = new Cidr(address, length);
        return true;
    }

    /// <summary>The address at an offset from the network's first.</summary>
    public IpAddress At(UInt128 offset) => Network.Address + offset;

    /// <summary>An interface's address in this network: the one at an offset, with this prefix length.</summary>
    public Cidr InterfaceAt(UInt128 offset) => new(At(offset), Length);

    /// <summary>Whether the address lies in the network.</summary>
    public bool Contains(IpAddress address) => address.Family == Family && (address.Value & ~Hosts) == (Address.Value & ~Hosts);

    /// <inheritdoc />
    public override string ToString() => $"{Address}/{Length}";
}
