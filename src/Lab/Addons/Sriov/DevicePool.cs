using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>
/// One resource as a kubelet device plugin (v1beta1, gRPC over a unix socket of the machine): lists the functions, hands them out
/// by environment variable, and registers again whenever the kubelet is new.
/// </summary>
internal sealed class DevicePool(ComponentContext context, string resource, IReadOnlyList<FunctionRange> ranges)
{
    private const string Folder = "/var/lib/kubelet/device-plugins";
    private const string DeviceInfo = "/run/k8s.cni.cncf.io/devinfo/dp";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly ILogger _logger = context.Loggers.CreateLogger("sriov");
    private readonly string _socket = $"sriov-{resource.Replace('/', '-')}.sock";

    public async Task RunAsync(CancellationToken cancellation)
    {
        var folder = context.Machine.Path(Folder);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, _socket);
        File.Delete(path);
        var builder = EmbeddedWeb.CreateBuilder();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Run(ServeAsync);
        await app.StartAsync(cancellation);
        var kubelet = Path.Combine(folder, "kubelet.sock");
        DateTime? registered = null;
        while (true)
        {
            // A restarted kubelet removes the plugins' sockets and makes its own anew.
            if (!File.Exists(path))
            {
                _logger.LogInformation("{Resource}: the kubelet has started anew", resource);
                return;
            }

            var born = File.Exists(kubelet) ? File.GetLastWriteTimeUtc(kubelet) : (DateTime?)null;
            if (born is not null && born != registered && await RegisterAsync(kubelet, cancellation))
            {
                registered = born;
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }

    private List<VirtualFunction> Devices() => [.. ranges.SelectMany(r => VirtualFunction.Find(context.Machine.Path("/sys"), r))];

    private async Task<bool> RegisterAsync(string kubelet, CancellationToken cancellation)
    {
        var request = ProtobufMessage.Write(o =>
        {
            o.Text(1, "v1beta1");
            o.Text(2, _socket);
            o.Text(3, resource);
        });
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = (_, stop) => Dialing.UnixAsync(kubelet, stop),
            });
            using var message = new HttpRequestMessage(HttpMethod.Post, "http://kubelet/v1beta1.Registration/Register")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(Frame(request)),
            };
            message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            using var response = await http.SendAsync(message, cancellation);
            await response.Content.ReadAsByteArrayAsync(cancellation);
            var status = Header(response.TrailingHeaders) ?? Header(response.Headers) ?? "0";
            _logger.LogInformation("{Resource}: registered {Count} devices, status {Status}", resource, Devices().Count, status);
            return response.IsSuccessStatusCode && status == "0";
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException)
        {
            _logger.LogWarning("{Resource}: the kubelet does not take it: {Message}; again soon", resource, e.Message);
            return false;
        }
    }

    private static string? Header(HttpHeaders headers) => headers.TryGetValues("grpc-status", out var values) ? values.First() : null;

    private async Task ServeAsync(HttpContext http)
    {
        http.Response.ContentType = "application/grpc";
        var request = await ReadAsync(http);
        switch (http.Request.Path.Value)
        {
            case "/v1beta1.DevicePlugin/ListAndWatch":
                await ListAsync(http);
                break;
            case "/v1beta1.DevicePlugin/Allocate":
                await WriteAsync(http, Allocate(request));
                break;
            case "/v1beta1.DevicePlugin/GetDevicePluginOptions" or "/v1beta1.DevicePlugin/PreStartContainer"
                or "/v1beta1.DevicePlugin/GetPreferredAllocation":
                await WriteAsync(http, []);
                break;
            default:
                http.Response.AppendTrailer("grpc-status", "12");
                return;
        }

        http.Response.AppendTrailer("grpc-status", "0");
    }

    private async Task ListAsync(HttpContext http)
    {
        var sent = "";
        while (true)
        {
            var devices = Devices();
            var text = string.Join(',', devices.Select(d => d.Address));
            if (sent.Length == 0 || text != sent)
            {
                sent = text.Length == 0 ? "none" : text;
                await WriteAsync(http, ProtobufMessage.Write(list =>
                {
                    foreach (var device in devices)
                    {
                        list.Message(1, ProtobufMessage.Write(o =>
                        {
                            o.Text(1, device.Address);
                            o.Text(2, "Healthy");
                        }));
                    }
                }));
            }

            await Task.Delay(Interval, context.Time, http.RequestAborted);
        }
    }

    private byte[] Allocate(byte[] request) => ProtobufMessage.Write(response =>
    {
        var variable = "PCIDEVICE_" + resource.ToUpperInvariant().Replace('/', '_').Replace('.', '_').Replace('-', '_');
        foreach (var container in ProtobufMessage.Values(request, 1))
        {
            var devices = ProtobufMessage.Values(container, 1).Select(Encoding.UTF8.GetString).ToList();
            foreach (var device in devices)
            {
                Describe(device);
            }

            response.Message(1, ProtobufMessage.Write(o => o.Entry(1, variable, string.Join(',', devices))));
            _logger.LogInformation("{Resource}: allocated {Devices}", resource, string.Join(',', devices));
        }
    });

    /// <summary>The device information file that CNI plugins read.</summary>
    private void Describe(string device)
    {
        var folder = context.Machine.Path(DeviceInfo);
        Directory.CreateDirectory(folder);
        var information = new JsonObject
        {
            ["type"] = "pci",
            ["version"] = "1.1.0",
            ["pci"] = new JsonObject { ["pci-address"] = device },
        };
        File.WriteAllText(Path.Combine(folder, $"{resource.Replace('/', '-')}-{device}-device.json"), information.ToJsonString());
    }

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static async Task<byte[]> ReadAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        return body.Length > 5 ? body.ToArray()[5..] : [];
    }

    private static async Task WriteAsync(HttpContext http, byte[] message)
    {
        await http.Response.Body.WriteAsync(Frame(message), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
