using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Dpf.Lab.Repository;

/// <summary>
/// The boot image that the lab's BlueFields are installed with: a BlueField boot stream of the form that real ones have (images
/// with a header of 24 bytes, a check, and padding to eight), which says what it is and which versions it carries. What a real one
/// would boot is filled with bytes that make a download a download.
/// </summary>
public static class BootImage
{
    /// <summary>The operating system that the lab's images carry.</summary>
    public const string LabSystem = "bluefield-lab";

    private const uint Magic = 0x13026642;
    private const int HeaderLength = 24;
    private const int InformationId = 50;
    private const int DescriptionId = 57;
    private const int KernelId = 62;
    private const int FileSystemId = 63;

    /// <summary>Makes the image of a name, e.g. <c>bf-bundle-2.9.1-lab.bfb</c>; the same name gives the same bytes.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="size">Its length in bytes, about.</param>
    public static byte[] Create(string name, int size = 4 << 20)
    {
        var information = JsonSerializer.SerializeToUtf8Bytes(Inventory(VersionOf(name)));
        List<(int Id, byte[] Bytes)> images =
        [
            (DescriptionId, Encoding.UTF8.GetBytes(LabSystem)),
            (InformationId, information),
            (KernelId, Filling(name + " kernel", 4096)),
        ];
        var used = images.Sum(i => HeaderLength + Padded(i.Bytes.Length)) + HeaderLength;
        images.Add((FileSystemId, Filling(name, Math.Max(8, size - used))));
        using var stream = new MemoryStream(size);
        for (var i = 0; i < images.Count; i++)
        {
            Append(stream, images[i].Id, images[i].Bytes, images.Skip(i + 1).Aggregate(0UL, (set, image) => set | (1UL << image.Id)));
        }

        return stream.ToArray();
    }

    /// <summary>The operating system that an image carries; null when it is no boot image, or says none.</summary>
    /// <param name="head">Its first bytes, header and first image at least.</param>
    public static string? OperatingSystem(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(head) != Magic || head[7] != DescriptionId)
        {
            return null;
        }

        var length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(head[8..]), (uint)(head.Length - HeaderLength));
        return Encoding.UTF8.GetString(head.Slice(HeaderLength, length));
    }

    /// <summary>What the image installs, as a Redfish collection.</summary>
    private static Dictionary<string, object> Inventory(string version)
    {
        (string Name, string Version)[] members =
        [
            ("BF3_BSP", "4.9.1.13494"), ("BF3_ATF", "v2.2(release):4.9.1-11-gc0e8ab5"), ("BF3_UEFI", "4.9.1-15-g4f51a1a"),
            ("BF3_NIC_FW", "32.43.2024"), ("BF3_BMC_FW", "24.10-17"), ("DOCA", version + "0104-1"),
        ];
        return new Dictionary<string, object>
        {
            ["//"] = "This JSON represents a Redfish Software Inventory collection containing multiple software components.",
            ["@odata.id"] = "/redfish/v1/UpdateService/SoftwareInventory",
            ["Name"] = "BFB File Content",
            ["Members"] = members.Select((m, i) => new Dictionary<string, string>
            {
                ["@odata.id"] = FormattableString.Invariant($"/redfish/v1/UpdateService/SoftwareInventory/{i + 1}"),
                ["Id"] = FormattableString.Invariant($"{i + 1}"),
                ["Name"] = m.Name,
                ["Version"] = m.Version,
            }).ToArray(),
            ["Members@odata.count"] = members.Length,
        };
    }

    private static void Append(MemoryStream stream, int id, byte[] bytes, ulong following)
    {
        var padded = new byte[Padded(bytes.Length)];
        bytes.CopyTo(padded, 0);
        Span<byte> header = stackalloc byte[HeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);

        // Version 1.2 of the format, three times eight bytes of header.
        header[4] = 1 | (2 << 4);
        header[6] = (HeaderLength / 8) << 4;
        header[7] = (byte)id;
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Check(padded));
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], following);
        stream.Write(header);
        stream.Write(padded);
    }

    private static int Padded(int length) => (length + 7) & ~7;

    /// <summary>CRC-32 of IEEE 802.3.</summary>
    private static uint Check(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = CheckTable[(byte)crc ^ value] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[] CheckTable { get; } =
    [
        .. Enumerable.Range(0, 256).Select(i => Enumerable.Range(0, 8).Aggregate((uint)i, (crc, _) => (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320)),
    ];

    // Bytes that do not compress, yet are the same at every start.
    private static byte[] Filling(string seed, int length)
    {
        var bytes = new byte[length];
        var block = SHA256.HashData(Encoding.UTF8.GetBytes(seed));
        for (var at = 0; at < length; at += block.Length)
        {
            block = SHA256.HashData(block);
            block.AsSpan(0, Math.Min(block.Length, length - at)).CopyTo(bytes.AsSpan(at));
        }

        return bytes;
    }

    private static string VersionOf(string name) =>
        name.Split('-', '_').FirstOrDefault(part => part.Length > 0 && char.IsAsciiDigit(part[0]) && part.Contains('.', StringComparison.Ordinal))
            ?? "0.0.0";
}
