using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Dpf.Provisioning.Detection;

/// <summary>
/// What a card says of itself on the PCI bus (vital product data): its name, which tells how much memory it has, and its part number.
/// </summary>
/// <param name="Name">The product's name; empty when it says none.</param>
/// <param name="PartNumber">The part number; null when it says none.</param>
internal sealed partial record VitalProductData(string Name, string? PartNumber)
{
    private const int LargeResource = 0x80;
    private const int NameTag = 0x02;
    private const int FieldsTag = 0x10;

    /// <summary>The card's own memory, GiB; null when its name does not tell.</summary>
    public int? MemoryGib => Memory().Match(Name) is { Success: true } match ? int.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture) : null;

    /// <summary>
    /// Reads the data: resources one after the other, large ones with a length of two bytes, small ones with one of three bits, one
    /// of which is the end. What is cut off or not understood is left out.
    /// </summary>
    public static VitalProductData Parse(ReadOnlySpan<byte> bytes)
    {
        var (name, part) = ("", (string?)null);
        while (bytes.Length >= 3 && (bytes[0] & LargeResource) != 0)
        {
            var (tag, length) = (bytes[0] & ~LargeResource, BinaryPrimitives.ReadUInt16LittleEndian(bytes[1..]));
            if (length > bytes.Length - 3)
            {
                break;
            }

            var content = bytes.Slice(3, length);
            if (tag == NameTag)
            {
                name = Text(content);
            }
            else if (tag == FieldsTag)
            {
                part ??= Field(content, "PN");
            }

            bytes = bytes[(3 + length)..];
        }

        return new VitalProductData(name, part is "" ? null : part);
    }

    /// <summary>A field: two letters, a byte of length, the text.</summary>
    private static string? Field(ReadOnlySpan<byte> fields, string keyword)
    {
        while (fields.Length >= 3 && fields[2] <= fields.Length - 3)
        {
            if (fields[0] == keyword[0] && fields[1] == keyword[1])
            {
                return Text(fields.Slice(3, fields[2]));
            }

            fields = fields[(3 + fields[2])..];
        }

        return null;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes).Trim(' ', '\0');

    [GeneratedRegex(@"\b(?<size>\d{1,4}) ?GB on-board (?:DDR|memory)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Memory();
}
