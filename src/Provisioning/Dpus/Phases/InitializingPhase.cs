using System.Text.Json.Nodes;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The host has to be prepared, and a DPU cluster has to have a place.</summary>
internal static class InitializingPhase
{
    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        var name = scope.Dpu.Spec.NodeName;
        if (scope.Host is not { } host)
        {
            return new Step.Wait("NodeNotFound", $"node {name} does not exist");
        }

        if (host.Metadata.Labels?.ContainsKey(ProvisioningLabels.OobBridgeConfigured) != true)
        {
            return new Step.Wait(
                "DPUOOBBridgeNotConfigured",
                $"node {name} has no label {ProvisioningLabels.OobBridgeConfigured}: its bridge br-dpu must exist and have the default route with a metric above 2");
        }

        if (scope.Label(ProvisioningLabels.PciAddress) is null)
        {
            var pci = scope.Pci ?? DpuSets.HostDpu.Of(host).Select(d => d.Pci)
                .FirstOrDefault(p => scope.Siblings.All(s => new DpuScope(scope.Tools, s).Pci != p));
            if (pci is null)
            {
                return new Step.Wait("PCIAddressUnknown", $"the DPU has no label {ProvisioningLabels.PciAddress} and node {name} shows no DPU that is free");
            }

            // As a DPUSet would have set it.
            await scope.PatchAsync(
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [ProvisioningLabels.PciAddress] = pci.Label } },
                },
                cancellation);
        }

        if (ClusterAllocation.Of(scope.Dpu) is null && await scope.Tools.Allocator.AllocateAsync(scope, cancellation) is { } why)
        {
            return new Step.Wait("DPUClusterNotReady", why);
        }

        return new Step.Advance();
    }
}
