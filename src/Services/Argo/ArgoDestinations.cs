using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Services.Applying;
using Dpf.Services.Clusters;
using k8s.Models;

namespace Dpf.Services.Argo;

/// <summary>Tells Argo CD of the DPU clusters: a Secret each, and two projects that may deploy.</summary>
internal sealed class ArgoDestinations(Cache management, DpuClusterLinks links) : IDisposable
{
    /// <summary>What this controller made.</summary>
    public static InformerScope Ours { get; } = new(LabelSelector: $"{ArgoObjects.ComponentLabel}={ArgoObjects.Component}");

    private readonly Informer<V1Secret> _secrets = management.Informer<V1Secret>(Ours);
    private readonly Informer<ArgoProject> _projects = management.Informer<ArgoProject>(Ours);
    private readonly Applier _applier = new("dpuservice-manager");
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>
    /// The name by which Argo CD knows a cluster. It stays for as long as Argo CD knows it: Applications under another name would
    /// be deployed beside those that are there.
    /// </summary>
    public string NameOf(DpuCluster cluster) =>
        _secrets.All.FirstOrDefault(s => s.Metadata.Name == ClusterSecret.NameOf(cluster.Metadata.NamespaceProperty, cluster.Metadata.Name)) is { } known &&
        ClusterSecret.DestinationIn(known) is { } name
            ? name
            : ClusterTargets.DestinationName(cluster, links.Clusters);

    /// <summary>Makes Argo CD know exactly the clusters that there are.</summary>
    /// <exception cref="KubeException">An object was refused.</exception>
    public async Task ReconcileAsync(DpfOperatorConfig config, CancellationToken cancellation)
    {
        // Every DPUService asks for it; whoever comes first does it.
        await _one.WaitAsync(cancellation);
        try
        {
            var ns = config.Metadata.NamespaceProperty;
            var owner = new V1OwnerReference
            {
                ApiVersion = config.ApiVersion,
                Kind = config.Kind,
                Name = config.Metadata.Name,
                Uid = config.Metadata.Uid,
                Controller = true,
                BlockOwnerDeletion = true,
            };
            foreach (var link in links.All.Where(l => l.Remote is not null))
            {
                var secret = ClusterSecret.Of(
                    link.Name, NameOf(link.Cluster), ns, link.Remote!.Client.Connection);
                secret.Metadata.OwnerReferences = [owner];
                await _applier.ApplyAsync(
                    management.Client, Applier.Json(secret), _secrets.Get(ns, secret.Metadata.Name), cancellation);
            }

            var destinations = links.Clusters.Select(NameOf).Order(StringComparer.Ordinal);
            await ApplyAsync(ArgoObjects.Project(ArgoObjects.DpuProject, ns, destinations), owner, cancellation);
            await ApplyAsync(ArgoObjects.Project(ArgoObjects.HostProject, ns, [ArgoObjects.InCluster]), owner, cancellation);
            await DeleteStaleAsync(ns, cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _one.Dispose();

    private async Task ApplyAsync(JsonObject project, V1OwnerReference owner, CancellationToken cancellation)
    {
        project["metadata"]!["ownerReferences"] = JsonNode.Parse(k8s.KubernetesJson.Serialize(new[] { owner }));
        var metadata = project["metadata"]!;
        await _applier.ApplyAsync(
            management.Client, project, _projects.Get((string?)metadata["namespace"], (string)metadata["name"]!), cancellation);
    }

    private async Task DeleteStaleAsync(string ns, CancellationToken cancellation)
    {
        var known = links.Clusters.Select(c => ClusterSecret.NameOf(c.Metadata.NamespaceProperty, c.Metadata.Name)).ToHashSet();
        foreach (var secret in _secrets.All.Where(s =>
            s.Metadata.NamespaceProperty == ns && s.Metadata.Labels.ContainsKey(ClusterSecret.TypeLabel) && !known.Contains(s.Metadata.Name)))
        {
            await management.Client.DeleteAsync<V1Secret>(ns, secret.Metadata.Name, cancellation);
        }
    }
}
