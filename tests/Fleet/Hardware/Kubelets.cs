using System.Net;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Pods;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Fleet.Hardware;

/// <summary>The scheduler and the kubelets of all hosts: binds the pods of provisioning, runs them, and reports each host's boot.</summary>
internal sealed class Kubelets(Machines machines, DmsServers servers, int execPort) : IComponent
{
    private static readonly InformerScope Pods = new(LabelSelector: "dpu.nvidia.com/component in (dms,hostnetwork)");
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(300);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Task.WhenAll(
            Controller.For<V1Pod>(cache, "kubelets", Pods).Workers(16)
                .Build((key, stop) => KeepAsync(cache, key, stop), context.Loggers, context.Time).RunAsync(cancellation),
            Controller.For<V1Node>(cache, "boots").Workers(16)
                .Source(add => machines.Booted += host => add(new NamespacedName(null, host.Name)))
                .Build((key, stop) => ReportAsync(cache, key, stop), context.Loggers, context.Time).RunAsync(cancellation));
    }

    private async Task<Result> KeepAsync(Cache cache, NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Pod>(Pods).Get(key.Namespace, key.Name) is not { } pod || PodPlacement.PlaceOf(pod) is not { } node || machines.Host(node) is not { } host)
        {
            return Result.Done;
        }

        var port = pod.Spec.Containers.SelectMany(c => c.Ports ?? []).FirstOrDefault(p => p.Name == "dms")?.ContainerPort;
        var place = port is { } number ? new IPEndPoint(IPAddress.Parse(host.Address), number) : null;
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            if (place is not null)
            {
                servers.End(place);
            }

            await cache.Client.DeleteAsync<V1Pod>(key.Namespace, key.Name, cancellation, gracePeriodSeconds: 0, uid: pod.Metadata.Uid);
            machines.Wrote();
            return Result.Done;
        }

        if (pod.Spec.NodeName is null)
        {
            await cache.Client.SendRawAsync(
                HttpMethod.Post, $"/api/v1/namespaces/{key.Namespace}/pods/{key.Name}/binding",
                new JsonObject
                {
                    ["apiVersion"] = "v1", ["kind"] = "Binding", ["metadata"] = new JsonObject { ["name"] = key.Name },
                    ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = node },
                },
                cancellation);
            machines.Wrote();
        }

        if (place is not null)
        {
            var secret = pod.Spec.Volumes.First(v => v.Secret is not null).Secret.SecretName;
            if (pod.Status?.Phase != "Running" && await cache.Client.GetAsync<V1Secret>(key.Namespace, secret, cancellation) is null)
            {
                return Result.RequeueAfter(Soon);
            }

            var card = pod.Metadata.OwnerReferences[0];
            if (machines.Card(card.Name) is { } mine)
            {
                servers.Run(place, mine, card.Uid);
            }
        }

        if (pod.Status?.Phase != "Running")
        {
            await cache.Client.PatchStatusAsync<V1Pod>(
                key.Namespace, key.Name,
                new JsonObject
                {
                    ["status"] = new JsonObject
                    {
                        ["phase"] = "Running",
                        ["podIP"] = host.Address,
                        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
                    },
                },
                cancellation);
            machines.Wrote();
        }

        return Result.Done;
    }

    private async Task<Result> ReportAsync(Cache cache, NamespacedName key, CancellationToken cancellation)
    {
        if (machines.Host(key.Name) is not { } host || cache.Informer<V1Node>().Get(null, key.Name) is not { } node ||
            (node.Status?.NodeInfo?.BootID == host.BootId && node.Status.Addresses?.Count > 0))
        {
            return Result.Done;
        }

        await cache.Client.PatchStatusAsync<V1Node>(
            null, key.Name,
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["addresses"] = new JsonArray(
                        new JsonObject { ["type"] = "InternalIP", ["address"] = host.Address },
                        new JsonObject { ["type"] = "Hostname", ["address"] = host.Name }),
                    ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = execPort } },
                    ["nodeInfo"] = new JsonObject
                    {
                        ["machineID"] = host.Name, ["systemUUID"] = host.Name, ["bootID"] = host.BootId, ["kernelVersion"] = "6.1.0",
                        ["osImage"] = "fleet", ["containerRuntimeVersion"] = "fleet://1", ["kubeletVersion"] = "v1.30.2",
                        ["kubeProxyVersion"] = "", ["operatingSystem"] = "linux", ["architecture"] = "amd64",
                    },
                    ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["reason"] = "KubeletReady", ["message"] = "" }),
                },
            },
            cancellation);
        machines.Wrote();
        return Result.Done;
    }
}
