using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Selecting;

namespace Dpf.Provisioning.Bfbs;

/// <summary>Names of boot images on their volume.</summary>
internal static class BfbFiles
{
    /// <summary>The file of a BFB: what it says, or else its namespace and name.</summary>
    public static string NameOf(Bfb bfb) => string.IsNullOrEmpty(bfb.Spec.FileName)
        ? $"{bfb.Metadata.NamespaceProperty}-{bfb.Metadata.Name}.bfb"
        : bfb.Spec.FileName;

    /// <summary>The version of a boot image as a label's value: its URL's last part without the extension.</summary>
    public static string VersionLabel(string url)
    {
        var name = url[(url.LastIndexOf('/') + 1)..];
        var end = name.LastIndexOf('.');
        return LabelValues.Of(end > 0 ? name[..end] : name);
    }

    /// <summary>Where the file grows until it is whole.</summary>
    public static string PartOf(Bfb bfb) => "bfb-" + bfb.Metadata.Uid;

    /// <summary>The SHA-256 that the file of a BFB has to have; null when nobody says.</summary>
    public static string? ChecksumOf(Bfb bfb) =>
        bfb.Metadata.Annotations?.TryGetValue(ProvisioningLabels.Sha256, out var text) == true ? text.Trim() : null;

    /// <summary>What the outcome of a download, or of a check of a file, depends on: when it has changed, the outcome says nothing more.</summary>
    public static string BasisOf(Bfb bfb, FileInfo? file) => file is null
        ? ChecksumOf(bfb) ?? ""
        : string.Create(CultureInfo.InvariantCulture, $"{ChecksumOf(bfb)} {file.Length} {file.LastWriteTimeUtc.Ticks} {file.UnixFileMode}");

    /// <summary>Another BFB with the same file; the file is not this one's alone.</summary>
    public static Bfb? Sharing(Bfb bfb, IEnumerable<Bfb> all) =>
        all.FirstOrDefault(o => o.Metadata.Uid != bfb.Metadata.Uid && !o.IsDeleting() && NameOf(o) == NameOf(bfb));

    /// <summary>A BFB that has the same file from another place and was first; null when there is none.</summary>
    public static Bfb? Conflicting(Bfb bfb, IEnumerable<Bfb> all) => all.FirstOrDefault(o =>
        o.Metadata.Uid != bfb.Metadata.Uid && !o.IsDeleting() && NameOf(o) == NameOf(bfb) && o.Spec.Url != bfb.Spec.Url && IsFirst(o, bfb));

    private static bool IsFirst(Bfb one, Bfb other)
    {
        // Of two that were made in the same second, the one whose file it is already.
        var (has, wants) = (one.Status?.Phase == BfbPhases.Ready, other.Status?.Phase == BfbPhases.Ready);
        if (has != wants)
        {
            return has;
        }

        var order = Nullable.Compare(one.Metadata.CreationTimestamp, other.Metadata.CreationTimestamp);
        return order != 0 ? order < 0 : string.CompareOrdinal(one.Metadata.Uid, other.Metadata.Uid) < 0;
    }
}
