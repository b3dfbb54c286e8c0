using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Lab.Addons.Storage;

/// <summary>Provisions folders of the selected node as volumes: storage class <c>local-path</c>.</summary>
internal sealed class LocalPathComponent : IComponent
{
    private const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";
    private const string StorageProvisioner = "volume.kubernetes.io/storage-provisioner";
    private const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var provisioner = context.Option("provisioner-name", "rancher.io/local-path")!;
        var root = context.Option("path", "/opt/local-path-provisioner")!;
        return AddonHost.RunAsync(
            context,
            (cache, stop) =>
            [
                Controller.For<V1PersistentVolumeClaim>(cache, "local-path")
                    .Build((key, c) => ProvisionAsync(cache, key, provisioner, root, c), context.Loggers, context.Time).RunAsync(stop),
                Controller.For<V1PersistentVolume>(cache, "local-path-release")
                    .Build((key, c) => ReleaseAsync(cache, key, provisioner, c), context.Loggers, context.Time).RunAsync(stop),
            ],
            cancellation);
    }

    /// <summary>The volume for a claim on a node.</summary>
    internal static V1PersistentVolume VolumeFor(V1PersistentVolumeClaim claim, string node, string provisioner, string root)
    {
        var name = $"pvc-{claim.Metadata.Uid}";
        return new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = name, Annotations = new Dictionary<string, string> { [ProvisionedBy] = provisioner } },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = claim.Spec.AccessModes,
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = claim.Spec.Resources.Requests["storage"] },
                PersistentVolumeReclaimPolicy = "Delete",
                StorageClassName = claim.Spec.StorageClassName,
                VolumeMode = claim.Spec.VolumeMode ?? "Filesystem",
                HostPath = new V1HostPathVolumeSource
                {
                    Path = $"{root}/{name}_{claim.Metadata.NamespaceProperty}_{claim.Metadata.Name}",
                    Type = "DirectoryOrCreate",
                },
                NodeAffinity = new V1VolumeNodeAffinity
                {
                    Required = new V1NodeSelector
                    {
                        NodeSelectorTerms =
                        [
                            new V1NodeSelectorTerm
                            {
                                MatchExpressions =
                                    [new V1NodeSelectorRequirement { Key = "kubernetes.io/hostname", OperatorProperty = "In", Values = [node] }],
                            },
                        ],
                    },
                },
                ClaimRef = new V1ObjectReference
                {
                    ApiVersion = "v1",
                    Kind = "PersistentVolumeClaim",
                    NamespaceProperty = claim.Metadata.NamespaceProperty,
                    Name = claim.Metadata.Name,
                    Uid = claim.Metadata.Uid,
                },
            },
        };
    }

    private static async Task<Result> ProvisionAsync(
        Cache cache, NamespacedName key, string provisioner, string root, CancellationToken cancellation)
    {
        if (cache.Informer<V1PersistentVolumeClaim>().Get(key.Namespace, key.Name) is { } claim && !claim.IsDeleting() &&
            string.IsNullOrEmpty(claim.Spec.VolumeName) &&
            claim.Metadata.Annotations?.TryGetValue(StorageProvisioner, out var asked) == true && asked == provisioner &&
            claim.Metadata.Annotations.TryGetValue(SelectedNode, out var node))
        {
            await cache.Client.ApplyAsync(VolumeFor(claim, node, provisioner, root), "local-path-provisioner", cancellation);
        }

        return Result.Done;
    }

    private static async Task<Result> ReleaseAsync(Cache cache, NamespacedName key, string provisioner, CancellationToken cancellation)
    {
        if (cache.Informer<V1PersistentVolume>().Get(null, key.Name) is { Status.Phase: "Released" } volume && !volume.IsDeleting() &&
            volume.Spec.PersistentVolumeReclaimPolicy == "Delete" &&
            volume.Metadata.Annotations?.TryGetValue(ProvisionedBy, out var by) == true && by == provisioner)
        {
            await cache.Client.DeleteAsync<V1PersistentVolume>(null, key.Name, cancellation, uid: volume.Metadata.Uid);
        }

        return Result.Done;
    }
}
