namespace Dpf.Helm.Rendering;

/// <summary>What templates see as <c>.Release</c>.</summary>
/// <param name="Name">The release's name.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Revision">Counts installs and upgrades, from 1.</param>
public sealed record ReleaseFacts(string Name, string Namespace, int Revision = 1)
{
    internal Dictionary<string, object?> ToTemplate() => new(StringComparer.Ordinal)
    {
        ["Name"] = Name,
        ["Namespace"] = Namespace,
        ["IsUpgrade"] = Revision > 1,
        ["IsInstall"] = Revision <= 1,
        ["Revision"] = Revision,
        ["Service"] = "Helm",
    };
}
