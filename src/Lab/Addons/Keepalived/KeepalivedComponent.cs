using System.Text.RegularExpressions;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Keepalived;

/// <summary>
/// Runs the machine's keepalived with the configuration that is mounted into the container; <c>${NAME}</c> in it is the
/// container's environment variable.
/// </summary>
internal sealed partial class KeepalivedComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var source = context.Option("config", "/usr/local/etc/keepalived/keepalived.conf")!;
        var folder = $"/run/keepalived/{context.Variable("POD_NAME", "keepalived")}";
        Directory.CreateDirectory(context.Machine.Path(folder));
        var text = await File.ReadAllTextAsync(context.Path(source), cancellation);
        await File.WriteAllTextAsync(context.Machine.Path($"{folder}/keepalived.conf"), Substitute(text, context.Environment), cancellation);

        // A process file of an instance that was killed would keep the next one from starting.
        foreach (var stale in new[] { "keepalived.pid", "vrrp.pid" })
        {
            File.Delete(context.Machine.Path($"{folder}/{stale}"));
        }

        await using var process = context.Machine.Start(new MachineCommand(
            "keepalived", "--dont-fork", "--log-console", "--vrrp", "--use-file", $"{folder}/keepalived.conf",
            "--pid", $"{folder}/keepalived.pid", "--vrrp_pid", $"{folder}/vrrp.pid")
        {
            LogPath = $"{folder}/keepalived.log",
        });
        context.Loggers.CreateLogger("keepalived").LogInformation("keepalived runs as process {Id}", process.Id);
        var code = await process.Exited.WaitAsync(cancellation);
        throw new InvalidOperationException(
            $"keepalived on {context.Machine.HostName} ended with {code}; see {folder}/keepalived.log on that machine");
    }

    /// <summary>Replaces <c>${NAME}</c> and <c>$NAME</c> of known variables.</summary>
    internal static string Substitute(string text, IReadOnlyDictionary<string, string> variables) =>
        Variable().Replace(text, match => variables.TryGetValue(match.Groups[1].Value, out var value) ? value : match.Value);

    [GeneratedRegex(@"\$\{?([A-Z][A-Z0-9_]*)\}?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Variable();
}
