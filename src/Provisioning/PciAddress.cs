using System.Text.RegularExpressions;

namespace Dpf.Provisioning;

/// <summary>The PCI address of a card, without a function.</summary>
/// <param name="Full">With the domain: <c>0000:03:00</c>.</param>
internal sealed partial record PciAddress(string Full)
{
    /// <summary>Without the domain: <c>03:00</c>.</summary>
    public string Short => Full[(Full.IndexOf(':', StringComparison.Ordinal) + 1)..];

    /// <summary>As labels write it: <c>0000-03-00</c>.</summary>
    public string Label => Full.Replace(':', '-');

    /// <summary>Reads an address as labels write it, or with colons; null when it is none.</summary>
    public static PciAddress? Parse(string? text) =>
        text is not null && Form().IsMatch(text) ? new PciAddress(text.Replace('-', ':').ToLowerInvariant()) : null;

    [GeneratedRegex("^[0-9a-fA-F]{4}[-:][0-9a-fA-F]{2}[-:][0-9a-fA-F]{2}$", RegexOptions.None, 1000)]
    private static partial Regex Form();
}
