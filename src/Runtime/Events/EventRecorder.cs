using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Events;

/// <summary>Tells users what happened to an object; <c>kubectl describe</c> shows it. Never fails its caller.</summary>
public sealed class EventRecorder(KubeClient client, string component, TimeProvider time, ILogger logger)
{
    /// <summary>Records that something went as it should.</summary>
    public Task NormalAsync(IKubernetesObject<V1ObjectMeta> about, string reason, string message, CancellationToken cancellation) =>
        RecordAsync(about, "Normal", reason, message, cancellation);

    /// <summary>Records that something did not.</summary>
    public Task WarningAsync(IKubernetesObject<V1ObjectMeta> about, string reason, string message, CancellationToken cancellation) =>
        RecordAsync(about, "Warning", reason, message, cancellation);

    private async Task RecordAsync(
        IKubernetesObject<V1ObjectMeta> about, string type, string reason, string message, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var ns = about.Metadata.NamespaceProperty ?? "default";
        var value = new Corev1Event
        {
            // The same event again counts up instead of piling up.
            Metadata = new V1ObjectMeta { Name = $"{about.Metadata.Name}.{Digest(about, type, reason, message)}", NamespaceProperty = ns },
            InvolvedObject = new V1ObjectReference
            {
                ApiVersion = about.ApiVersion,
                Kind = about.Kind,
                Name = about.Metadata.Name,
                NamespaceProperty = about.Metadata.NamespaceProperty,
                Uid = about.Metadata.Uid,
                ResourceVersion = about.Metadata.ResourceVersion,
            },
            Type = type,
            Reason = reason,
            Message = message.Length > 1024 ? message[..1024] : message,
            Source = new V1EventSource { Component = component },
            ReportingComponent = component,
            FirstTimestamp = now,
            LastTimestamp = now,
            Count = 1,
        };
        try
        {
            // Nearly always new: asking first would be a request for nothing.
            try
            {
                await client.CreateAsync(value, cancellation);
            }
            catch (KubeException e) when (e.Reason == "AlreadyExists")
            {
                if (await client.GetAsync<Corev1Event>(ns, value.Metadata.Name, cancellation) is { } earlier)
                {
                    earlier.Count = (earlier.Count ?? 1) + 1;
                    earlier.LastTimestamp = now;
                    await client.UpdateAsync(earlier, cancellation);
                }
            }
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException)
        {
            logger.LogDebug("event {Reason} on {Object}: {Message}", reason, about.Metadata.Name, e.Message);
        }
    }

    private static string Digest(IKubernetesObject<V1ObjectMeta> about, string type, string reason, string message)
    {
        var text = System.Text.Encoding.UTF8.GetBytes($"{about.Metadata.Uid}\n{type}\n{reason}\n{message}");
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(text))[..16];
    }
}
