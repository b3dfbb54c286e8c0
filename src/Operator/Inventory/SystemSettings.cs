using System.Text.Json.Nodes;

namespace Dpf.Operator.Inventory;

/// <summary>What a DPFOperatorConfig says of one component.</summary>
/// <param name="IsEnabled">Whether it is deployed.</param>
/// <param name="Image">Its image; null for the release's.</param>
/// <param name="HelmChart">Its chart, <c>repository/chart:version</c>; null for the release's.</param>
public sealed record ComponentSettings(bool IsEnabled, string? Image, string? HelmChart);

/// <summary>What the components follow from: a DPFOperatorConfig with its defaults filled in.</summary>
public sealed record SystemSettings
{
    private readonly JsonObject _spec;

    private SystemSettings(string ns, JsonObject spec) => (Namespace, _spec) = (ns, spec);

    /// <summary>The configuration's namespace, where everything goes.</summary>
    public string Namespace { get; }

    /// <summary>Names of pull secrets in <see cref="Namespace"/>; null when none are configured.</summary>
    public IReadOnlyList<string>? ImagePullSecrets =>
        (_spec["imagePullSecrets"] as JsonArray)?.Select(s => (string)s!).Distinct(StringComparer.Ordinal).ToList();

    /// <summary>The MTU of the DPU cluster's own pod network, bytes.</summary>
    public long ControlPlaneMtu => (long?)_spec["networking"]?["controlPlaneMTU"] ?? 1500;

    /// <summary>The MTU of the high-speed network, bytes.</summary>
    public long HighSpeedMtu => (long?)_spec["networking"]?["highSpeedMTU"] ?? 1500;

    /// <summary>The volume claim where bitstreams are kept.</summary>
    /// <exception cref="FormatException">It is blank.</exception>
    public string BfbVolumeClaim => ((string?)_spec["provisioningController"]?["bfbPVCName"])?.Trim() is { Length: > 0 } name
        ? name
        : throw new FormatException("spec.provisioningController.bfbPVCName: is blank; name a PersistentVolumeClaim in the same namespace");

    /// <summary>How long flashing a DPU may take, seconds; null for the controller's own limit.</summary>
    public long? DmsTimeoutSeconds => (long?)_spec["provisioningController"]?["dmsTimeout"];

    /// <summary>Whether the detector asks DPUs for their PSID.</summary>
    public bool CollectsPsid => (bool?)_spec["dpuDetector"]?["collectors"]?["psID"] == true;

    /// <summary>Reads a configuration.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="spec">Its spec.</param>
    public static SystemSettings Read(string ns, JsonObject spec) => new(ns, spec);

    /// <summary>What is said of a component.</summary>
    /// <param name="field">Its field in the spec, e.g. <c>sfcController</c>.</param>
    /// <param name="needsBlock">Whether it is deployed only when the spec has a block for it.</param>
    public ComponentSettings Component(string field, bool needsBlock = false)
    {
        var block = _spec[field] as JsonObject;
        return new ComponentSettings(
            block is null ? !needsBlock : (bool?)block["disable"] != true, (string?)block?["image"], (string?)block?["helmChart"]);
    }
}
