using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Services.Clusters;

/// <summary>Namespaces in DPU clusters: made when something goes there, never deleted, because others may use them.</summary>
internal static class RemoteNamespaces
{
    /// <summary>Makes a namespace unless it is there.</summary>
    public static async Task EnsureAsync(RemoteCluster remote, string ns, CancellationToken cancellation)
    {
        if (remote.Cache.Informer<V1Namespace>().Get(null, ns) is not null)
        {
            return;
        }

        try
        {
            await remote.Client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = ns } }, cancellation);
        }
        catch (KubeException e) when (e.IsConflict)
        {
            // It is there; the cache will see it.
        }
    }
}
