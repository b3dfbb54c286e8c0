using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Leases;

/// <summary>
/// Lets one of several replicas work at a time, by a Lease (coordination.k8s.io/v1). The holder renews it; when it has not been
/// renewed for its duration, as seen by the clock of whoever waits, it is free. A clean end gives it back at once.
/// </summary>
/// <param name="client">The cluster that the replicas run in.</param>
/// <param name="lease">The Lease.</param>
/// <param name="identity">Who asks; no two replicas may say the same.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told when leadership begins and ends.</param>
public sealed class LeaderElection(KubeClient client, NamespacedName lease, string identity, TimeProvider time, ILogger logger)
{
    private const string NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    private (string? Holder, DateTime? Renewed, long Seen) _observed = (null, null, 0);

    /// <summary>How long a lease holds without being renewed.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How often the holder renews it, and how often the others look.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// Runs a component's work: under a lease in its own namespace if it was told <c>--leader-elect</c>, else at once.
    /// </summary>
    public static async Task RunAsync(
        ComponentContext context, KubeClient client, string leaseName, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        if (context.Option("leader-elect") is null or "false")
        {
            await work(cancellation);
            return;
        }

        var ns = (await File.ReadAllTextAsync(context.Path(NamespaceFile), cancellation)).Trim();
        var election = new LeaderElection(
            client, new NamespacedName(ns, leaseName),
            $"{context.Variable("HOSTNAME", context.Machine.HostName)}_{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4))}",
            context.Time, context.Loggers.CreateLogger("leader-election"));
        await election.RunAsync(work, cancellation);
    }

    /// <summary>Waits for the lease, then works under it.</summary>
    /// <exception cref="TimeoutException">The lease could not be kept; the work has been cancelled.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        client.Vitals?.Metrics.Leads(lease.Name, false);
        while (!await TryHoldAsync(cancellation))
        {
            await Task.Delay(Period, time, cancellation);
        }

        logger.LogInformation("{Identity} leads ({Lease})", identity, lease);
        client.Vitals?.Metrics.Leads(lease.Name, true);
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = work(leading.Token);
        var keeping = KeepAsync(leading.Token);
        try
        {
            await Task.WhenAny(working, keeping);
        }
        finally
        {
            await leading.CancelAsync();
            await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            client.Vitals?.Metrics.Leads(lease.Name, false);
            await ReleaseAsync();
        }

        if (keeping.IsFaulted && !cancellation.IsCancellationRequested)
        {
            await keeping;
        }

        await working;
    }

    /// <summary>Takes or renews the lease; false while somebody else holds it.</summary>
    private async Task<bool> TryHoldAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        try
        {
            if (await client.GetAsync<V1Lease>(lease.Namespace, lease.Name, cancellation) is not { } present)
            {
                await client.CreateAsync(
                    new V1Lease
                    {
                        Metadata = new V1ObjectMeta { Name = lease.Name, NamespaceProperty = lease.Namespace },
                        Spec = Held(now, now, 0),
                    },
                    cancellation);
                return true;
            }

            var isOurs = present.Spec?.HolderIdentity == identity;
            if (!isOurs && !IsFree(present.Spec))
            {
                return false;
            }

            present.Spec = Held(
                isOurs ? present.Spec!.AcquireTime ?? now : now, now, (present.Spec?.LeaseTransitions ?? 0) + (isOurs ? 0 : 1));
            await client.UpdateAsync(present, cancellation);
            return true;
        }
        catch (KubeException e) when (e.IsConflict)
        {
            return false;
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException)
        {
            logger.LogWarning("{Lease}: {Message}", lease, e.Message);
            return false;
        }
    }

    /// <summary>Whether nobody holds the lease; clocks of different machines are never compared.</summary>
    private bool IsFree(V1LeaseSpec? spec)
    {
        if (string.IsNullOrEmpty(spec?.HolderIdentity))
        {
            return true;
        }

        if (_observed.Holder != spec.HolderIdentity || _observed.Renewed != spec.RenewTime)
        {
            _observed = (spec.HolderIdentity, spec.RenewTime, time.GetTimestamp());
        }

        return time.GetElapsedTime(_observed.Seen) >= TimeSpan.FromSeconds(spec.LeaseDurationSeconds ?? (int)Duration.TotalSeconds);
    }

    private V1LeaseSpec Held(DateTime acquired, DateTime renewed, int transitions) => new()
    {
        HolderIdentity = identity,
        AcquireTime = acquired,
        RenewTime = renewed,
        LeaseDurationSeconds = (int)Math.Ceiling(Duration.TotalSeconds),
        LeaseTransitions = transitions,
    };

    private async Task KeepAsync(CancellationToken cancellation)
    {
        var renewed = time.GetTimestamp();
        while (true)
        {
            await Task.Delay(Period, time, cancellation);
            if (await TryHoldAsync(cancellation))
            {
                renewed = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(renewed) > Duration * 2 / 3)
            {
                throw new TimeoutException($"lease {lease} could not be renewed; another replica may lead now");
            }
        }
    }

    private async Task ReleaseAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
            if (await client.GetAsync<V1Lease>(lease.Namespace, lease.Name, limit.Token) is { Spec: { } spec } present && spec.HolderIdentity == identity)
            {
                (spec.HolderIdentity, spec.LeaseDurationSeconds) = ("", 1);
                await client.UpdateAsync(present, limit.Token);
            }
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or OperationCanceledException)
        {
            logger.LogDebug("{Lease} is left to expire: {Message}", lease, e.Message);
        }
    }
}
