using System.Threading.Channels;
using Dpf.Api.Services;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Netlink;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Agent;

/// <summary>
/// Keeps one DPU's switch as the node's interfaces and chains say. It looks at everything on every change, so that an interface
/// that is deleted while the agent is away needs no finalizer: its port is simply no longer wanted.
/// </summary>
internal sealed class SfcAgent(ComponentContext context, KubeClient client, Cache cache, NodeSwitch ovs, string node, ILogger logger)
{
    // Whatever nobody tells of.
    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly NodeReports _reports = new(client);
    private string _lastFailure = "";
    private string _lastRefused = "";
    private IReadOnlyList<string>? _flows;
    private volatile bool _flowsMoved = true;

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Together.RunAsync(cancellation, KeepAsync, FollowFlowsAsync);

    private Task FollowFlowsAsync(CancellationToken cancellation) => ovs.FollowFlowsAsync(
        WantedPort.ServiceBridge,
        () =>
        {
            _flowsMoved = true;
            Signal();
        },
        cancellation);

    private async Task KeepAsync(CancellationToken cancellation)
    {
        var interfaces = cache.Informer<ServiceInterface>();
        var chains = cache.Informer<ServiceChain>();
        var pods = cache.Informer<V1Pod>(new InformerScope(FieldSelector: $"spec.nodeName={node}"));
        interfaces.Changed += _ => Signal();
        chains.Changed += _ => Signal();
        pods.Changed += _ => Signal();
        using var subscription = ovs.Client.Replica.Subscribe(_ => Signal());
        context.Vitals.Health.AddReadiness("switch", Problem);
        await cache.WaitForSyncAsync(cancellation);
        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        while (true)
        {
            var again = Drift;
            try
            {
                var refused = await PassAsync(
                    [.. interfaces.All.Where(i => i.Spec.Node == node && i.Metadata.DeletionTimestamp is null)],
                    [.. chains.All.Where(c => c.Spec.Node == node && c.Metadata.DeletionTimestamp is null)],
                    [.. pods.All],
                    cancellation);
                _lastFailure = "";
                again = TellRefused(string.Join("; ", refused)) ? Retry : Drift;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                again = Retry;
                if (_lastFailure != e.Message)
                {
                    _lastFailure = e.Message;
                    logger.LogWarning("{Node}: {Message}; trying again", node, e.Message);
                }
            }

            await ChangeWait.AnyAsync(_changed.Reader, again, context.Time, cancellation);
        }
    }

    private string? Problem() =>
        !ovs.Client.IsConnected ? "no connection to the switch's database" : _lastFailure.Length > 0 ? _lastFailure : null;

    // The switch is as it should be: only what is said of it is not, and that does not make the agent unready.
    private bool TellRefused(string refused)
    {
        if (_lastRefused != refused && refused.Length > 0)
        {
            logger.LogWarning("{Node}: reports that were refused: {Refused}; trying again", node, refused);
        }

        _lastRefused = refused;
        return refused.Length > 0;
    }

    private void Signal() => _changed.Writer.TryWrite(true);

    /// <summary>Makes the switch as the objects say and reports on them; the reports that were refused.</summary>
    private async Task<IReadOnlyList<string>> PassAsync(
        IReadOnlyList<ServiceInterface> interfaces, IReadOnlyList<ServiceChain> chains, IReadOnlyList<V1Pod> pods,
        CancellationToken cancellation)
    {
        var before = ovs.View;
        var plan = NodePlan.Of(interfaces, chains, pods, before);
        await RaiseAsync([.. plan.Ports.Where(p => p.Peer is null && !before.Ports.ContainsKey(p.Name)).Select(p => p.Name)], before, cancellation);
        if (await ovs.ApplyAsync(plan.Rows(before), cancellation) > 0)
        {
            logger.LogInformation("{Node}: ports: {Ports}", node, string.Join(", ", plan.Ports.Select(p => $"{p.Name} on {p.Bridge}")));

            // The rows as they are now; the switch gives new ports their numbers a moment later, which starts the next pass.
            plan = NodePlan.Of(interfaces, chains, pods, ovs.View);
        }

        // To ask for the flows is a process: only when they are to be others, or somebody changed them.
        var wanted = plan.Flows.Select(f => f.Write()).ToList();
        if (before.Bridges.Contains(WantedPort.ServiceBridge) && (_flowsMoved || _flows?.SequenceEqual(wanted, StringComparer.Ordinal) != true))
        {
            (_flowsMoved, _flows) = (false, null);
            var present = ChainFlow.Read(await ovs.DumpFlowsAsync(WantedPort.ServiceBridge, cancellation));
            var changes = ChainFlow.Changes(present, plan.Flows);
            if (changes.Count > 0)
            {
                await ovs.ChangeFlowsAsync(WantedPort.ServiceBridge, changes, cancellation);
                logger.LogInformation(
                    "{Node}: flows of {Chains} chains: {Flows}", node, plan.Chains.Count,
                    string.Join("; ", plan.Flows.Select(f => $"{f.From} to {string.Join('+', f.To)}")));
            }

            _flows = wanted;
        }

        return await _reports.WriteAsync(plan, interfaces, chains, cancellation);
    }

    /// <summary>A device that the system drives has to be up to carry frames.</summary>
    private async Task RaiseAsync(IReadOnlyCollection<string> ports, SwitchView view, CancellationToken cancellation)
    {
        if (ports.Count == 0 || view.Dpdk)
        {
            return;
        }

        // A device that is not there (yet): the switch says so itself.
        var kernel = new KernelNetwork(context.Machine);
        var down = kernel.Links().Where(l => !l.IsUp).Select(l => l.Name).Intersect(ports).ToList();
        await kernel.ApplyAsync(cancellation, [.. down.Select(name => new SetLink(name) { IsUp = true })]);
    }
}
