using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Cni;

/// <summary>
/// A CNI plugin whose work an agent does: installs a small program for runtimes to call, and answers what it passes on.
/// </summary>
/// <param name="machine">The machine.</param>
/// <param name="name">The plugin's type.</param>
/// <param name="socket">Where the agent listens, a path on the machine.</param>
/// <param name="answer">Does the work; an answer without a result is fine for anything but ADD.</param>
/// <param name="logger">The log.</param>
internal sealed class PluginServer(
    IMachine machine, string name, string socket, Func<CniCall, CancellationToken, Task<JsonObject?>> answer, ILogger logger)
{
    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead |
        UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    // VERSION needs no agent. Everything else: the variables, an empty line, the configuration; back come "ok" or "error" and JSON.
    private string Program => $$"""
        #!/bin/sh
        if [ "$CNI_COMMAND" = VERSION ]; then
          echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.0","0.3.1","0.4.0"]}'
          exit 0
        fi
        reply=$({ env | grep '^CNI_'; echo; cat; } | socat -t 120 STDIO UNIX-CONNECT:{{socket}} 2>/dev/null)
        case "$reply" in
          ok*) printf '%s' "${reply#ok}"; exit 0 ;;
          error*) printf '%s' "${reply#error}"; exit 1 ;;
        esac
        echo '{"cniVersion":"0.4.0","code":11,"msg":"{{name}}: its agent does not answer at {{socket}}; is its pod running on this node?"}'
        exit 1

        """;

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await InstallAsync(cancellation);
        var path = machine.Path(socket);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(64);
        while (true)
        {
            var connection = await listener.AcceptAsync(cancellation);
            _ = ServeAsync(connection, cancellation);
        }
    }

    private async Task InstallAsync(CancellationToken cancellation)
    {
        var target = machine.Path($"{CniCall.PluginFolder}/{name}");
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await File.WriteAllTextAsync(target + ".new", Program, cancellation);
        File.SetUnixFileMode(target + ".new", Executable);
        File.Move(target + ".new", target, overwrite: true);
    }

    private async Task ServeAsync(Socket connection, CancellationToken cancellation)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
            var reply = await AnswerAsync(await reader.ReadToEndAsync(cancellation), cancellation);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(reply), cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            logger.LogDebug("{Plugin}: a caller went away: {Message}", name, e.Message);
        }
    }

    private async Task<string> AnswerAsync(string text, CancellationToken cancellation)
    {
        var about = name;
        try
        {
            var call = CniCall.Parse(text);
            about = $"{call.Command} {call.PodNamespace}/{call.PodName} {call.Interface}";
            var result = await answer(call, cancellation);
            logger.LogInformation("{Call}", about);
            return "ok" + result?.ToJsonString();
        }
        catch (CniException e)
        {
            logger.LogWarning("{Call}: {Message}", about, e.Message);
            return "error" + e.Answer.ToJsonString();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogWarning("{Call}: {Message}", about, e.Message);
            return "error" + new CniException(100, $"{about}: {e.Message}").Answer.ToJsonString();
        }
    }
}
