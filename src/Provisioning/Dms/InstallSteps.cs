namespace Dpf.Provisioning.Dms;

/// <summary>The steps of an installation that are written down before they are done: the values of an annotation.</summary>
internal static class InstallSteps
{
    /// <summary>DMS has been, or is about to be, told to install. What comes after is only waiting.</summary>
    public const string Activating = "Activating";

    /// <summary>The new system is up.</summary>
    public const string Installed = "Installed";
}
