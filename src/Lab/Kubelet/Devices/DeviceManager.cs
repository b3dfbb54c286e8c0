using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Devices;

/// <summary>
/// Takes device plugins' registrations (<c>v1beta1.Registration</c> on the kubelet's socket), follows their devices, and gives
/// devices to pods.
/// </summary>
internal sealed class DeviceManager(IMachine machine, TimeProvider time, ILogger logger)
{
    private const string Folder = "/var/lib/kubelet/device-plugins";
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Resource> _resources = new(StringComparer.Ordinal);
    private readonly List<Allocated> _allocated = [];
    private readonly SemaphoreSlim _allocating = new(1);
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The resources or their devices have changed.</summary>
    public event Action? Changed;

    /// <summary>The resources with the numbers of their devices and of the healthy ones.</summary>
    public IReadOnlyList<(string Name, int Total, int Healthy)> Resources
    {
        get
        {
            lock (_lock)
            {
                return [.. _resources.Select(r => (r.Key, r.Value.Devices.Count, r.Value.Client is null ? 0 : r.Value.Devices.Count(d => d.Value)))];
            }
        }
    }

    /// <summary>Serves registrations until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var folder = machine.Path(Folder);
        Directory.CreateDirectory(folder);

        // Plugins see that their sockets are gone, and register anew.
        foreach (var socket in Directory.EnumerateFiles(folder, "*.sock"))
        {
            File.Delete(socket);
        }

