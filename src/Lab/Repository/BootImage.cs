using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Dpf.Lab.Repository;

/// <summary>
/// The boot image that the lab's BlueFields are installed with: a small BlueField boot stream whose one block says which
/// versions it carries, padded to a size that makes a download a download.
/// </summary>
public static class BootImage
{
    /// <summary>The operating system that the lab's images carry.</summary>
    public const string LabSystem = "bluefield-lab";

    private const uint Magic = 0x13026642;
    private const int HeaderLength = 24;

    /// <summary>Makes the image of a name, e.g. <c>bf-bundle-2.9.1-lab.bfb</c>; the same name gives the same bytes.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="size">Its length in bytes.</param>
    public static byte[] Create(string name, int size = 4 << 20)
    {
        var info = Encoding.UTF8.GetBytes($"name={name}\nversion={VersionOf(name)}\nos={LabSystem}\n");
        var image = new byte[Math.Max(size, HeaderLength + info.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(image, Magic);
        image[4] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(8), (uint)info.Length);
        info.CopyTo(image.AsSpan(HeaderLength));

        // Bytes that do not compress, yet are the same at every start.
        var block = SHA256.HashData(info);
        for (var at = HeaderLength + info.Length; at < image.Length; at += block.Length)
        {
            block = SHA256.HashData(block);
            block.AsSpan(0, Math.Min(block.Length, image.Length - at)).CopyTo(image.AsSpan(at));
        }

        return image;
    }

    /// <summary>The operating system that an image carries; null when it is no boot image, or says none.</summary>
    /// <param name="head">Its first bytes, header and first block at least.</param>
    public static string? OperatingSystem(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(head) != Magic)
        {
            return null;
        }

        var length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(head[8..]), (uint)(head.Length - HeaderLength));
        return Encoding.UTF8.GetString(head.Slice(HeaderLength, length)).Split('\n')
            .FirstOrDefault(line => line.StartsWith("os=", StringComparison.Ordinal))?[3..];
    }

    private static string VersionOf(string name) =>
        name.Split('-', '_').FirstOrDefault(part => part.Length > 0 && char.IsAsciiDigit(part[0]) && part.Contains('.', StringComparison.Ordinal))
            ?? "0.0.0";
}
