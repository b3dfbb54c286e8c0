namespace Dpf.Provisioning.Bfbs;

/// <summary>The conditions of a BFB, and their reasons when they are not True. Both are part of the contract.</summary>
public static class BfbConditions
{
    /// <summary>The file is on the volume, whole and checked.</summary>
    public const string Downloaded = "Downloaded";

    /// <summary>DPUs can be installed with it.</summary>
    public const string Ready = "Ready";

    /// <summary>It is fetched; the message says how much has come.</summary>
    public const string Downloading = "Downloading";

    /// <summary>The file is there, and is read to its end for damage.</summary>
    public const string Checking = "Checking";

    /// <summary>The server answers, but not with the file: <c>HTTP404</c>, <c>HTTP503</c>, …</summary>
    public const string HttpStatus = "HTTP";

    /// <summary>Nobody answers at the URL's host.</summary>
    public const string NoAnswer = "NoAnswer";

    /// <summary>The connection broke off, or nothing came any more.</summary>
    public const string ConnectionLost = "ConnectionLost";

    /// <summary>The volume of boot images has no room for it.</summary>
    public const string NoSpace = "NoSpace";

    /// <summary>The volume of boot images is not mounted, or not to be written.</summary>
    public const string VolumeNotUsable = "VolumeNotUsable";

    /// <summary>What came is no BlueField boot stream, or damaged.</summary>
    public const string NotABootStream = "NotABootStream";

    /// <summary>What came is not what the annotation says.</summary>
    public const string ChecksumMismatch = "ChecksumMismatch";

    /// <summary>Another BFB has the same file from another URL.</summary>
    public const string FileNameTaken = "FileNameTaken";

    /// <summary>It is being deleted.</summary>
    public const string Deleting = "Deleting";
}
