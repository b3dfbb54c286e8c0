using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Flavors;
using Dpf.Runtime.Dms;
using Grpc.Core;
using k8s.Models;

namespace Dpf.Provisioning.Dms;

/// <summary>
/// Installs one DPU through its DMS. Safe to start again at any moment: images that are there are not sent again, and when DMS has
/// been told to install before, it is asked how far it is instead of being told again.
/// </summary>
internal sealed class Installation(DpuTools tools, Dpu dpu, V1Pod pod, Bfb image, DpuFlavorSpec flavor, bool rebootsItself)
{
    private static readonly TimeSpan LeastLimit = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    /// <summary>How long it may take: longer than DMS itself may; for ever if DMS may.</summary>
    private TimeSpan Limit => tools.Options.DmsTimeout == TimeSpan.Zero ? Timeout.InfiniteTimeSpan
        : tools.Options.DmsTimeout + Margin > LeastLimit ? tools.Options.DmsTimeout + Margin : LeastLimit;

    private string ConfigurationPath => Path.Combine(tools.Options.BfbFolder, DpuNames.Configuration(dpu));

    /// <summary>Runs to the end.</summary>
    /// <exception cref="DmsException">DMS says that it failed, or it took too long.</exception>
    /// <exception cref="RpcException">DMS does not answer.</exception>
    /// <exception cref="HttpRequestException">An API server is not reached.</exception>
    /// <exception cref="TimeoutException">An API server does not answer.</exception>
    public async Task RunAsync(Action<string> say, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = tools.Time.CreateTimer(_ => limit.Cancel(), null, Limit, Timeout.InfiniteTimeSpan);
        try
        {
            using var dms = await tools.Dms.ConnectAsync(dpu, pod, limit.Token);
            if (!await IsActivatedAsync(dms, limit.Token))
            {
                await TransferAsync(dms, say, limit.Token);
                await RecordAsync(InstallSteps.Activating, limit.Token);
                say("DMS installs the system");
                await ActivateAsync(dms, limit.Token);
            }

            say("waiting for the new system to boot");
            await BootedAsync(dms, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DmsException($"the installation took longer than {Limit.TotalMinutes:0} minutes");
        }
        finally
        {
            // It holds a secret, and whoever installs again writes it again. Cancelled, it may still be read: another run goes on.
            if (!cancellation.IsCancellationRequested)
            {
                File.Delete(ConfigurationPath);
            }
        }
    }

    /// <summary>Whether an earlier run told DMS to install, and DMS knows of it.</summary>
    private async Task<bool> IsActivatedAsync(DmsClient dms, CancellationToken cancellation)
    {
        if (dpu.Metadata.Annotations?.TryGetValue(ProvisioningLabels.InstallStep, out var step) != true || step != InstallSteps.Activating)
        {
            return false;
        }

        var status = await dms.RebootStatusAsync(cancellation);
        return status.Active || status.Outcome == RebootOutcome.Success;
    }

    private async Task TransferAsync(DmsClient dms, Action<string> say, CancellationToken cancellation)
    {
        say("the card is put into DPU mode");
        await dms.SetDpuModeAsync(cancellation);
        var file = BfbFiles.NameOf(image);
        say($"{file} is made known to DMS");
        await dms.InstallAsync(file, () => File.OpenRead(Path.Combine(tools.Options.BfbFolder, file)), cancellation);

        // A node that the system before left there, or put back after it had been removed, would pass for the new one.
        var cluster = await tools.Clusters.OfAsync(dpu, cancellation);
        await cluster.Client.DeleteAsync<V1Node>(null, dpu.Metadata.Name, cancellation);
        say("a token of the DPU cluster is made");
        var join = await tools.JoinTokens.CreateCommandAsync(dpu, cancellation);
        var configuration = BfCfg.Render(new BfCfgFacts(flavor, dpu.Metadata.Name, join, rebootsItself));

        // One of that name that is there already would be taken for this one.
        File.Delete(ConfigurationPath);
        say("the configuration is given to DMS");
        await dms.InstallAsync(
            DpuNames.Configuration(dpu), () => new MemoryStream(Encoding.UTF8.GetBytes(configuration), writable: false), cancellation);
        if (File.Exists(ConfigurationPath))
        {
            File.SetUnixFileMode(ConfigurationPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private async Task ActivateAsync(DmsClient dms, CancellationToken cancellation)
    {
        try
        {
            await dms.ActivateAsync(BfbFiles.NameOf(image), DpuNames.Configuration(dpu), cancellation);
        }
        catch (RpcException) when (!cancellation.IsCancellationRequested)
        {
            // The answer may have been lost after DMS began.
            if (!(await dms.RebootStatusAsync(cancellation)).Active)
            {
                throw;
            }
        }
    }

    private async Task BootedAsync(DmsClient dms, CancellationToken cancellation)
    {
        var heard = tools.Time.GetTimestamp();
        while (true)
        {
            try
            {
                var status = await dms.RebootStatusAsync(cancellation);
                heard = tools.Time.GetTimestamp();
                if (!status.Active)
                {
                    if (status.Outcome == RebootOutcome.Success)
                    {
                        return;
                    }

                    throw new DmsException(status.Outcome == RebootOutcome.Unknown
                        ? "DMS knows nothing of the installation any more: it was started anew"
                        : $"DMS: {(status.Message.Length > 0 ? status.Message : status.Reason)}");
                }
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded &&
                tools.Time.GetElapsedTime(heard) < Silence)
            {
                // A moment without an answer is not an end.
            }

            await Task.Delay(Look, tools.Time, cancellation);
        }
    }

    private Task RecordAsync(string step, CancellationToken cancellation) => tools.Client.PatchAsync<Dpu>(
        dpu.Metadata.NamespaceProperty, dpu.Metadata.Name,
        new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = dpu.Metadata.Uid,
                ["annotations"] = new JsonObject { [ProvisioningLabels.InstallStep] = step },
            },
        },
        cancellation);
}
