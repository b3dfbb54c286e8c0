using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Fleet;

/// <content>What a user applies, and what a user sees.</content>
internal sealed partial class FleetWorld
{
    private static readonly string[] UserKinds =
        ["DPUServiceIPAM", "DPUServiceInterface", "DPUServiceTemplate", "DPUServiceConfiguration", "DPUFlavor", "BFB"];

    private string DependenciesYaml => $$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: BFB
        metadata: {name: bf-bundle, namespace: {{Namespace}}}
        spec: {url: "{{_console.ImageAddress}}"}
        ---
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPUFlavor
        metadata: {name: flavor, namespace: {{Namespace}}}
        spec: {nvconfig: [{device: "*", parameters: [NUM_OF_VFS=46]}]}
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceTemplate
        metadata: {name: hbn, namespace: {{Namespace}}}
        spec:
          deploymentServiceName: hbn
          helmChart: {source: {repoURL: "https://charts.example", chart: hbn, version: 1.0.0} }
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceConfiguration
        metadata: {name: hbn, namespace: {{Namespace}}}
        spec:
          deploymentServiceName: hbn
          interfaces: [{name: p0_if, network: mybrhbn}]
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceInterface
        metadata: {name: p0, namespace: {{Namespace}}}
        spec: {template: {spec: {template: {metadata: {labels: {uplink: p0} }, spec: {interfaceType: physical, physical: {interfaceName: p0} } } } } }
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceIPAM
        metadata: {name: pool, namespace: {{Namespace}}}
        spec: {metadata: {labels: {pool: a} }, ipv4Subnet: {subnet: 10.0.0.0/12, gateway: 10.0.0.1, perNodeIPCount: 8} }
        """;

    private string DeploymentYaml => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUDeployment
        metadata: {name: fleet, namespace: {{Namespace}}}
        spec:
          dpus:
            bfb: bf-bundle
            flavor: flavor
            dpuSets:
            - nameSuffix: all
              nodeSelector: {matchLabels: {feature.node.kubernetes.io/dpu-enabled: "true"} }
              dpuSelector: { {{string.Join(", ", Enumerable.Range(0, _options.DpusPerHost).Select(c => $"{PciLabel(c)}: {PciOf(c)}"))}} }
          services:
            hbn: {serviceTemplate: hbn, serviceConfiguration: hbn}
          serviceChains:
          - ports:
            - serviceInterface: {matchLabels: {uplink: p0} }
            - service: {name: hbn, interface: p0_if, ipam: {matchLabels: {pool: a} } }
        """;

    private static string PciLabel(int card) => string.Create(CultureInfo.InvariantCulture, $"feature.node.kubernetes.io/dpu-{card}-pci-address");

    private static string PciOf(int card) => string.Create(CultureInfo.InvariantCulture, $"0000-{card + 3:x2}-00");

