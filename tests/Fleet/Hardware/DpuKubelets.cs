using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Fleet.Hardware;

/// <summary>
/// The systems on the cards as one DPU cluster sees them: each joins once, with the token that it was given at its installation,
/// and only if the cluster still knows that token.
/// </summary>
internal sealed class DpuKubelets(Machines machines, Uri cluster) : IComponent
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Controller.For<V1Node>(cache, "dpu-kubelets").Workers(8)
            .Source(add =>
            {
                machines.Booted += host => Announce(add, host);
                foreach (var host in machines.Hosts)
                {
                    Announce(add, host);
                }
            })
            .Build((key, stop) => JoinAsync(cache, key, stop), context.Loggers, context.Time)
            .RunAsync(cancellation);
    }

    private static void Announce(Action<NamespacedName> add, Host host)
    {
        foreach (var card in host.Cards.Where(c => c.JoinCommand is not null))
        {
            add(Machines.KeyOf(card));
        }
    }

    private async Task<Result> JoinAsync(Cache cache, NamespacedName key, CancellationToken cancellation)
    {
        if (machines.Card(key.Name) is not { JoinCommand: { } command } card)
        {
            return Result.Done;
        }

        // kubeadm join <host:port> --token <id.secret> …
        var words = command.Split(' ');
        if (words[2] != cluster.Authority)
        {
            return Result.Done;
        }

        var token = words[Array.IndexOf(words, "--token") + 1].Split('.')[0];
        if (await cache.Client.GetAsync<V1Secret>("kube-system", "bootstrap-token-" + token, cancellation) is null)
        {
            return Result.RequeueAfter(Again);
        }

        try
        {
            await cache.Client.CreateAsync(Node(key.Name), cancellation);
            machines.Wrote();
        }
        catch (KubeException e) when (e.Reason == "AlreadyExists")
        {
            // Made before the answer was lost.
        }

        card.HasJoined = true;
        return Result.Done;
    }

    private static V1Node Node(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = name } },
        Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True", Reason = "KubeletReady", Message = "" }] },
    };
}
