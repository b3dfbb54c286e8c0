using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;

namespace Dpf.Lab.Addons;

/// <summary>What an add-on that is a set of controllers needs: its cluster and the local copies of its kinds.</summary>
internal static class AddonHost
{
    /// <summary>Runs controllers against the component's own cluster; the first that ends ends all.</summary>
    public static async Task RunAsync(
        ComponentContext context, Func<Cache, CancellationToken, IEnumerable<Task>> start, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Together.RunAsync(stop => start(cache, stop), cancellation);
    }

    /// <summary>The namespace that the component's pod runs in.</summary>
    public static string Namespace(ComponentContext context)
    {
        const string file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
        return context.Variable("POD_NAMESPACE") ?? File.ReadAllText(context.Path(file)).Trim();
    }

    /// <summary>The node that the component's pod runs on.</summary>
    public static string Node(ComponentContext context) =>
        context.Variable("NODE_NAME") ?? context.Machine.HostName;
}