    /// <summary>Waits until all DPU clusters are ready.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        await UntilAsync(
            async () => (await Management.Admin.ListAsync<DpuCluster>(null, cancellation)).Where(c => c.Status?.Phase != "Ready")
                .Select(c => $"DPUCluster {c.Metadata.Name} is {c.Status?.Phase}"),
            cancellation);
        await UntilAsync(
            async () => (await Management.Admin.ListAsync<V1Node>(null, cancellation)).Where(n => n.Status?.Addresses is not { Count: > 0 })
                .Select(n => $"node {n.Metadata.Name} has not reported"),
            cancellation);
    }

    /// <summary>Applies a DPUDeployment and all that it refers to.</summary>
    public async Task DeployAsync(CancellationToken cancellation)
    {
        await Management.ApplyAsync(DependenciesYaml, cancellation);
        await Management.ApplyAsync(DeploymentYaml, cancellation);
    }

    /// <summary>Deletes everything that <see cref="DeployAsync"/> applied.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        await Management.Admin.DeleteAsync<DpuDeployment>(Namespace, "fleet", cancellation);
        foreach (var kind in UserKinds)
        {
            var version = kind is "BFB" or "DPUFlavor" ? "provisioning.dpu.nvidia.com/v1alpha1" : "svc.dpu.nvidia.com/v1alpha1";
            foreach (var value in await Management.Admin.ListAsync(version, kind, Namespace, cancellation))
            {
                await Management.Admin.DeleteAsync(version, kind, Namespace, (string)value["metadata"]!["name"]!, cancellation);
            }
        }
    }

    /// <summary>How many DPUs are in which phase, as their sets tell.</summary>
    public async Task<IReadOnlyDictionary<string, int>> PhasesAsync(CancellationToken cancellation) =>
        (await Management.Admin.ListAsync<DpuSet>(Namespace, cancellation)).SelectMany(s => s.Status?.DpuStatistics ?? [])
            .GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Sum(p => p.Value), StringComparer.Ordinal);

    /// <summary>What is missing for the deployment to be ready on every DPU; nothing when all is well.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(CancellationToken cancellation)
    {
        var dpus = await Management.Admin.ListAsync<Dpu>(Namespace, cancellation);
        List<string> missing = [];
        if (dpus.Count != _options.Dpus)
        {
            missing.Add(string.Create(CultureInfo.InvariantCulture, $"{dpus.Count} of {_options.Dpus} DPUs exist"));
        }

        missing.AddRange(dpus.Where(d => d.Status?.Phase != "Ready" || d.Status.Conditions.IsTrue("Ready") != true)
            .GroupBy(d => d.Status?.Phase ?? "").Select(g =>
                $"{g.Count()} DPUs are {g.Key}: {g.First().Metadata.Name}: {string.Join("; ", g.First().Status?.Conditions?.Where(c => c.Status != "True").Select(c => $"{c.Type} {c.Reason}: {c.Message}") ?? [])}"));
        if (missing.Count > 0)
        {
            return missing;
        }

        foreach (var (kind, conditions, generation, observed) in await ReportsAsync(cancellation))
        {
            if (generation != observed || !conditions.IsTrue("Ready"))
            {
                missing.Add($"{kind}: {string.Join("; ", conditions?.Where(c => c.Status != "True").Select(c => $"{c.Type}: {c.Message}") ?? ["no conditions"])}");
            }
        }

        return missing;
    }

    /// <summary>What is left of a deployment; nothing when all is gone.</summary>
    public async Task<IReadOnlyList<string>> LeftAsync(CancellationToken cancellation)
    {
        List<string> left = [];
        foreach (var (cluster, version, kind) in Kinds())
        {
            left.AddRange((await cluster.Admin.ListAsync(version, kind, null, cancellation))
                .Where(v => kind is not ("Node" or "Secret") || IsOurs(cluster, kind, v))
                .Select(v => $"{cluster.Name}: {kind} {v["metadata"]!["name"]}{(v["metadata"]!["deletionTimestamp"] is null ? "" : " (going)")}"));
        }

        return left;
    }

    /// <summary>Waits until nothing is said any more.</summary>
    /// <exception cref="TimeoutException">Something still was after the patience; the message is it.</exception>
    public async Task UntilAsync(Func<Task<IEnumerable<string>>> look, CancellationToken cancellation, TimeSpan? patience = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            List<string> said;
            try
            {
                said = [.. await look()];
            }
            catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException)
            {
                said = [e.Message];
            }

            if (said.Count == 0)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(began) > (patience ?? TimeSpan.FromMinutes(2)))
            {
                throw new TimeoutException(string.Join('\n', said.Take(10)));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellation);
        }
    }

    private static bool IsOurs(Clusters.FleetCluster cluster, string kind, System.Text.Json.Nodes.JsonObject value) => kind == "Node"
        ? cluster.Name != "management"
        : ((string)value["metadata"]!["name"]!) is var name &&
            (name.EndsWith("-server-secret", StringComparison.Ordinal) || name.StartsWith("bootstrap-token-", StringComparison.Ordinal));

    private IEnumerable<(Clusters.FleetCluster Cluster, string Version, string Kind)> Kinds()
    {
        foreach (var kind in (string[])["DPUDeployment", "DPUService", "DPUServiceChain", "DPUServiceInterface", "DPUServiceIPAM", "DPUServiceTemplate", "DPUServiceConfiguration"])
        {
            yield return (Management, "svc.dpu.nvidia.com/v1alpha1", kind);
        }

        foreach (var kind in (string[])["DPUSet", "DPU", "BFB", "DPUFlavor"])
        {
            yield return (Management, "provisioning.dpu.nvidia.com/v1alpha1", kind);
        }

        yield return (Management, "v1", "Pod");
        yield return (Management, "v1", "Secret");
        yield return (Management, "cert-manager.io/v1", "Certificate");
        yield return (Management, "maintenance.nvidia.com/v1alpha1", "NodeMaintenance");
        yield return (Management, "argoproj.io/v1alpha1", "Application");
        foreach (var cluster in DpuClusters)
        {
            foreach (var kind in (string[])["ServiceChain", "ServiceChainSet", "ServiceInterface", "ServiceInterfaceSet"])
            {
                yield return (cluster, "svc.dpu.nvidia.com/v1alpha1", kind);
            }

            yield return (cluster, "nv-ipam.nvidia.com/v1alpha1", "IPPool");
            yield return (cluster, "v1", "Node");
            yield return (cluster, "v1", "Secret");
        }
    }

    private async Task<IEnumerable<(string Kind, IList<V1Condition>? Conditions, long? Generation, long? Observed)>> ReportsAsync(CancellationToken cancellation)
    {
        var client = Management.Admin;
        return
        [
            .. (await client.ListAsync<DpuServiceInterface>(Namespace, cancellation)).Select(v => ($"DPUServiceInterface {v.Metadata.Name}", v.Status?.Conditions, v.Metadata.Generation, v.Status?.ObservedGeneration)),
            .. (await client.ListAsync<DpuServiceChain>(Namespace, cancellation)).Select(v => ($"DPUServiceChain {v.Metadata.Name}", v.Status?.Conditions, v.Metadata.Generation, v.Status?.ObservedGeneration)),
            .. (await client.ListAsync<DpuServiceIpam>(Namespace, cancellation)).Select(v => ($"DPUServiceIPAM {v.Metadata.Name}", v.Status?.Conditions, v.Metadata.Generation, v.Status?.ObservedGeneration)),
            .. (await client.ListAsync<DpuService>(Namespace, cancellation)).Select(v => ($"DPUService {v.Metadata.Name}", v.Status?.Conditions, v.Metadata.Generation, v.Status?.ObservedGeneration)),
            .. (await client.ListAsync<DpuDeployment>(Namespace, cancellation)).Select(v => ($"DPUDeployment {v.Metadata.Name}", v.Status?.Conditions, v.Metadata.Generation, v.Status?.ObservedGeneration)),
        ];
    }
}
