using System.Text.Json.Nodes;
using Dpf.Guide.Tracing;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Guide.Traffic;

/// <summary>How the flows are tested.</summary>
public sealed record FlowOptions
{
    /// <summary>The image of the pods: a shell, curl, ping and socat.</summary>
    public string Image { get; init; } = "docker.io/nicolaka/netshoot:v0.13";

    /// <summary>The node of the servers; null for the first worker.</summary>
    public string? Near { get; init; }

    /// <summary>The node of the far clients; null for the next worker.</summary>
    public string? Far { get; init; }

    /// <summary>An address outside that answers pings; null to leave those cases out.</summary>
    public string? Outside { get; init; }

    /// <summary>Whether everything is asked over IPv6.</summary>
    public bool Six { get; init; }

    /// <summary>How long the throughput of a case is measured.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a case may take to become as it should be: pods start, services and policies spread.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether pods and services stay afterwards.</summary>
    public bool Keep { get; init; }
}

/// <summary>Runs cases of the traffic-flow tests with pods of its own, and takes them away again.</summary>
/// <param name="client">The management cluster.</param>
/// <param name="clusters">The DPU clusters.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock.</param>
public sealed class FlowTest(KubeClient client, ClusterClients clusters, FlowOptions options, TimeProvider time)
{
    private const string Manager = "dpf-traffic";

