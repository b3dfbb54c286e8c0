using System.Text;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>Clusters that somebody else made: the user names the Secret with their kubeconfig.</summary>
internal sealed class StaticClusterManager(KubeClient client) : IClusterManager
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <inheritdoc />
    public string Type => "static";

    /// <inheritdoc />
    public async Task<ClusterReport> ReconcileAsync(DpuCluster cluster, CancellationToken cancellation)
    {
        if (cluster.Spec.Kubeconfig is not { Length: > 0 } name)
        {
            return Report(new(ClusterContract.Created, false, "EmptyKubeconfig", "spec.kubeconfig is empty"), null);
        }

        var secret = await client.GetAsync<V1Secret>(cluster.Metadata.NamespaceProperty, name, cancellation);
        return Report(Judge(name, secret), Interval);
    }

    /// <inheritdoc />
    public Task<bool> CleanUpAsync(DpuCluster cluster, CancellationToken cancellation) => Task.FromResult(true);

    /// <summary>Whether a Secret is one that a cluster can be reached with.</summary>
    internal static ClusterFact Judge(string name, V1Secret? secret)
    {
        if (secret is null)
        {
            return new(ClusterContract.Created, false, "SecretNotFound", $"there is no Secret {name} in this namespace");
        }

        if (secret.Data?.TryGetValue("admin.conf", out var data) != true)
        {
            return new(ClusterContract.Created, false, "InvalidKubeconfig", $"Secret {name} has no key admin.conf");
        }

        try
        {
            KubeConnection.FromKubeconfig(Encoding.UTF8.GetString(data!));
            return new(ClusterContract.Created, true, ClusterContract.Created);
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            return new(ClusterContract.Created, false, "InvalidKubeconfig", $"Secret {name}: {e.Message}");
        }
    }

    // Secrets are not watched: the manager may read them only one by one.
    private static ClusterReport Report(ClusterFact fact, TimeSpan? again) => new(null, [fact], fact.Holds ? again : again / 10);
}
