using System.Text.Json.Nodes;
using Dpf.Provisioning.DpuSets;
using Dpf.Provisioning.Flavors;

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
                $"node {name} has no label {ProvisioningLabels.OobBridgeConfigured}: its bridge br-dpu must exist and carry the default route with a metric of 2 or more");
        }

        if (scope.Label(ProvisioningLabels.PciAddress) is null)
        {
            var pci = scope.Pci ?? HostDpu.Of(host).Select(d => d.Pci)
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

        return FlavorProblem(scope) is { } problem ? problem : new Step.Advance();
    }

    /// <summary>
    /// What is wrong with the DPU's flavor, as far as the card has said what it is: known before the host is touched, and looked at
    /// again before the card is.
    /// </summary>
    public static Step.Wait? FlavorProblem(DpuScope scope)
    {
        var name = $"{scope.Key.Namespace}/{scope.Dpu.Spec.DpuFlavor}";
        if (scope.Tools.Pods.Flavor(scope) is not { } flavor)
        {
            return new Step.Wait("DPUFlavorNotFound", $"DPUFlavor {name} does not exist; create it") { IsTrouble = true };
        }

        var card = scope.Host is { } host ? HostDpu.Of(host).FirstOrDefault(d => d.Pci == scope.Pci) : null;
        var problems = card is null ? [] : FlavorFit.Problems(
            flavor, new CardFacts($"the card at {card.Pci.Full}{(card.PartNumber is { } part ? $" ({part})" : "")}", card.MemoryGib));
        return problems.Count == 0
            ? null
            : new Step.Wait("DPUFlavorDoesNotFit", $"DPUFlavor {name} does not fit: {string.Join("; ", problems)}; choose another flavor") { IsTrouble = true };
    }
}
