using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dms;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Dpus;

/// <summary>What the handlers of all DPUs work with.</summary>
internal sealed record DpuTools
{
    /// <summary>The management cluster.</summary>
    public required Cache Cache { get; init; }

    /// <summary>What the command line says.</summary>
    public required ProvisioningOptions Options { get; init; }

    /// <summary>The clusters of DPUs.</summary>
    public required DpuClusterAccess Clusters { get; init; }

    /// <summary>Gives DPUs to clusters.</summary>
    public required ClusterAllocator Allocator { get; init; }

    /// <summary>Reaches DMS.</summary>
    public required DmsDialer Dms { get; init; }

    /// <summary>What takes longer than one look.</summary>
    public required LongTasks Tasks { get; init; }

    /// <summary>Tells users what happens.</summary>
    public required EventRecorder Events { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The log.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Tokens to join DPU clusters with.</summary>
    public JoinTokens JoinTokens => field ??= new JoinTokens(Clusters, Time, Logger);

    /// <summary>Pods on hosts.</summary>
    public PodKeeper Pods => field ??= new PodKeeper(this);

    /// <summary>What is done to hosts meanwhile.</summary>
    public HostEffects Effects => field ??= new HostEffects(Cache);

    /// <summary>The API server.</summary>
    public KubeClient Client => Cache.Client;
}

/// <summary>One DPU, seen at one moment, with what belongs to it.</summary>
internal sealed class DpuScope(DpuTools tools, Dpu dpu)
{
    private DpuStatus? _reached;

    /// <summary>What there is to work with.</summary>
    public DpuTools Tools { get; } = tools;

    /// <summary>The DPU as it is, with what this look has reached; never changed in place.</summary>
    public Dpu Dpu { get; private set; } = dpu;

    /// <summary>The key.</summary>
    public NamespacedName Key { get; } = new(dpu.Metadata.NamespaceProperty, dpu.Metadata.Name);

    /// <summary>The host.</summary>
    public V1Node? Host => Tools.Cache.Informer<V1Node>().Get(null, Dpu.Spec.NodeName);

    /// <summary>The card's PCI address on the host; null when nobody said it.</summary>
    public PciAddress? Pci => PciAddress.Parse(Label(ProvisioningLabels.PciAddress)) ?? PciAddress.Parse(Dpu.Spec.PciAddress);

    /// <summary>The time.</summary>
    public DateTimeOffset Now => Tools.Time.GetUtcNow();

    /// <summary>The other DPUs in the same host.</summary>
    public IEnumerable<Dpu> Siblings => Tools.Cache.Informer<Dpu>().OnHost(Dpu.Spec.NodeName).Where(d => d.Metadata.Uid != Dpu.Metadata.Uid);

    /// <summary>The taints that keep workloads away from the host, for this DPU or another one of it: no obstacle for the DPU's own pods.</summary>
    public IReadOnlyList<NodeMark.MarkedTaint> HostTaints => NodeMark.TaintsOf(Host, Siblings.Append(Dpu).Select(d => d.Spec.NodeEffect));

    /// <summary>A label of the DPU.</summary>
    public string? Label(string name) => Dpu.Metadata.Labels?.TryGetValue(name, out var value) == true ? value : null;

    /// <summary>An annotation of the DPU.</summary>
    public string? Annotation(string name) => Dpu.Metadata.Annotations?.TryGetValue(name, out var value) == true ? value : null;

    /// <summary>A number in an annotation; 0 without one.</summary>
    public int Count(string name) => int.TryParse(Annotation(name), CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>How often a phase has been begun anew since it was reached.</summary>
    public int Attempts(string phase) => Annotation(ProvisioningLabels.PhaseAttempts) is { } text &&
        text.StartsWith(phase + "=", StringComparison.Ordinal) && int.TryParse(text[(phase.Length + 1)..], CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>A time in an annotation.</summary>
    public DateTimeOffset? Moment(string name) =>
        DateTimeOffset.TryParse(Annotation(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;

    /// <summary>A time as annotations write it.</summary>
    public static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Writes annotations (null removes one) before anything is done that they speak of.</summary>
    /// <exception cref="KubeException">The DPU changed meanwhile (409).</exception>
    public Task RecordAsync(CancellationToken cancellation, params IEnumerable<(string Name, string? Value)> annotations) => PatchAsync(
        new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = Map(annotations) } }, cancellation);

    /// <summary>Changes the DPU unless somebody else did since it was seen.</summary>
    /// <exception cref="KubeException">The DPU changed meanwhile (409).</exception>
    public async Task PatchAsync(JsonObject patch, CancellationToken cancellation)
    {
        if (patch["metadata"] is not JsonObject metadata)
        {
            patch["metadata"] = metadata = [];
        }

        metadata["resourceVersion"] = Dpu.Metadata.ResourceVersion;
        Dpu = await Tools.Client.PatchAsync<Dpu>(Key.Namespace, Key.Name, patch, cancellation);
        Dpu = _reached is null ? Dpu : With(_reached);
    }

    /// <summary>Goes on from a status that is saved when the look is over. Should that fail, the next look comes here again.</summary>
    public void Reach(DpuStatus status)
    {
        _reached = status;
        Dpu = With(status);
    }

    private Dpu With(DpuStatus status) =>
        new() { ApiVersion = Dpu.ApiVersion, Kind = Dpu.Kind, Metadata = Dpu.Metadata, Spec = Dpu.Spec, Status = status };

    /// <summary>Names and values as JSON.</summary>
    public static JsonObject Map(IEnumerable<(string Name, string? Value)> pairs) =>
        new(pairs.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)p.Value)));
}
