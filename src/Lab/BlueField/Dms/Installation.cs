using System.Text.RegularExpressions;
using Dpf.Runtime.Dms;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.BlueField.Dms;

/// <summary>
/// The installation of a card: at most one at a time, in the background, asked about as gNOI asks about a reboot. It ends with its
/// server, as pushing an image through the host's rshim does.
/// </summary>
/// <param name="install">Installs the card with a bf.cfg; returns when the new system has booted.</param>
/// <param name="limit">How long that may take.</param>
/// <param name="logger">Told when one begins and ends.</param>
/// <param name="time">The clock.</param>
/// <param name="lifetime">Ends with the server.</param>
internal sealed partial class Installation(
    Func<string, CancellationToken, Task> install, TimeSpan limit, ILogger logger, TimeProvider time, CancellationToken lifetime)
{
    private readonly Lock _lock = new();
    private string _version = "";
    private Task<string?>? _running;

    /// <summary>
    /// Starts to install a version, unless that is what goes on. Returns null, or why not: another version goes on.
    /// </summary>
    public string? Begin(string version, string configuration)
    {
        lock (_lock)
        {
            if (_running is { IsCompleted: false })
            {
                return version == _version ? null : $"{_version} is being installed; wait until that is over";
            }

            (_version, _running) = (version, Task.Run(() => RunAsync(version, configuration), CancellationToken.None));
            return null;
        }
    }

    /// <summary>How far it is.</summary>
    public RebootStatusResponse Status()
    {
        lock (_lock)
        {
            return _running switch
            {
                null => new RebootStatusResponse(false, "", RebootOutcome.Unknown, "nothing has been activated"),
                { IsCompleted: false } => new RebootStatusResponse(true, $"{_version} is being installed", RebootOutcome.Unknown, ""),
#pragma warning disable VSTHRD002, MA0042 // Completed.
                { Result: { } failure } => new RebootStatusResponse(false, "", RebootOutcome.Failure, failure),
#pragma warning restore VSTHRD002, MA0042
                _ => new RebootStatusResponse(false, "", RebootOutcome.Success, $"{_version} is installed"),
            };
        }
    }

    /// <summary>Waits until nothing goes on.</summary>
    public Task EndAsync() => _running ?? Task.CompletedTask;

    /// <summary>Hides join tokens and password hashes: what a shell says about a line of a bf.cfg may quote it.</summary>
    internal static string Masked(string text) => Secrets().Replace(text, "***");

    private async Task<string?> RunAsync(string version, string configuration)
    {
        logger.LogInformation("{Version}: installing", version);
        using var deadline = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime, deadline.Token);
        try
        {
            await install(configuration, stop.Token);
            logger.LogInformation("{Version}: installed", version);
            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            var failure = lifetime.IsCancellationRequested ? "DMS ended" : $"it took longer than the {limit.TotalSeconds:0} s of --exec-timeout";
            logger.LogWarning("{Version}: not installed: {Failure}", version, failure);
            return failure;
        }
        catch (Exception e)
        {
            var failure = Masked(e.Message);
            logger.LogWarning("{Version}: not installed: {Failure}", version, failure);
            return failure;
        }
    }

    [GeneratedRegex(@"\b[a-z0-9]{6}\.[a-z0-9]{16}\b|\$[0-9a-z]+\$[^\s'""]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Secrets();
}
