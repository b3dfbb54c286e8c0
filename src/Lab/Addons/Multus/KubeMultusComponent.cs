using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Multus;

/// <summary>
/// Becomes the machine's first CNI configuration once there is a default network to fall back to, and answers the small plugin that
/// it installs over a unix socket.
/// </summary>
internal sealed class KubeMultusComponent : IComponent
{
    /// <summary>The command that takes a node's pods away from Multus, for good: until it starts anew.</summary>
    internal const string Leave = $"touch {Leaving} && rm -f {Configurations}/{Own}";

    private const string Folder = "/run/multus";
    private const string Socket = Folder + "/multus.sock";
    private const string State = "/var/lib/cni/multus";
    private const string Configurations = "/etc/cni/net.d";
    private const string Own = "00-multus.conf";
    private const string Leaving = Folder + "/leaving";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // The runtime's call goes to the agent: variables first, one a line, then the configuration. The answer's first line is the exit code.
    private const string Plugin = $$"""
        #!/bin/sh
        answer=$({ printf '%s\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_NETNS" "$CNI_IFNAME" "$CNI_ARGS" "$CNI_PATH"; cat; } |
          socat -t 120 - UNIX-CONNECT:{{Socket}} 2>/dev/null)
        if [ -z "$answer" ]; then
          [ "$CNI_COMMAND" = DEL ] && [ ! -e "{{State}}/$CNI_CONTAINERID.json" ] && exit 0
          printf '{"cniVersion":"0.4.0","code":11,"msg":"multus does not answer on {{Socket}}; is its pod running on this node?"}'
          exit 1
        fi
        code=$(printf '%s\n' "$answer" | head -n 1)
        printf '%s\n' "$answer" | tail -n +2
        exit "$code"

        """;

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var machine = context.Machine;
        using var client = context.InCluster();
        var logger = context.Loggers.CreateLogger("multus");
        Directory.CreateDirectory(machine.Path("/opt/cni/bin"));
        Directory.CreateDirectory(machine.Path(Folder));
        var plugin = machine.Path("/opt/cni/bin/multus-shim");
        await File.WriteAllTextAsync(plugin + ".new", Plugin, cancellation);
        File.SetUnixFileMode(plugin + ".new", (UnixFileMode)0b111_101_101);
        File.Move(plugin + ".new", plugin, overwrite: true);

        var networks = new PodNetworks(client, machine, () => Default(machine.Path(Configurations)), State);
        File.Delete(machine.Path(Socket));
        File.Delete(machine.Path(Leaving));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(machine.Path(Socket)));
        listener.Listen(64);
        var configuring = ConfigureAsync(context, logger, cancellation);
        try
        {
            while (true)
            {
                var connection = await listener.AcceptAsync(cancellation);
                _ = ServeAsync(connection, networks, logger, cancellation);
            }
        }
        finally
        {
            await configuring.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>The first configuration that is not this component's own.</summary>
    internal static (string Name, JsonObject Config)? Default(string folder)
    {
        var file = Directory.Exists(folder)
            ? Directory.GetFiles(folder).Where(f => Path.GetFileName(f) != Own && Path.GetExtension(f) is ".conf" or ".conflist" or ".json")
                .Where(f => Path.GetFileName(f) != Own).Order(StringComparer.Ordinal).FirstOrDefault()
            : null;
        return file is not null && JsonNode.Parse(File.ReadAllText(file)) is JsonObject config
            ? ((string?)config["name"] ?? Path.GetFileNameWithoutExtension(file), config)
            : null;
    }

    private static async Task ConfigureAsync(ComponentContext context, ILogger logger, CancellationToken cancellation)
    {
        var text = new JsonObject
        {
            ["cniVersion"] = "0.4.0",
            ["name"] = "multus-cni-network",
            ["type"] = "multus-shim",
        }.ToJsonString();
        while (true)
        {
            var folder = context.Machine.Path(Configurations);
            var own = Path.Combine(folder, Own);
            var leaving = context.Machine.Path(Leaving);
            if (!File.Exists(leaving) && !File.Exists(own) && Default(folder) is { } found)
            {
                await File.WriteAllTextAsync(own + ".new", text, cancellation);
                File.Move(own + ".new", own, overwrite: true);
                if (File.Exists(leaving))
                {
                    // It was told to leave between the look and the step.
                    File.Delete(own);
                    continue;
                }

                logger.LogInformation("default network {Name}; {File} written", found.Name, $"{Configurations}/{Own}");
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }

    private static async Task ServeAsync(Socket connection, PodNetworks networks, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var lines = new string[6];
            for (var i = 0; i < lines.Length; i++)
            {
                lines[i] = await reader.ReadLineAsync(cancellation) ?? "";
            }

            // To the end: a socket closed with unread input takes the answer with it.
            await reader.ReadToEndAsync(cancellation);
            var call = new CniCall(lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]);
            var (code, body) = await AnswerAsync(call, networks, logger, cancellation);
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{code}\n{body?.ToJsonString()}\n"), cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            logger.LogDebug("a caller went away: {Message}", e.Message);
        }
    }

    private static async Task<(int Code, JsonObject? Body)> AnswerAsync(
        CniCall call, PodNetworks networks, ILogger logger, CancellationToken cancellation)
    {
        var pod = $"{call.Argument("K8S_POD_NAMESPACE")}/{call.Argument("K8S_POD_NAME")}";
        try
        {
            var result = await networks.AnswerAsync(call, cancellation);
            logger.LogInformation("{Command} {Pod}", call.Command, pod);
            return (0, result);
        }
        catch (CniException e)
        {
            logger.LogWarning("{Command} {Pod}: {Message}", call.Command, pod, e.Message);
            return (1, e.Error);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogWarning("{Command} {Pod}: {Message}", call.Command, pod, e.Message);
            return (1, Delegation.Error(11, $"{call.Command} {pod}: {e.Message}"));
        }
    }
}
