namespace Dpf.Provisioning.Bfbs;

/// <summary>The phases of a BFB, as its status says them.</summary>
public static class BfbPhases
{
    /// <summary>Nothing has been done yet.</summary>
    public const string Initializing = "Initializing";

    /// <summary>It is fetched.</summary>
    public const string Downloading = "Downloading";

    /// <summary>The file is there.</summary>
    public const string Ready = "Ready";

    /// <summary>The file is removed.</summary>
    public const string Deleting = "Deleting";

    /// <summary>It could not be fetched; it is tried again from time to time.</summary>
    public const string Error = "Error";
}
