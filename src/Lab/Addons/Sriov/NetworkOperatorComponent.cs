using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>Deploys Multus, the SR-IOV daemon and the device plugin as the policies say.</summary>
internal sealed class NetworkOperatorComponent : IComponent
{
    private const string Manager = "network-operator";
    private const string DefaultImage = "nvcr.io/nvidia/mellanox/sriov-network-operator:network-operator-24.7.0";

    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var ns = AddonHost.Namespace(context);
        var prefix = context.Option("resource-prefix", "nvidia.com")!;
        return AddonHost.RunAsync(
            context,
            (cache, stop) =>
            [
                Controller.For<NicClusterPolicy>(cache, "nic-cluster-policy").Owns<V1DaemonSet>()
                    .Watches<V1DaemonSet>(d => d.Metadata.Name == "kube-multus-ds"
                        ? cache.Informer<NicClusterPolicy>().All.Select(p => new NamespacedName(null, p.Metadata.Name))
                        : [])
                    .Build((key, c) => PolicyAsync(cache, key, ns, c), context.Loggers, context.Time).RunAsync(stop),
                Controller.For<SriovOperatorConfig>(cache, "sriov-operator").WatchesForAll<SriovNetworkNodePolicy>().Workers(1)
                    .Build((key, c) => SriovAsync(cache, key, ns, prefix, c), context.Loggers, context.Time).RunAsync(stop),
            ],
            cancellation);
    }

    private static async Task<Result> PolicyAsync(Cache cache, NamespacedName key, string ns, CancellationToken cancellation)
    {
        if (cache.Informer<NicClusterPolicy>().Get(null, key.Name) is not { } policy || policy.IsDeleting())
        {
            return Result.Done;
        }

        if (policy.Spec["secondaryNetwork"]?["multus"] is { } multus)
        {
            var set = NodeAgents.Multus(ns, multus);
            Own(set, policy.Metadata, "mellanox.com/v1alpha1", "NicClusterPolicy");
            await cache.Client.ApplyAsync(set, Manager, cancellation);
        }

        var daemons = cache.Informer<V1DaemonSet>().Get(ns, "kube-multus-ds")?.Status;
        var state = daemons is not null && daemons.DesiredNumberScheduled == daemons.NumberAvailable ? "ready" : "notReady";
        if ((string?)policy.Status?["state"] != state)
        {
            var applied = new JsonArray(new JsonObject { ["name"] = "state-multus-cni", ["state"] = state });
            await cache.Client.PatchStatusAsync<NicClusterPolicy>(
                null, key.Name, new JsonObject { ["status"] = new JsonObject { ["state"] = state, ["appliedStates"] = applied } }, cancellation);
        }

        return Result.Done;
    }

    private static async Task<Result> SriovAsync(Cache cache, NamespacedName key, string ns, string prefix, CancellationToken cancellation)
    {
        if (key.Name != "default" || cache.Informer<SriovOperatorConfig>().Get(key.Namespace, key.Name) is not { } config || config.IsDeleting())
        {
            return Result.Done;
        }

        List<JsonObject> wanted = [NodeAgents.ConfigDaemon(ns, DefaultImage, config.Spec["configDaemonNodeSelector"] as JsonObject)];
        var policies = cache.Informer<SriovNetworkNodePolicy>().All
            .Where(p => p.Metadata.NamespaceProperty == ns && !p.IsDeleting() && p.Metadata.Name != "default").Select(p => p.Spec).ToList();
        if (policies.Count > 0)
        {
            wanted.Add(NodeAgents.DevicePluginConfig(ns, prefix, policies));
            wanted.Add(NodeAgents.DevicePlugin(ns, DefaultImage, policies));
        }
        else
        {
            await cache.Client.DeleteAsync<V1DaemonSet>(ns, "sriov-device-plugin", cancellation);
        }

        foreach (var manifest in wanted)
        {
            Own(manifest, config.Metadata, "sriovnetwork.openshift.io/v1", "SriovOperatorConfig");
            await cache.Client.ApplyAsync(manifest, Manager, cancellation);
        }

        return Result.Done;
    }

    private static void Own(JsonObject manifest, V1ObjectMeta owner, string apiVersion, string kind) =>
        manifest["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = kind,
            ["name"] = owner.Name,
            ["uid"] = owner.Uid,
            ["controller"] = true,
            ["blockOwnerDeletion"] = true,
        });
}
