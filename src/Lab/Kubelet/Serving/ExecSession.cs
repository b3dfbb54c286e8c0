using System.Net.WebSockets;
using Dpf.Lab.Kubelet.Containers;
using Dpf.Runtime.Machines;
using Microsoft.AspNetCore.Http;

namespace Dpf.Lab.Kubelet.Serving;

/// <summary>One command in a container, its streams on a WebSocket.</summary>
internal static class ExecSession
{
    /// <summary>Serves <c>/exec</c>.</summary>
    public static async Task RunAsync(NodeContext node, IRunningContainer container, HttpContext http)
    {
        var query = http.Request.Query;
        var command = query["command"].Where(c => c is not null).Select(c => c!).ToList();
        if (command.Count == 0 || !http.WebSockets.IsWebSocketRequest)
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync(
                command.Count == 0 ? "you must specify at least 1 command for the container" : "exec needs a WebSocket (v5.channel.k8s.io)", http.RequestAborted);
            return;
        }

        var protocol = ChannelSocket.Protocols.FirstOrDefault(http.WebSockets.WebSocketRequestedProtocols.Contains);
        using var accepted = await http.WebSockets.AcceptWebSocketAsync(protocol);
        using var socket = new ChannelSocket(accepted);
        var terminal = IsOn(query, "tty");
        try
        {
            await using var process = node.Machine.Start(container.Exec(command, terminal) with { Piped = true });
            await CarryAsync(process, socket, IsOn(query, "input") || IsOn(query, "stdin"), terminal, http.RequestAborted);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            await socket.EndAsync(126, e.Message, http.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The other side has gone; the process went with it.
        }
    }

    private static bool IsOn(IQueryCollection query, string name) => query[name] == "true" || query[name] == "1";

    private static async Task CarryAsync(
        IMachineProcess process, ChannelSocket socket, bool input, bool terminal, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (!input)
        {
            process.StandardInput.Close();
        }

        var reading = ReadAsync(process, socket, input, ended.Token);
        await Task.WhenAll(
            socket.CopyAsync(process.StandardOutput, ChannelSocket.Output, ended.Token),
            socket.CopyAsync(process.StandardError, terminal ? ChannelSocket.Output : ChannelSocket.Error, ended.Token));
        var code = await process.Exited.WaitAsync(cancellation);
        await socket.EndAsync(code, null, cancellation);
        await ended.CancelAsync();
        await reading;

        async Task ReadAsync(IMachineProcess to, ChannelSocket from, bool open, CancellationToken stop)
        {
            try
            {
                while (await from.ReceiveAsync(stop) is var (channel, data))
                {
                    if (channel != ChannelSocket.Input || !open)
                    {
                        continue;
                    }

                    if (data.Length == 0)
                    {
                        open = false;
                        to.StandardInput.Close();
                        continue;
                    }

                    await to.StandardInput.WriteAsync(data, stop);
                    await to.StandardInput.FlushAsync(stop);
                }

                if (!to.Exited.IsCompleted)
                {
                    await ended.CancelAsync();
                }
            }
            catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
            {
                // The command has ended, or nobody listens any more.
            }
        }
    }
}
