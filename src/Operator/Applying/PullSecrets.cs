using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Operator.Applying;

/// <summary>Marks the configured pull secrets, which the services' controller then mirrors to the DPU clusters.</summary>
public static class PullSecrets
{
    /// <summary>The mark.</summary>
    public const string Label = "dpu.nvidia.com/image-pull-secret";

    private const string FieldManager = "dpfoperatorconfig-controller";

    /// <summary>
    /// Marks those that are listed, and takes the mark from those that the operator itself marked and that are listed no more.
    /// </summary>
    /// <exception cref="InvalidOperationException">A listed one does not exist.</exception>
    public static async Task ReconcileAsync(KubeClient client, string ns, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var marked = await client.ListAsync<V1Secret>(ns, cancellation, Label);
        foreach (var secret in marked.Where(s => !names.Contains(s.Metadata.Name) && IsOurs(s)))
        {
            await MarkAsync(client, ns, secret.Metadata.Name, null, cancellation);
        }

        foreach (var name in names.Where(n => marked.All(s => s.Metadata.Name != n)))
        {
            _ = await client.GetAsync<V1Secret>(ns, name, cancellation) ?? throw new InvalidOperationException(
                $"spec.imagePullSecrets: Secret {ns}/{name} does not exist; create it with kubectl create secret docker-registry");
            await MarkAsync(client, ns, name, "", cancellation);
        }
    }

    // Others mark secrets too, e.g. a DPUServiceCredentialRequest whose secret shall reach the DPU clusters.
    private static bool IsOurs(V1Secret secret) => secret.Metadata.ManagedFields?.Any(f =>
        f.Manager == FieldManager && JsonSerializer.Serialize(f.FieldsV1).Contains("f:" + Label, StringComparison.Ordinal)) == true;

    private static Task MarkAsync(KubeClient client, string ns, string name, string? value, CancellationToken cancellation) =>
        client.PatchAsync<V1Secret>(
            ns, name, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [Label] = value } } }, cancellation,
            fieldManager: FieldManager);
}
