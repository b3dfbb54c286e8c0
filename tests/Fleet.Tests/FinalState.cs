using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Chaining;
using Dpf.Chaining.Ipam;
using k8s.Models;

namespace Dpf.Fleet.Tests;

/// <summary>What a world looks like once everything has settled, without what chance decides (uids, times, which cluster a DPU is in).</summary>
internal static class FinalState
{
    /// <summary>What it has to look like.</summary>
    public static string Expected(FleetOptions options)
    {
        var (dpus, each) = (options.Dpus, options.Dpus / options.Clusters);
        var cluster = string.Create(CultureInfo.InvariantCulture, $"{each} nodes, {2 * each} interfaces, {each} chains, {each} blocks of addresses, all alike; 0 tokens");
        return string.Join('\n', [
            string.Create(CultureInfo.InvariantCulture, $"{dpus} DPUs Ready, {2 * dpus} pods, {dpus} certificates with {dpus} secrets"),
            string.Create(CultureInfo.InvariantCulture, $"hosts: {options.Dpus / options.DpusPerHost}, without marks"),
            .. Enumerable.Repeat(cluster, options.Clusters),
        ]);
    }

    /// <summary>What it looks like.</summary>
    public static async Task<string> OfAsync(FleetWorld world, CancellationToken cancellation)
    {
        var management = world.Management.Admin;
        var dpus = await management.ListAsync<Dpu>(FleetWorld.Namespace, cancellation);
        var pods = await management.ListAsync<V1Pod>(FleetWorld.Namespace, cancellation);
        var certificates = await management.ListAsync("cert-manager.io/v1", "Certificate", FleetWorld.Namespace, cancellation);
        var secrets = (await management.ListAsync<V1Secret>(FleetWorld.Namespace, cancellation)).Count(s => s.Metadata.Name.EndsWith("-server-secret", StringComparison.Ordinal));
        var marked = (await management.ListAsync<V1Node>(null, cancellation)).Where(n => n.Spec?.Taints?.Count > 0 || n.Spec?.Unschedulable == true).Select(n => n.Metadata.Name).ToList();
        marked.AddRange((await management.ListAsync("maintenance.nvidia.com/v1alpha1", "NodeMaintenance", null, cancellation)).Select(m => $"NodeMaintenance {m["metadata"]!["name"]}"));
        List<string> lines =
        [
            string.Create(CultureInfo.InvariantCulture, $"{dpus.Count(d => d.Status?.Phase == "Ready")} DPUs Ready, {pods.Count} pods, {certificates.Count} certificates with {secrets} secrets"),
            string.Create(CultureInfo.InvariantCulture, $"hosts: {world.Machines.Hosts.Count}, {(marked.Count == 0 ? "without marks" : "marked: " + string.Join(", ", marked))}"),
        ];
        foreach (var cluster in world.DpuClusters)
        {
            var nodes = (await cluster.Admin.ListAsync<V1Node>(null, cancellation)).Select(n => n.Metadata.Name).ToHashSet();
            var interfaces = await cluster.Admin.ListAsync<ServiceInterface>(null, cancellation);
            var chains = await cluster.Admin.ListAsync<ServiceChain>(null, cancellation);
            var blocks = (await cluster.Admin.ListAsync<IpPool>(null, cancellation)).SelectMany(p => p.Status?.Allocations ?? []).ToList();
            var tokens = (await cluster.Admin.ListAsync<V1Secret>("kube-system", cancellation)).Count(s => s.Type == "bootstrap.kubernetes.io/token");
            var isAlike = interfaces.All(i => nodes.Contains(i.Spec.Node!) && AgentReport.IsReady(i)) &&
                chains.All(c => nodes.Contains(c.Spec.Node!) && AgentReport.IsReady(c)) &&
                blocks.All(b => nodes.Contains(b.NodeName!)) && blocks.Select(b => b.StartIp).Distinct().Count() == blocks.Count;
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{nodes.Count} nodes, {interfaces.Count} interfaces, {chains.Count} chains, {blocks.Count} blocks of addresses, {(isAlike ? "all alike" : "not all alike")}; {tokens} tokens"));
        }

        return string.Join('\n', lines);
    }
}
