using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Pods;

/// <summary>Writes a pod's status whenever it has changed; changes in quick succession are written at once.</summary>
internal sealed class PodStatusWriter(NodeContext node, Func<V1Pod> pod, Func<V1PodStatus> compute)
{
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _writing = new(1);
    private string _written = "";
    private bool _sealed;

    /// <summary>The status may have changed.</summary>
    public void Invalidate() => _changed.Writer.TryWrite(true);

    /// <summary>The status is final: nothing is written any more.</summary>
    public void Seal() => _sealed = true;

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (await _changed.Reader.WaitToReadAsync(cancellation))
            {
                _changed.Reader.TryRead(out _);
                try
                {
                    await FlushAsync(cancellation);
                }
                catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or IOException)
                {
                    node.Logger.LogDebug("{Pod}: status: {Message}; again soon", pod().Metadata.Name, e.Message);
                    await node.DelayAsync(TimeSpan.FromMilliseconds(500), cancellation);
                    Invalidate();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The pod or the kubelet has ended.
        }
    }

    /// <summary>Writes now what has changed.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        if (_sealed)
        {
            return;
        }

        await _writing.WaitAsync(cancellation);
        try
        {
            var status = compute();
            var text = KubernetesJson.Serialize(status);
            if (text == _written)
            {
                return;
            }

            var metadata = pod().Metadata;
            try
            {
                await node.Client.PatchStatusAsync<V1Pod>(
                    metadata.NamespaceProperty, metadata.Name,
                    new JsonObject { ["metadata"] = new JsonObject { ["uid"] = metadata.Uid }, ["status"] = JsonNode.Parse(text) }, cancellation);
            }
            catch (KubeException e) when (e.IsNotFound || e.IsConflict)
            {
                // The pod is gone, or another one has its name.
            }

            _written = text;
        }
        finally
        {
            _writing.Release();
        }
    }
}
