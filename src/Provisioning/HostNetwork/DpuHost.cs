using System.Globalization;
using Dpf.Provisioning.Detection;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;

namespace Dpf.Provisioning.HostNetwork;

/// <summary>The host of a DPU: what its network should be, and the steps towards it. Each pass looks anew.</summary>
/// <param name="machine">The host.</param>
/// <param name="functions">Its PCI functions.</param>
/// <param name="card">The card's address without the function, e.g. <c>0000:03:00</c>.</param>
/// <param name="virtualFunctions">How many virtual functions each port of the card should have.</param>
/// <param name="mtu">The MTU of the first one.</param>
internal sealed class DpuHost(IMachine machine, PciFunctions functions, string card, int virtualFunctions, int mtu)
{
    /// <summary>The bridge that connects a host with its DPUs; the site makes it.</summary>
    public const string Bridge = "br-dpu";

    private readonly KernelNetwork _kernel = new(machine);

    /// <summary>What the last pass found that is not as wanted, and cannot be changed while the host is up; null for nothing.</summary>
    public string? Remark { get; private set; }

    /// <summary>One pass; null when all is as it should be, else what is missing.</summary>
    /// <exception cref="IOException">The kernel, or the card's driver, refuses a change.</exception>
    public async Task<string?> ConvergeAsync(CancellationToken cancellation)
    {
        Remark = null;
        var first = card + ".0";
        if (!functions.Has(first))
        {
            return $"there is no PCI function {first}; the card may be in a reset";
        }

        if (EnsureVirtualFunctions(first) is { } refusal)
        {
            return refusal;
        }

        if (functions.IsBlueField(card + ".1") && EnsureVirtualFunctions(card + ".1") is { } second)
        {
            return second;
        }

        var links = _kernel.Links();
        if (links.FirstOrDefault(l => l.Name == Bridge) is not { Kind: "bridge" } bridge || bridge.Addresses.All(a => a.Family != IpFamily.V4))
        {
            return $"the bridge {Bridge} is not there or has no IPv4 address; set it up as the host's management network";
        }

        return functions.VirtualFunctions(first) is [var vf, ..]
            ? await EnsureAttachedAsync(vf, links, bridge, cancellation)
            : $"the virtual functions of {first} are not there yet";
    }

    /// <summary>
    /// Makes virtual functions where there are none. Another number than wanted stays until the host reboots, as changing it takes
    /// away the devices of running pods: DPUs are provisioned with a reboot.
    /// </summary>
    private string? EnsureVirtualFunctions(string function)
    {
        if (functions.VirtualFunctionCount(function) is not var (count, limit))
        {
            return $"{function} can have no virtual functions; enable SR-IOV in the firmware (SRIOV_EN)";
        }

        if (virtualFunctions > limit)
        {
            return $"{function} can have {limit} virtual functions, {virtualFunctions} are wanted; raise NUM_OF_VFS in the firmware, or lower it in the DPUFlavor";
        }

        if (count == 0)
        {
            functions.CreateVirtualFunctions(function, virtualFunctions);
        }
        else if (count != virtualFunctions)
        {
            Remark = string.Create(
                CultureInfo.InvariantCulture,
                $"{function} has {count} virtual functions (sriov_numvfs) instead of {virtualFunctions}, which somebody else made; they can be changed only by a restart of the host");
        }

        return null;
    }

    private async Task<string?> EnsureAttachedAsync(string function, IReadOnlyList<Link> links, Link bridge, CancellationToken cancellation)
    {
        if (functions.NetDevice(function) is not { } device || links.FirstOrDefault(l => l.Name == device) is not { } link)
        {
            return $"the first virtual function, {function}, has no network device yet";
        }

        if (link.Master != bridge.Index || link.Mtu != mtu || !link.IsUp)
        {
            await _kernel.ApplyAsync(cancellation, new SetLink(device) { Mtu = mtu, Master = Bridge, IsUp = true });
        }

        return null;
    }
}
