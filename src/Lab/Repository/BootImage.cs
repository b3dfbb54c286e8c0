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
    private const uint Magic = 0x13026642;
    private const int HeaderLength = 24;

    /// <summary>Makes the image of a name, e.g. <c>bf-bundle-2.9.1-lab.bfb</c>; the same name gives the same bytes.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="size">Its length in bytes.</param>
    public static byte[] Create(string name, int size = 4 << 20)
    {
        var info = Encoding.UTF8.GetBytes($"name={name}\nversion={VersionOf(name)}\nos=bluefield-lab\n");
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

    private static string VersionOf(string name) =>
        name.Split('-', '_').FirstOrDefault(part => part.Length > 0 && char.IsAsciiDigit(part[0]) && part.Contains('.', StringComparison.Ordinal))
            ?? "0.0.0";
}