    // Of the ranges kept for documentation (RFC 5737, RFC 3849): no network routes them, so that no real load balancer has them.
    private static readonly (FlowEnd Server, string Four, string Six)[] Spare =
        [(FlowEnd.Pod, "203.0.113.10", "2001:db8:203:113::10"), (FlowEnd.Host, "203.0.113.11", "2001:db8:203:113::11")];

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);
    private IReadOnlyDictionary<string, NodeSwitching> _switching = new Dictionary<string, NodeSwitching>();

    /// <summary>Runs cases one after another.</summary>
    /// <param name="cases">Which.</param>
    /// <param name="done">Told each result as it is known.</param>
    /// <param name="cancellation">Stops; what was made is taken away all the same.</param>
    /// <exception cref="FormatException">A node that was named is not there.</exception>
    /// <exception cref="TimeoutException">The pods did not become ready.</exception>
    public async Task<IReadOnlyList<FlowResult>> RunAsync(IReadOnlyList<FlowCase> cases, Action<FlowResult> done, CancellationToken cancellation)
    {
        var (near, far) = FlowNode.Choose(await client.ListAsync<V1Node>(null, cancellation), options.Near, options.Far, options.Six);
        var objects = new FlowObjects(near, far, options.Image, options.Six);
        _switching = await NodeSwitching.FindAsync(client, clusters, cancellation);
        try
        {
            foreach (var value in objects.All())
            {
                await client.ApplyAsync(value, Manager, cancellation);
            }

            await ReadyAsync(cancellation);
            var services = await ServicesAsync(cancellation);
            var results = new List<FlowResult>();
            foreach (var flow in cases)
            {
                var result = await CaseAsync(flow, near, far, services, cancellation);
                results.Add(result);
                done(result);
            }

            return results;
        }
        finally
        {
            if (!options.Keep)
            {
                await CleanUpAsync();
            }
        }
    }

    private async Task<FlowResult> CaseAsync(
        FlowCase flow, FlowNode near, FlowNode? far, IReadOnlyDictionary<FlowEnd, V1Service> services, CancellationToken cancellation)
    {
        var isFar = !flow.SameNode && flow.Server != FlowEnd.External;
        var from = flow.Server == FlowEnd.External ? FlowObjects.ClientOf(flow with { SameNode = true }) : FlowObjects.ClientOf(flow);
        if (isFar && far is null)
        {
            return new FlowResult(flow, FlowOutcome.Skipped, from, "", "needs a second node");
        }

        var probe = new FlowProbe(client, from, options.Duration);
        if (flow.Server == FlowEnd.External)
        {
            if (options.Outside is not { } outside)
            {
                return new FlowResult(flow, FlowOutcome.Skipped, from, "", "needs an address outside: --outside ADDRESS");
            }

            var (trip, reason) = await probe.PingAsync(outside, cancellation);
            return new FlowResult(flow, trip is null ? FlowOutcome.Failed : FlowOutcome.Ok, from, outside, reason, trip);
        }

        var server = await client.GetAsync<V1Pod>(FlowObjects.Namespace, flow.Server == FlowEnd.Pod ? FlowObjects.Server : FlowObjects.HostServer, cancellation);
        var (address, lacking) = FlowAddress.Find(flow, options.Six, near, server!, services[flow.Server]);
        if (address is null)
        {
            return new FlowResult(flow, FlowOutcome.Skipped, from, "", lacking);
        }

        var result = new FlowResult(flow, FlowOutcome.Ok, from, address.HelloAt, "");
        try
        {
            foreach (var policy in FlowObjects.Policies(flow.Policy))
            {
                await client.ApplyAsync(policy, Manager, cancellation);
            }

            return flow.IsAllowed
                ? await MeasureAsync(result, probe, address, isFar ? far! : near, near, cancellation)
                : await BlockedAsync(result, probe, address.HelloAt, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return result with { Outcome = FlowOutcome.Skipped, Detail = "AdminNetworkPolicy is not installed" };
        }
        finally
        {
            await LiftAsync(flow.Policy);
        }
    }

    private async Task<FlowResult> BlockedAsync(FlowResult result, FlowProbe probe, string hello, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (await probe.AnswersAsync(hello, cancellation))
        {
            if (time.GetElapsedTime(start) > options.Patience)
            {
                return result with { Outcome = FlowOutcome.Failed, Detail = "gets through, and should not" };
            }

            await Task.Delay(Poll, time, cancellation);
        }

        return result with { Detail = "blocked, as it should be" };
    }

    private async Task<FlowResult> MeasureAsync(
        FlowResult result, FlowProbe probe, FlowAddress address, FlowNode clientNode, FlowNode serverNode, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        (TimeSpan? Shortest, string Reason) handshake;
        while ((handshake = await probe.HandshakeAsync(address.HelloAt, cancellation)).Shortest is null)
        {
            if (time.GetElapsedTime(start) > options.Patience)
            {
                return result with { Outcome = FlowOutcome.Failed, Detail = handshake.Reason };
            }

            await Task.Delay(Poll, time, cancellation);
        }

        var counters = Counters(result.Case, clientNode, serverNode);
        var before = counters is null ? null : await counters.ReadAsync(cancellation);
        var (bytes, took, reason) = await probe.SendAsync(address.DataAt, cancellation);
        if (bytes == 0)
        {
            return result with { Outcome = FlowOutcome.Failed, Latency = handshake.Shortest, Detail = $"connects, but carries nothing: {reason}" };
        }

        var after = before is null ? null : await counters!.ReadAsync(cancellation);
        var proof = before is var (representor, hardware, host) && after is { } now
            ? new OffloadProof(result.Case.Client == FlowEnd.Pod ? clientNode.Name : serverNode.Name, bytes, now.Host - host, now.Representor - representor, now.Hardware - hardware)
            : null;
        return result with { Latency = handshake.Shortest, BitsPerSecond = bytes * 8 / took.TotalSeconds, Offload = proof };
    }

    /// <summary>The counters of the pod of a case: of the one that asks, else of the one that answers.</summary>
    private OffloadCounters? Counters(FlowCase flow, FlowNode clientNode, FlowNode serverNode)
    {
        // Towards or from a host its own network carries the payload, as it should.
        if (flow.Client != FlowEnd.Pod || flow.Server != FlowEnd.Pod || !_switching.TryGetValue(clientNode.Name, out var switching) || !switching.IsDpu)
        {
            return null;
        }

        return new OffloadCounters(client, switching, FlowObjects.ClientOf(flow), clientNode == serverNode ? FlowObjects.HostServer : "host-client");
    }

    private async Task ReadyAsync(CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var missing = (await client.ListAsync<V1Pod>(FlowObjects.Namespace, cancellation))
                .Where(pod => pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) != true).ToList();
            if (missing.Count == 0)
            {
                return;
            }

            if (time.GetElapsedTime(start) > options.Patience * 8)
            {
                throw new TimeoutException(
                    $"pods of {FlowObjects.Namespace} are not ready: {string.Join(", ", missing.Select(pod => pod.Metadata.Name))}; see kubectl describe pod -n {FlowObjects.Namespace}");
            }

            await Task.Delay(Poll, time, cancellation);
        }
    }

    /// <summary>The services with an outside address: that of the cluster's load balancer, else a spare one, which OVN serves from any pod or node.</summary>
    private async Task<IReadOnlyDictionary<FlowEnd, V1Service>> ServicesAsync(CancellationToken cancellation)
    {
        var all = new Dictionary<FlowEnd, V1Service>();
        foreach (var (server, four, six) in Spare)
        {
            var name = FlowObjects.ServiceOf(server);
            var service = (await client.GetAsync<V1Service>(FlowObjects.Namespace, name, cancellation))!;
            all[server] = service.Status?.LoadBalancer?.Ingress is { Count: > 0 }
                ? service
                : await client.PatchStatusAsync<V1Service>(
                    FlowObjects.Namespace, name,
                    new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = options.Six ? six : four }) } } },
                    cancellation);
        }

        return all;
    }

    private async Task LiftAsync(FlowPolicy policy)
    {
        foreach (var value in FlowObjects.Policies(policy))
        {
            try
            {
                await client.DeleteAsync(
                    (string)value["apiVersion"]!, (string)value["kind"]!, (string?)value["metadata"]!["namespace"], (string)value["metadata"]!["name"]!, CancellationToken.None);
            }
            catch (KubeException e) when (e.IsNotFound)
            {
                // The kind is not installed.
            }
        }
    }

    private async Task CleanUpAsync()
    {
        await LiftAsync(FlowPolicy.AdminDeny);
        await client.DeleteAsync<V1Namespace>(null, FlowObjects.Namespace, CancellationToken.None);
        var start = time.GetTimestamp();
        while (await client.GetAsync<V1Namespace>(null, FlowObjects.Namespace, CancellationToken.None) is not null && time.GetElapsedTime(start) < options.Patience)
        {
            await Task.Delay(Poll, time, CancellationToken.None);
        }
    }
}