        SaveCheckpoint();
        var builder = EmbeddedWeb.CreateBuilder();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(
            Path.Combine(folder, "kubelet.sock"), listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Run(http => RegisterAsync(http, cancellation));
        await app.StartAsync(cancellation);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        }
        finally
        {
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
            await app.StopAsync(grace.Token);
        }
    }

    /// <summary>Gives a pod's containers their devices, waiting until there are enough; container → what it gets.</summary>
    public async Task<IReadOnlyDictionary<string, DeviceAllocation>> AllocateAsync(V1Pod pod, CancellationToken cancellation)
    {
        Dictionary<string, DeviceAllocation> given = [];
        foreach (var container in pod.Spec.Containers)
        {
            foreach (var (resource, quantity) in container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>())
            {
                // Other quantities, such as memory, do not fit a count.
                if (IsDevice(resource) && (int)quantity.ToDecimal() is var count and > 0)
                {
                    var allocation = await AllocateAsync(pod, container.Name, resource, count, cancellation);
                    given[container.Name] = given.TryGetValue(container.Name, out var before) ? Join(before, allocation) : allocation;
                }
            }
        }

        return given;
    }

    /// <summary>Takes a pod's devices back.</summary>
    public void Release(string podUid)
    {
        lock (_lock)
        {
            if (_allocated.RemoveAll(a => a.PodUid == podUid) == 0)
            {
                return;
            }

            Announce();
        }

        SaveCheckpoint();
    }

    private static bool IsDevice(string resource) =>
        resource.Contains('/', StringComparison.Ordinal) && !resource.Split('/')[0].EndsWith("kubernetes.io", StringComparison.Ordinal);

    private static DeviceAllocation Join(DeviceAllocation a, DeviceAllocation b) => new(
        a.Environment.Concat(b.Environment).DistinctBy(e => e.Key).ToDictionary(), [.. a.Mounts, .. b.Mounts], [.. a.Devices, .. b.Devices]);

    private async Task<DeviceAllocation> AllocateAsync(
        V1Pod pod, string container, string resource, int count, CancellationToken cancellation)
    {
        while (true)
        {
            Task news;
            await _allocating.WaitAsync(cancellation);
            try
            {
                PluginClient? client = null;
                List<string> free = [];
                lock (_lock)
                {
                    news = _news.Task;
                    if (_resources.TryGetValue(resource, out var known) && known.Client is not null)
                    {
                        client = known.Client;
                        var taken = _allocated.Where(a => a.Resource == resource).SelectMany(a => a.Devices).ToHashSet(StringComparer.Ordinal);
                        free = [.. known.Devices.Where(d => d.Value && !taken.Contains(d.Key)).Select(d => d.Key).Order(StringComparer.Ordinal).Take(count)];
                    }
                }

                if (client is not null && free.Count == count)
                {
                    try
                    {
                        var allocation = await client.AllocateAsync(free, cancellation);
                        lock (_lock)
                        {
                            _allocated.Add(new Allocated(pod.Metadata.Uid, container, resource, free));
                        }

                        SaveCheckpoint();
                        return allocation;
                    }
                    catch (Exception e) when (e is HttpRequestException or IOException)
                    {
                        logger.LogWarning("{Resource}: {Message}; again when the plugin reports", resource, e.Message);
                    }
                }
            }
            finally
            {
                _allocating.Release();
            }

            await news.WaitAsync(cancellation);
        }
    }

    private async Task RegisterAsync(HttpContext http, CancellationToken cancellation)
    {
        http.Response.ContentType = "application/grpc";
        if (http.Request.Path != "/v1beta1.Registration/Register" ||
            await PluginClient.ReadAsync(http.Request.Body, http.RequestAborted) is not { } request ||
            PluginClient.Text(request, 1) != "v1beta1")
        {
            http.Response.AppendTrailer("grpc-status", "12");
            return;
        }

        var (endpoint, resource) = (PluginClient.Text(request, 2), PluginClient.Text(request, 3));
        await http.Response.Body.WriteAsync(PluginClient.Frame([]), http.RequestAborted);
        http.Response.AppendTrailer("grpc-status", "0");
        _ = Task.Run(() => FollowAsync(resource, machine.Path($"{Folder}/{endpoint}"), cancellation), CancellationToken.None);
    }

    /// <summary>Follows a plugin's devices until it ends.</summary>
    private async Task FollowAsync(string resource, string socket, CancellationToken cancellation)
    {
        using var client = new PluginClient(socket);
        logger.LogInformation("device plugin for {Resource} registered", resource);
        try
        {
            await foreach (var devices in client.ListAsync(cancellation))
            {
                lock (_lock)
                {
                    _resources[resource] = new Resource(client, devices);
                    Announce();
                }

                Changed?.Invoke();
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            logger.LogDebug("device plugin for {Resource}: {Message}", resource, e.Message);
        }

        lock (_lock)
        {
            // Unless the plugin has come again in the meantime.
            if (_resources.TryGetValue(resource, out var known) && known.Client == client)
            {
                _resources[resource] = known with { Client = null };
            }
        }

        Changed?.Invoke();
    }

    private void Announce()
    {
        _news.TrySetResult();
        _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Keeps the file by which CNI plugins find which devices a pod was given.</summary>
    private void SaveCheckpoint()
    {
        lock (_lock)
        {
            var entries = _allocated.Select(a => (JsonNode)new JsonObject
            {
                ["PodUID"] = a.PodUid,
                ["ContainerName"] = a.Container,
                ["ResourceName"] = a.Resource,
                ["DeviceIDs"] = new JsonObject { ["-1"] = new JsonArray([.. a.Devices.Select(d => (JsonNode)d)]) },
                ["AllocResp"] = "",
            });
            var checkpoint = new JsonObject
            {
                ["Data"] = new JsonObject { ["PodDeviceEntries"] = new JsonArray([.. entries]), ["RegisteredDevices"] = new JsonObject() },
                ["Checksum"] = 0,
            };
            var file = machine.Path(Folder + "/kubelet_internal_checkpoint");
            File.WriteAllText(file + ".tmp", checkpoint.ToJsonString());
            File.Move(file + ".tmp", file, overwrite: true);
        }
    }

    private sealed record Resource(PluginClient? Client, IReadOnlyDictionary<string, bool> Devices);

    private sealed record Allocated(string PodUid, string Container, string Resource, IReadOnlyList<string> Devices);
}
