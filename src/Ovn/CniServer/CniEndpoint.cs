using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Cni;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.CniServer;

/// <summary>
/// The node agent's side of the CNI: serves the plugin's socket, and tells the container runtime by a configuration file that
/// pods can be connected. The file outlives the agent: while that restarts, the plugin tells the runtime to try again.
/// </summary>
public static class CniEndpoint
{
    private const string ConfigPath = "/etc/cni/net.d/10-ovn-kubernetes.conf";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Serves until cancelled.</summary>
    public static async Task RunAsync(NodeContext node, IPodAttachment attachment, CancellationToken cancellation)
    {
        var machine = node.Component.Machine;
        PluginBinary.Install(machine, node.Component);

        var socket = machine.Path(AgentClient.SocketPath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(socket)!);
        File.Delete(socket);
        var builder = EmbeddedWeb.CreateBuilder(node.Component.Loggers);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        await using var app = builder.Build();
        app.MapPost("/", http => AnswerAsync(http, node, attachment));
        await app.StartAsync(cancellation);
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        try
        {
            WriteConfig(machine.Path(ConfigPath));
            node.Logger.LogInformation("node {Node}: pods can be connected", node.Node);
            await Task.Delay(Timeout.InfiniteTimeSpan, node.Time, cancellation);
        }
        finally
        {
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1), node.Time);
            await app.StopAsync(grace.Token);
        }
    }

    /// <summary>The CNI result of a connected pod, in the version that the runtime speaks.</summary>
    public static JsonObject Result(CniRequest request, PodNetwork network, Attached attached)
    {
        return new JsonObject
        {
            ["cniVersion"] = request.Config.CniVersion,
            ["interfaces"] = new JsonArray(
                new JsonObject { ["name"] = attached.HostInterface },
                new JsonObject
                {
                    ["name"] = request.InterfaceName, ["mac"] = network.Mac, ["sandbox"] = request.NetworkNamespace,
                }),
            ["ips"] = new JsonArray([.. network.Addresses.Select(Ip)]),
            ["dns"] = new JsonObject(),
        };

        JsonNode Ip(PodAddress address)
        {
            var ip = new JsonObject
            {
                ["interface"] = 1,
                ["address"] = address.Address.ToString(),
                ["gateway"] = address.Gateway.ToString(),
            };
            if (request.Config.CniVersion.StartsWith("0.", StringComparison.Ordinal))
            {
                ip["version"] = address.Gateway.Family == IpFamily.V4 ? "4" : "6";
            }

            return ip;
        }
    }

    private static async Task AnswerAsync(HttpContext http, NodeContext node, IPodAttachment attachment)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(Limit);
        CniRequest? request = null;
        var begun = node.Time.GetTimestamp();
        try
        {
            var plugin = await JsonSerializer.DeserializeAsync(http.Request.Body, ProtocolJson.Default.PluginRequest, limit.Token)
                ?? throw new FormatException("the request is empty");
            request = CniRequest.Read(plugin);
            var response = new JsonObject { ["Result"] = await CarryOutAsync(node.Component.Machine, request, attachment, limit.Token) };
            await WriteAsync(http, 200, response.ToJsonString());
            node.Logger.LogInformation(
                "CNI {Command} {Namespace}/{Pod}: {Milliseconds:0.0} ms", request.Command, request.Namespace, request.Pod,
                node.Time.GetElapsedTime(begun).TotalMilliseconds);
        }
        catch (NotReadyException e)
        {
            await WriteAsync(http, 503, e.Message);
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            var message = e is OperationCanceledException
                ? $"pod {request?.Namespace}/{request?.Pod} was not connected within {Limit.TotalSeconds} s: {attachment.NotReady ?? "its zone or its DPU did not answer"}"
                : e.Message;
            node.Logger.LogWarning(
                "CNI {Command} {Namespace}/{Pod}: {Message}", request?.Command, request?.Namespace, request?.Pod, message);
            await WriteAsync(http, 400, message);
        }
    }

    private static async Task<JsonObject?> CarryOutAsync(
        IMachine machine, CniRequest request, IPodAttachment attachment, CancellationToken cancellation)
    {
        switch (request.Command)
        {
            case "ADD":
                if (attachment.NotReady is { } reason)
                {
                    throw new NotReadyException(reason);
                }

                var (network, attached) = await attachment.AddAsync(request, cancellation);
                return Result(request, network, attached);
            case "DEL":
                await attachment.DeleteAsync(request, cancellation);
                return null;
            case "CHECK":
                SandboxCheck.Check(machine, request);
                return null;
            case "GC":
                foreach (var gone in Unused(request.Config, AttachmentState.All(machine)))
                {
                    await attachment.CollectAsync(gone, cancellation);
                }

                return null;
            case "STATUS" when attachment.NotReady is { } why:
                throw new NotReadyException(why);
            case "STATUS" or "UPDATE":
                return null;
            default:
                throw new FormatException($"CNI_COMMAND {request.Command} is unknown");
        }
    }

    /// <summary>The sandboxes of a network that the runtime, asking for GC, does not count among those in use.</summary>
    internal static IReadOnlyList<string> Unused(PluginConfig config, IReadOnlyList<(string ContainerId, AttachmentState State)> known)
    {
        // Without the list nothing is known to be unused, whatever the runtime meant.
        if (config.ValidAttachments is not { } valid)
        {
            return [];
        }

        var used = valid.Select(v => (v.ContainerId, v.InterfaceName)).ToHashSet();
        return
        [
            .. known.Where(k => k.State.NetworkName == config.Name && !used.Contains((k.ContainerId, k.State.InterfaceName)))
                .Select(k => k.ContainerId),
        ];
    }

    private static async Task WriteAsync(HttpContext http, int status, string text)
    {
        // A length rather than chunks: the plugin reads no more HTTP than it has to.
        var body = System.Text.Encoding.UTF8.GetBytes(text);
        http.Response.StatusCode = status;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, CancellationToken.None);
    }

    private static void WriteConfig(string path)
    {
        var config = new JsonObject
        {
            ["cniVersion"] = "0.4.0",
            ["name"] = "ovn-kubernetes",
            ["type"] = PluginBinary.Name,
            ["ipam"] = new JsonObject(),
            ["dns"] = new JsonObject(),
            ["logFile"] = "/var/log/ovn-kubernetes/ovn-k8s-cni-overlay.log",
            ["logLevel"] = "4",
            ["logfile-maxsize"] = 100,
            ["logfile-maxbackups"] = 5,
            ["logfile-maxage"] = 5,
        };
        WholeFile.Write(path, config.ToJsonString());
    }

    private sealed class NotReadyException(string reason) : Exception(reason);
}
