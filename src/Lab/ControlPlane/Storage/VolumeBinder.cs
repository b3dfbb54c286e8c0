using System.Text.Json.Nodes;
using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Selecting;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Storage;

/// <summary>Binds claims to volumes, asks provisioners for missing ones, and releases what a gone claim held.</summary>
internal sealed class VolumeBinder(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string SelectedNode = "volume.kubernetes.io/selected-node";
    private const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    // Serial: two claims must not take the same volume.
    private readonly SemaphoreSlim _one = new(1);

    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        Controller.For<V1PersistentVolumeClaim>(cache, "claims").Workers(1)
            .Watches<V1PersistentVolume>(_ => cache.Informer<V1PersistentVolumeClaim>().All.Where(c => c.Status?.Phase != "Bound")
                .Select(c => new NamespacedName(c.Metadata.NamespaceProperty, c.Metadata.Name)))
            .WatchesForAll<V1StorageClass>().Build(ClaimAsync, loggers, time).RunAsync(cancellation),
        Controller.For<V1PersistentVolume>(cache, "volumes").Workers(1)
            .Watches<V1PersistentVolumeClaim>(c => c.Spec.VolumeName is { Length: > 0 } v ? [new NamespacedName(null, v)] : [])
            .Build(VolumeAsync, loggers, time).RunAsync(cancellation));

    /// <summary>The smallest available volume that satisfies a claim, or null.</summary>
    internal static V1PersistentVolume? Match(V1PersistentVolumeClaim claim, IEnumerable<V1PersistentVolume> volumes) => volumes
        .Where(v => !v.IsDeleting() && Satisfies(claim, v))
        .OrderByDescending(v => v.Spec.ClaimRef is not null)
        .ThenBy(v => v.Spec.Capacity["storage"].ToDecimal())
        .ThenBy(v => v.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private static bool Satisfies(V1PersistentVolumeClaim claim, V1PersistentVolume volume)
    {
        if (volume.Spec.ClaimRef is { } reference)
        {
            return reference.NamespaceProperty == claim.Metadata.NamespaceProperty && reference.Name == claim.Metadata.Name &&
                (string.IsNullOrEmpty(reference.Uid) || reference.Uid == claim.Metadata.Uid);
        }

        var asked = claim.Spec.Resources?.Requests?.TryGetValue("storage", out var size) == true ? size.ToDecimal() : 0;
        return (string.IsNullOrEmpty(claim.Spec.VolumeName) || claim.Spec.VolumeName == volume.Metadata.Name) &&
            volume.Status?.Phase is null or "" or "Pending" or "Available" &&
            (claim.Spec.StorageClassName ?? "") == (volume.Spec.StorageClassName ?? "") &&
            (claim.Spec.VolumeMode ?? "Filesystem") == (volume.Spec.VolumeMode ?? "Filesystem") &&
            (claim.Spec.AccessModes ?? []).All(m => volume.Spec.AccessModes?.Contains(m) == true) &&
            volume.Spec.Capacity?.TryGetValue("storage", out var capacity) == true && capacity.ToDecimal() >= asked &&
            claim.Spec.Selector.Selects(volume.Metadata.Labels);
    }

    private async Task<Result> ClaimAsync(NamespacedName key, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (cache.Informer<V1PersistentVolumeClaim>().Get(key.Namespace, key.Name) is not { } claim || claim.IsDeleting() ||
                claim.Status?.Phase == "Bound")
            {
                return Result.Done;
            }

            // Asked afresh: the local copy may not show yet what the claim before took.
            var volumes = await cache.Client.ListAsync<V1PersistentVolume>(null, cancellation);
            if (Match(claim, volumes) is { } volume)
            {
                await BindAsync(claim, volume, cancellation);
                return Result.Done;
            }

            await cache.Client.WriteStatusAsync(
                claim, claim.Status, new V1PersistentVolumeClaimStatus { Phase = "Pending" }, cancellation);
            await AskProvisionerAsync(claim, cancellation);
            return Result.Done;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task BindAsync(V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellation)
    {
        var reference = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolumeClaim",
            ["namespace"] = claim.Metadata.NamespaceProperty,
            ["name"] = claim.Metadata.Name,
            ["uid"] = claim.Metadata.Uid,
        };
        await cache.Client.PatchAsync<V1PersistentVolume>(
            null, volume.Metadata.Name, new JsonObject { ["spec"] = new JsonObject { ["claimRef"] = reference } }, cancellation);
        await cache.Client.PatchStatusAsync<V1PersistentVolume>(
            null, volume.Metadata.Name, new JsonObject { ["status"] = new JsonObject { ["phase"] = "Bound" } }, cancellation);
        await cache.Client.PatchAsync<V1PersistentVolumeClaim>(
            claim.Metadata.NamespaceProperty, claim.Metadata.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["pv.kubernetes.io/bind-completed"] = "yes" } },
                ["spec"] = new JsonObject { ["volumeName"] = volume.Metadata.Name },
            },
            cancellation);
        await cache.Client.WriteStatusAsync(
            claim, null,
            new V1PersistentVolumeClaimStatus { Phase = "Bound", AccessModes = volume.Spec.AccessModes, Capacity = volume.Spec.Capacity }, cancellation);
    }

    private async Task AskProvisionerAsync(V1PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        if (claim.Spec.StorageClassName is not { Length: > 0 } name || cache.Informer<V1StorageClass>().Get(null, name) is not { } type ||
            type.Provisioner == "kubernetes.io/no-provisioner" || claim.Metadata.Annotations?.ContainsKey(Provisioner) == true ||
            (type.VolumeBindingMode == "WaitForFirstConsumer" && claim.Metadata.Annotations?.ContainsKey(SelectedNode) != true))
        {
            return;
        }

        await cache.Client.PatchAsync<V1PersistentVolumeClaim>(
            claim.Metadata.NamespaceProperty, claim.Metadata.Name,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Provisioner] = type.Provisioner } } }, cancellation);
    }

    private async Task<Result> VolumeAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1PersistentVolume>().Get(null, key.Name) is not { } volume || volume.IsDeleting())
        {
            return Result.Done;
        }

        var phase = "Available";
        if (volume.Spec.ClaimRef is { Uid.Length: > 0 } reference)
        {
            var claim = await cache.Client.GetAsync<V1PersistentVolumeClaim>(reference.NamespaceProperty, reference.Name, cancellation);
            // Of a claim on its way out its protection says when the volume is released.
            phase = claim?.Metadata.Uid != reference.Uid ? "Released"
                : claim.IsDeleting() ? volume.Status?.Phase ?? "Bound"
                : "Bound";
        }

        await cache.Client.WriteStatusAsync(volume, volume.Status, new V1PersistentVolumeStatus { Phase = phase }, cancellation);
        return Result.Done;
    }
}
