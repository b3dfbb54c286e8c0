using System.Threading.Channels;
using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Dns;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Informers;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Zone.Applying;

/// <summary>
/// Runs one zone: gives its pods their addresses and keeps its databases at what the cluster says. Every change that the rows may
/// follow from (<see cref="ZoneNews"/>) leads to the same whole pass; changes that come during one fall together into the next.
/// </summary>
public sealed class ZoneController
{
    private static readonly TimeSpan Resync = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly string _zone;
    private readonly ClusterNetwork _network;
    private readonly ZoneDatabases _databases;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PodAllocation _allocation;
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Informer<V1Node> _nodes;
    private readonly Informer<V1Pod> _pods;
    private readonly Informer<V1Service> _services;
    private readonly Informer<V1EndpointSlice> _endpoints;
    private readonly Informer<V1NetworkPolicy> _policies;
    private readonly Informer<V1Namespace> _namespaces;
    private readonly Informer<AdminNetworkPolicy> _adminPolicies;
    private readonly Informer<BaselineAdminNetworkPolicy> _baselines;
    private readonly Informer<EgressFirewall> _firewalls;
    private readonly Informer<EgressIp> _egressIps;
    private readonly NameAddresses _names;
    private readonly PolicyReports _reports;

    /// <summary>A controller of a zone.</summary>
    /// <param name="zone">The zone: its node's name.</param>
    /// <param name="network">The cluster's networks.</param>
    /// <param name="cache">The cluster's objects.</param>
    /// <param name="databases">The zone's databases.</param>
    /// <param name="forwarder">Who is asked for the addresses of names in policies.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public ZoneController(
        string zone, ClusterNetwork network, Cache cache, ZoneDatabases databases, DnsForwarder forwarder, TimeProvider time, ILogger logger)
    {
        _names = new NameAddresses(forwarder, [.. network.Families.Select(f => f.Family)], time, () => _work.Writer.TryWrite(true));
        (_zone, _network, _databases, _time, _logger) = (zone, network, databases, time, logger);
        _allocation = new PodAllocation(zone, network, cache.Client, time, logger);
        _reports = new PolicyReports(zone, cache.Client, time);
        _nodes = Watch<V1Node>(cache, ZoneNews.IsNews);
        _pods = Watch<V1Pod>(cache, ZoneNews.IsNews);
        _services = Watch<V1Service>(cache);
        _endpoints = Watch<V1EndpointSlice>(cache);
        _policies = Watch<V1NetworkPolicy>(cache);
        _namespaces = Watch<V1Namespace>(cache);
        _adminPolicies = Watch<AdminNetworkPolicy>(cache, static (before, after) => ZoneNews.IsNews(before?.Metadata, after?.Metadata));
        _baselines = Watch<BaselineAdminNetworkPolicy>(cache, static (before, after) => ZoneNews.IsNews(before?.Metadata, after?.Metadata));
        _firewalls = Watch<EgressFirewall>(cache, static (before, after) => ZoneNews.IsNews(before?.Metadata, after?.Metadata));
        _egressIps = Watch<EgressIp>(cache);
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var names = _names.RunAsync(stop.Token);
        try
        {
            await ReconcileAsync(stop.Token);
        }
        finally
        {
            await stop.CancelAsync();
            await names.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellation)
    {
        // Without all of them a pass would take away what it does not know of yet.
        await Task.WhenAll(
            _nodes.Synced, _pods.Synced, _services.Synced, _endpoints.Synced, _policies.Synced, _namespaces.Synced,
            _adminPolicies.Synced, _baselines.Synced, _firewalls.Synced, _egressIps.Synced)
            .WaitAsync(cancellation);

        // The first pass is before any answer.
        await _databases.North.WaitUntilSyncedAsync(cancellation);
        _names.Remember(NameSets.Read(_databases.North.Replica.Current));

        // Remote ports appear in the southbound database a moment after northd has seen them.
        using var southbound = _databases.South.Replica.Subscribe(change =>
        {
            if (change.Rows.Any(r => r.Before is null && r.Table is "Port_Binding" or "Chassis"))
            {
                _work.Writer.TryWrite(true);
            }
        });
        await using var timer = _time.CreateTimer(_ => _work.Writer.TryWrite(true), null, TimeSpan.Zero, Resync);
        await foreach (var _ in _work.Reader.ReadAllAsync(cancellation))
        {
            try
            {
                await PassAsync(cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                _logger.LogWarning("zone {Zone}: {Message}; again in {Delay} s", _zone, e.Message, Retry.TotalSeconds);
                await Task.Delay(Retry, _time, cancellation);
                _work.Writer.TryWrite(true);
            }
        }
    }

    private Informer<T> Watch<T>(Cache cache, Func<T?, T?, bool>? isNews = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var informer = cache.Informer<T>();
        informer.Changed += change =>
        {
            if (isNews?.Invoke(change.Before, change.After) != false)
            {
                _work.Writer.TryWrite(true);
            }
        };
        return informer;
    }

    private async Task PassAsync(CancellationToken cancellation)
    {
        var cluster = new ClusterObjects
        {
            Nodes = _nodes.All,
            Pods = _pods.All,
            Services = _services.All,
            Endpoints = _endpoints.All,
            Policies = _policies.All,
            Namespaces = _namespaces.All,
            AdminPolicies = _adminPolicies.All,
            Baselines = _baselines.All,
            EgressFirewalls = _firewalls.All,
            EgressIps = _egressIps.All,
        };
        cluster = cluster with { Names = _names.Of(PolicyNames.Of(cluster.EgressFirewalls, cluster.AdminPolicies)) };
        IReadOnlyList<string> withoutAddress = [];
        if (ClusterFacts.Local(_zone, _network, cluster.Nodes) is { } local)
        {
            (var given, withoutAddress) = await _allocation.GiveAsync(local, cluster.Pods, cancellation);
            cluster = cluster with { Given = given };
        }

        // Only now: a port without the groups that its policies are about would be open until the next pass.
        var facts = ClusterFacts.Read(_zone, _network, cluster);
        var changes = await _databases.ApplyAsync(facts, cancellation);
        if (changes > 0)
        {
            _logger.LogDebug("zone {Zone}: {Changes} changes", _zone, changes);
        }

        await _reports.WriteAsync(cluster, cancellation);
        if (withoutAddress.Count > 0)
        {
            // Only now: whoever has an address does not wait for those that have none.
            throw new InvalidOperationException($"{withoutAddress.Count} without an address: {withoutAddress[0]}");
        }
    }
}
