using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Dpf.Runtime.Machines;
using Microsoft.AspNetCore.Http;

namespace Dpf.Lab.Kubelet.Serving;

/// <summary>Connections to ports of a pod over a WebSocket: two channels a port, for data and for errors.</summary>
internal static class PortForwardSession
{
    /// <summary>Serves <c>/portForward</c>.</summary>
    public static async Task RunAsync(INetworkNamespace network, HttpContext http)
    {
        var query = http.Request.Query;
        var ports = query["port"].Concat(query["ports"]).SelectMany(p => (p ?? "").Split(','))
            .Select(p => ushort.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : (ushort)0).ToList();
        if (!http.WebSockets.IsWebSocketRequest || ports.Count == 0 || ports.Contains((ushort)0))
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync("port forwarding needs a WebSocket (v4.channel.k8s.io) and at least one port", http.RequestAborted);
            return;
        }

        string[] known = ["v4.channel.k8s.io", "portforward.k8s.io"];
        using var accepted = await http.WebSockets.AcceptWebSocketAsync(known.FirstOrDefault(http.WebSockets.WebSocketRequestedProtocols.Contains));
        using var socket = new ChannelSocket(accepted);
        var cancellation = http.RequestAborted;
        Dictionary<int, Socket> connections = [];
        List<Task> copying = [];
        try
        {
            for (var i = 0; i < ports.Count; i++)
            {
                var (channel, port) = (2 * i, ports[i]);
                var prefix = new byte[2];
                BinaryPrimitives.WriteUInt16LittleEndian(prefix, port);
                await socket.SendAsync(channel, prefix, cancellation);
                await socket.SendAsync(channel + 1, prefix, cancellation);
                var connection = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                connections[channel] = connection;
                try
                {
                    await connection.ConnectAsync("127.0.0.1", port, cancellation);
                    copying.Add(socket.CopyAsync(new NetworkStream(connection), channel, cancellation));
                }
                catch (SocketException e)
                {
                    await socket.SendAsync(channel + 1, Encoding.UTF8.GetBytes($"port {port}: {e.Message}"), cancellation);
                }
            }

            while (await socket.ReceiveAsync(cancellation) is var (channel, data))
            {
                if (connections.TryGetValue(channel, out var connection) && connection.Connected)
                {
                    await connection.SendAsync(data, cancellation);
                }
            }
        }
        catch (Exception e) when (e is SocketException or WebSocketException or OperationCanceledException)
        {
            // One of the sides has gone.
        }
        finally
        {
            foreach (var connection in connections.Values)
            {
                connection.Dispose();
            }

            await Task.WhenAll(copying).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
