using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Netlink;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node;

/// <summary>What every kind of node agent works with.</summary>
public sealed class NodeContext : IAsyncDisposable
{
    private readonly Informer<V1Node> _nodes;
    private readonly Informer<V1Service> _services;
    private readonly Informer<V1EndpointSlice> _endpoints;

    /// <summary>Connects to the cluster.</summary>
    public NodeContext(ComponentContext component, OvnSettings settings, string node)
    {
        (Component, Settings, Node) = (component, settings, node);
        Client = settings.Connect(component);
        Cache = new Cache(Client, component.Time, component.Loggers);
        Kernel = new KernelNetwork(component.Machine);
        Pci = new PciDevices(component.Machine);
        Logger = component.Loggers.CreateLogger("ovnkube-node");
        _nodes = Cache.Informer<V1Node>();
        _services = Cache.Informer<V1Service>();
        _endpoints = Cache.Informer<V1EndpointSlice>();
    }

    /// <summary>The component's surroundings.</summary>
    public ComponentContext Component { get; }

    /// <summary>Its settings.</summary>
    public OvnSettings Settings { get; }

    /// <summary>The node in the cluster; on a DPU that of its host.</summary>
    public string Node { get; }

    /// <summary>The cluster.</summary>
    public KubeClient Client { get; }

    /// <summary>The cluster's objects.</summary>
    public Cache Cache { get; }

    /// <summary>The machine's interfaces.</summary>
    public KernelNetwork Kernel { get; }

    /// <summary>The machine's network functions.</summary>
    public PciDevices Pci { get; }

    /// <summary>The log.</summary>
    public ILogger Logger { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time => Component.Time;

    /// <summary>The node's annotations as last seen.</summary>
    public IDictionary<string, string> Annotations =>
        _nodes.Get(null, Node)?.Metadata.Annotations ?? new Dictionary<string, string>();

    /// <summary>The node's internal addresses, once the kubelet has told them.</summary>
    public IReadOnlyList<IpAddress> InternalAddresses =>
        [.. IpAddress.ParseAll((_nodes.Get(null, Node)?.Status?.Addresses ?? []).Where(a => a.Type == "InternalIP").Select(a => a.Address))];

    /// <summary>
    /// The pods: on a host with a DPU those of the node, elsewhere all, which the zone needs anyhow.
    /// </summary>
    public Informer<V1Pod> Pods => Cache.Informer<V1Pod>(
        Settings.Mode == NodeMode.DpuHost ? new InformerScope(FieldSelector: "spec.nodeName=" + Node) : null);

    /// <summary>The lease of the node's DPU.</summary>
    internal Health.DpuLease Lease => new(Settings.ConfigNamespace, Node, Settings.LeaseRenewInterval, Settings.LeaseDuration);

    /// <summary>The services as last seen.</summary>
    public IReadOnlyList<ZoneService> Services => ServiceFacts.Read(_services.All, _endpoints.All, Settings.Network);

    /// <summary>Those of them whose health the nodes tell balancers outside.</summary>
    public IReadOnlyList<ZoneService> HealthCheckedServices =>
        _services.All.Where(s => s.Spec.HealthCheckNodePort > 0).ToList() is { Count: > 0 } some ? ServiceFacts.Read(some, _endpoints.All, Settings.Network) : [];

    /// <summary>Writes those annotations of the node that differ.</summary>
    public async Task AnnotateAsync(IEnumerable<KeyValuePair<string, string?>> wanted, CancellationToken cancellation)
    {
        var now = Annotations;
        var changed = wanted.Where(w => NodeAnnotations.Plain(now, w.Key) != w.Value).ToList();
        if (changed.Count > 0)
        {
            await Client.AnnotateAsync<V1Node>(null, Node, changed, cancellation);
            Logger.LogInformation("node {Node}: {Annotations}", Node, string.Join(", ", changed.Select(c => $"{c.Key}={c.Value}")));
        }
    }

    /// <summary>Repeats a step until it gives something; says every half minute what it waits for.</summary>
    public async Task<T> WaitForAsync<T>(string what, Func<Task<T?>> step, CancellationToken cancellation)
        where T : class
    {
        for (var i = 0; ; i++)
        {
            if (await step() is { } value)
            {
                return value;
            }

            if (i % 60 == 10)
            {
                Logger.LogInformation("node {Node}: waiting for {What}", Node, what);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), Time, cancellation);
        }
    }

    /// <summary>Runs a step again and again; a failure is logged once per kind and tried again.</summary>
    /// <param name="what">The step, for the log.</param>
    /// <param name="interval">The time between two passes.</param>
    /// <param name="step">One pass.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="sooner">Begins the next pass before its time.</param>
    public async Task RepeatAsync(
        string what, TimeSpan interval, Func<CancellationToken, Task> step, CancellationToken cancellation, Signal? sooner = null)
    {
        sooner ??= new Signal();
        string? lastFailure = null;
        while (true)
        {
            try
            {
                await step(cancellation);
                lastFailure = null;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                if (lastFailure != e.Message)
                {
                    Logger.LogWarning("node {Node}: {What}: {Message}; trying again", Node, what, e.Message);
                    lastFailure = e.Message;
                }
            }

            await sooner.WaitAsync(interval, Time, cancellation);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Cache.DisposeAsync();
        Client.Dispose();
    }
}
