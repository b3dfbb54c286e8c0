using Dpf.Operator.Applying;
using Dpf.Operator.Inventory;
using Dpf.Runtime.Clusters;

namespace Dpf.Operator.Reconciling;

/// <summary>Takes the system down in stages: users of a thing before the thing.</summary>
/// <param name="client">The management cluster.</param>
public sealed class TearDown(KubeClient client)
{
    private const string Services = "svc.dpu.nvidia.com/v1alpha1";
    private const string Provisioning = "provisioning.dpu.nvidia.com/v1alpha1";

    private static readonly (string ApiVersion, string Kind)[][] Stages =
    [
        [(Services, "DPUDeployment")],
        [(Services, "DPUServiceChain"), (Services, "DPUServiceInterface"), (Services, "DPUServiceIPAM")],
        [(Services, "DPUService"), (Services, "DPUServiceCredentialRequest")],

        // DPUs before their cluster: leaving it needs it.
        [(Provisioning, "DPUSet")],
        [(Provisioning, "DPU")],
        [(Provisioning, "DPUCluster"), (Provisioning, "BFB"), (Provisioning, "DPUFlavor")],
    ];

    /// <summary>One step; what is still there, or null when all is gone.</summary>
    public async Task<string?> StepAsync(string ns, CancellationToken cancellation)
    {
        foreach (var stage in Stages)
        {
            var left = new List<string>();
            foreach (var (version, kind) in stage)
            {
                foreach (var value in await ListAsync(version, kind, cancellation))
                {
                    var (itsNamespace, name) = ((string?)value["metadata"]!["namespace"], (string)value["metadata"]!["name"]!);
                    left.Add($"{kind} {itsNamespace}/{name}");
                    if (value["metadata"]!["deletionTimestamp"] is null)
                    {
                        await client.DeleteAsync(version, kind, itsNamespace, name, cancellation);
                    }
                }
            }

            if (left.Count > 0)
            {
                return string.Join(", ", left);
            }
        }

        foreach (var component in ComponentInventory.All)
        {
            if (!await new ApplySet(client, component.Name, ns).DeleteAsync(cancellation))
            {
                return $"the objects of {component.Name}";
            }
        }

        return null;
    }

    private async Task<IReadOnlyList<System.Text.Json.Nodes.JsonObject>> ListAsync(
        string version, string kind, CancellationToken cancellation)
    {
        try
        {
            return await client.ListAsync(version, kind, null, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return [];
        }
    }
}
