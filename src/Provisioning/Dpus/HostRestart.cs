using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;

namespace Dpf.Provisioning.Dpus;

/// <summary>Restarts a host through the DMS pods of its DPUs.</summary>
internal static class HostRestart
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>
    /// Runs a choice's commands: what prepares a card in the pod of each, what takes the host down once. The last command usually
    /// does not live to tell how it went.
    /// </summary>
    /// <param name="client">The management cluster.</param>
    /// <param name="choice">What to do.</param>
    /// <param name="cards">The DPUs of the host; the last command goes to the pod of the first.</param>
    /// <param name="isNext">Told that the host is taken down next: from here on it must not be done twice.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">A command failed, or did not start; the message says what it printed, or why.</exception>
    public static async Task RunAsync(
        KubeClient client, RebootChoice choice, IReadOnlyList<(Dpu Dpu, PciAddress Pci)> cards, Func<Task> isNext, TimeProvider time,
        CancellationToken cancellation)
    {
        try
        {
            foreach (var (dpu, pci) in cards)
            {
                foreach (var words in choice.Words(pci).SkipLast(1))
                {
                    await RunAsync(client, dpu, words, time, cancellation);
                }
            }

            await isNext();
            await RunAsync(client, cards[0].Dpu, choice.Words(cards[0].Pci)[^1], time, cancellation);
        }
        catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or IOException or TimeoutException)
        {
            // The host went down under it, or is down already: the boot that its node reports will tell.
        }
    }

    private static async Task RunAsync(
        KubeClient client, Dpu dpu, IReadOnlyList<string> words, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => limit.Cancel(), null, Limit, Timeout.InfiniteTimeSpan);
        var pod = DpuNames.DmsPod(dpu);
        ExecResult result;
        try
        {
            result = await client.ExecAsync(dpu.Metadata.NamespaceProperty, pod, "dms", words, limit.Token);
        }
        catch (PodExecException e)
        {
            // Not the host that went down: it said so.
            throw new InvalidOperationException($"pod {pod}: '{string.Join(' ', words)}' did not start: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"pod {pod}: '{string.Join(' ', words)}' did not end in {Limit.TotalMinutes:0} minutes", e);
        }

        if (!result.Succeeded)
        {
            throw new InvalidOperationException(
                $"pod {pod}: '{string.Join(' ', words)}' exited with {result.ExitCode}: {(result.Error.Length > 0 ? result.Error : result.Output).Trim()}");
        }
    }
}
