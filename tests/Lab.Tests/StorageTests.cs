using Dpf.Lab.ControlPlane.Storage;
using Dpf.Runtime.Informers;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.Tests;

/// <summary>Claims and volumes, from the first pod that uses them to the end.</summary>
public sealed class StorageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_stays_while_a_pod_uses_it_and_its_volume_goes_before_it()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = Task.WhenAll(
            new VolumeBinder(cache, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token),
            new ClaimProtection(cache, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token));
        await cluster.ApplyAsync("""
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: disk}
            spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Delete, hostPath: {path: /data}}
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: data, namespace: default}
            spec: {accessModes: [ReadWriteOnce], storageClassName: "", resources: {requests: {storage: 1Gi}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: user, namespace: default}
            spec:
              containers: [{name: c, image: i}]
              volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
            """);
        await Eventually.SeeAsync(ClaimAsync, c => c is { Status.Phase: "Bound", Metadata.Finalizers: ["kubernetes.io/pvc-protection"] });
        await Eventually.SeeAsync(VolumeAsync, v => v?.Status?.Phase == "Bound");

        // Two more pods come and go meanwhile: whether it is used is asked each time.
        await cluster.Client.DeleteAsync<V1PersistentVolumeClaim>("default", "data", Cancellation);
        await cluster.ApplyAsync("apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: default}\nspec: {containers: [{name: c, image: i}]}");
        await cluster.Client.DeleteAsync<V1Pod>("default", "other", Cancellation, gracePeriodSeconds: 0);
        Assert.NotNull((await ClaimAsync())?.Metadata.DeletionTimestamp);
        Assert.Equal("Bound", (await VolumeAsync())?.Status.Phase);

        await cluster.Client.DeleteAsync<V1Pod>("default", "user", Cancellation, gracePeriodSeconds: 0);
        await Eventually.SeeAsync(VolumeAsync, v => v?.Status?.Phase == "Released");
        Assert.NotNull(await ClaimAsync());
        await cluster.Client.DeleteAsync<V1PersistentVolume>(null, "disk", Cancellation);
        await Eventually.SeeAsync(ClaimAsync, c => c is null);
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        Task<V1PersistentVolumeClaim?> ClaimAsync() => cluster.Client.GetAsync<V1PersistentVolumeClaim>("default", "data", Cancellation);

        Task<V1PersistentVolume?> VolumeAsync() => cluster.Client.GetAsync<V1PersistentVolume>(null, "disk", Cancellation);
    }

    [Theory]
    [InlineData("default", "data", "Running", true)]
    [InlineData("default", "data", "Failed", false)]
    [InlineData("default", "other", "Running", false)]
    [InlineData("elsewhere", "data", "Running", false)]
    public void A_claim_is_used_by_pods_of_its_namespace_that_are_not_over(string ns, string name, string phase, bool expected)
    {
        var claim = new V1PersistentVolumeClaim { Metadata = new V1ObjectMeta { Name = "data", NamespaceProperty = "default" } };
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { NamespaceProperty = ns },
            Spec = new V1PodSpec { Volumes = [new V1Volume { PersistentVolumeClaim = new() { ClaimName = name } }] },
            Status = new V1PodStatus { Phase = phase },
        };
        Assert.Equal(expected, ClaimProtection.IsUsed(claim, [pod]));
    }
}
