using System.Net;
using System.Net.Sockets;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Provisioning.DpuSets;

/// <summary>The DPU that a DPUSet wants: pure.</summary>
internal static class DpuRendering
{
    /// <summary>The DPU for a card; a new image or flavor counts only for one that is made anew.</summary>
    /// <param name="set">The set.</param>
    /// <param name="node">The host.</param>
    /// <param name="card">The card.</param>
    /// <param name="present">The DPU that there is; null for a new one.</param>
    public static Dpu Of(DpuSet set, V1Node node, HostDpu card, Dpu? present)
    {
        var template = set.Spec.DpuTemplate?.Spec ?? new DpuTemplateSpec();
        var labels = new Dictionary<string, string>(set.Metadata.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            // Last: a label of the set may not lead its DPUs away from it.
            [ProvisioningLabels.DpuSetName] = set.Metadata.Name,
            [ProvisioningLabels.DpuSetNamespace] = set.Metadata.NamespaceProperty,
            [ProvisioningLabels.PciAddress] = card.Pci.Label,
        };
        if (card.PfName is { } pf)
        {
            labels[ProvisioningLabels.PfName] = pf;
        }

        if (HostIp(node) is { } address)
        {
            labels[ProvisioningLabels.HostIp] = LabelValues.Of(address);
        }

        return new Dpu
        {
            Metadata = new V1ObjectMeta
            {
                Name = DpuNames.Dpu(node.Metadata.Name, card.Pci.Label),
                NamespaceProperty = set.Metadata.NamespaceProperty,
                Labels = labels,
                Finalizers = [ProvisioningLabels.DpuFinalizer],
                Annotations = set.Spec.DpuTemplate?.Annotations is { Count: > 0 } annotations ? new Dictionary<string, string>(annotations) : null,
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = set.ApiVersion,
                        Kind = set.Kind,
                        Name = set.Metadata.Name,
                        Uid = set.Metadata.Uid,
                        Controller = true,
                        BlockOwnerDeletion = true,
                    },
                ],
            },
            Spec = new DpuSpec
            {
                NodeName = node.Metadata.Name,
                Bfb = present?.Spec.Bfb ?? template.Bfb?.Name ?? "",
                DpuFlavor = present is null ? template.DpuFlavor : present.Spec.DpuFlavor,
                NodeEffect = template.NodeEffect,
                AutomaticNodeReboot = template.AutomaticNodeReboot ?? true,
                Cluster = template.Cluster?.NodeLabels is { Count: > 0 } nodeLabels
                    ? new DpuSpecCluster { NodeLabels = new Dictionary<string, string>(nodeLabels) }
                    : null,
            },
        };
    }

    /// <summary>Whether a DPU was made from another image or flavor than the set says now.</summary>
    public static bool IsOutdated(DpuSet set, Dpu dpu)
    {
        var template = set.Spec.DpuTemplate?.Spec;
        return dpu.Spec.Bfb != (template?.Bfb?.Name ?? "") || (dpu.Spec.DpuFlavor ?? "") != (template?.DpuFlavor ?? "");
    }

    private static string? HostIp(V1Node node)
    {
        var addresses = (node.Status?.Addresses ?? []).Where(a => a.Type == "InternalIP").Select(a => a.Address).ToList();
        return addresses.FirstOrDefault(a => IPAddress.TryParse(a, out var ip) && ip.AddressFamily == AddressFamily.InterNetwork) ?? addresses.FirstOrDefault();
    }
}
