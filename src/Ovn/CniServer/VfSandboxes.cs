using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.CniServer;

/// <summary>
/// The VFs of a host's sandboxes: moves them in and back, and looks after them meanwhile. When the DPU reboots the VFs go, from
/// sandboxes too, and come back on the host as new devices: each is put back where it was. What a sandbox left that ended without
/// a DEL is cleaned up.
/// </summary>
/// <param name="machine">The host.</param>
/// <param name="pci">Its network functions.</param>
/// <param name="mtu">The network's MTU.</param>
/// <param name="logger">Told what was repaired.</param>
internal sealed class VfSandboxes(IMachine machine, PciDevices pci, int mtu, ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly KernelNetwork _host = new(machine);

    /// <summary>The name that a VF has on the host now; null while it is not there, or in a sandbox.</summary>
    public string? OnHost(string? pciAddress, string? otherName = null) => NameOnHost(_host.Has, pciAddress, otherName);

    /// <summary>Moves the VF into its sandbox, if it is not there yet, and makes it the pod's interface.</summary>
    public async Task EnterAsync(string containerId, AttachmentState state, PodNetwork network, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            // First: whatever happens from here on, the state says what has to be undone or done again.
            state.Save(machine, containerId);
            await MoveInAsync(state, network, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Moves the VF back to the host under its own name and forgets the sandbox.</summary>
    public async Task LeaveAsync(string containerId, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await LeaveInTurnAsync(containerId, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>One pass over all sandboxes.</summary>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        // One look at the host for all of them: nearly always there is nothing to do.
        var onHost = _host.Names();
        foreach (var id in AttachmentState.All(machine).Where(s => IsAmiss(s.State, onHost)).Select(s => s.ContainerId))
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                // Anew: a DEL may have come first.
                if (AttachmentState.Load(machine, id) is { } state)
                {
                    await RestoreAsync(id, state, cancellation);
                }
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                // The others do not wait for this one.
                logger.LogWarning("sandbox {Sandbox}: {Message}; trying again", id, e.Message);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private bool IsAmiss(AttachmentState state, IReadOnlySet<string> onHost) =>
        state.NetworkNamespace is { } ns &&
        (!File.Exists(machine.Path(ns)) || NameOnHost(onHost.Contains, state.PciAddress, state.Device) is not null || state.Mtu != mtu);

    private string? NameOnHost(Func<string, bool> isOnHost, string? pciAddress, string? otherName) =>
        new[] { pciAddress is null ? null : pci.NetdevAt(pciAddress), otherName }.FirstOrDefault(n => n is not null && isOnHost(n));

    private async Task RestoreAsync(string id, AttachmentState state, CancellationToken cancellation)
    {
        if (state.NetworkNamespace is not { } ns || PodNetwork.Parse(state.Addresses) is not { } network)
        {
            return;
        }

        if (!File.Exists(machine.Path(ns)))
        {
            await LeaveInTurnAsync(id, cancellation);
            logger.LogInformation("pod {Pod}: its sandbox ended without a DEL; {Device} is free again", state.Pod, state.Device);
            return;
        }

        if (OnHost(state.PciAddress, state.Device) is not null)
        {
            state = state with { Mtu = mtu };
            state.Save(machine, id);
            await MoveInAsync(state, network, cancellation);
            logger.LogInformation(
                "pod {Pod}: {Device} came back and is its {Interface} again, {Address}", state.Pod, state.Device, state.InterfaceName,
                string.Join(", ", network.Addresses.Select(a => a.Address)));
        }
        else if (state.Mtu != mtu)
        {
            await In(ns).ApplyAsync(cancellation, new SetLink(state.InterfaceName) { Mtu = mtu });
            (state with { Mtu = mtu }).Save(machine, id);
        }
    }

    private async Task MoveInAsync(AttachmentState state, PodNetwork network, CancellationToken cancellation)
    {
        var sandbox = In(state.NetworkNamespace!);
        var name = state.InterfaceName;
        if (OnHost(state.PciAddress, state.Device) is { } device)
        {
            await _host.ApplyAsync(cancellation, PodInterface.Of(device, name, network, state.Mtu, sandbox.Namespace));
        }
        else
        {
            // Down first: not every driver takes another MAC address while it is up.
            await sandbox.ApplyAsync(cancellation, new SetLink(name) { IsUp = false }, PodInterface.Of(name, name, network, state.Mtu));
        }

        await sandbox.ApplyAsync(cancellation, PodInterface.Surroundings(name, network));
    }

    private async Task LeaveInTurnAsync(string containerId, CancellationToken cancellation)
    {
        if (AttachmentState.Load(machine, containerId) is not { } state)
        {
            return;
        }

        if (state.NetworkNamespace is { } ns && File.Exists(machine.Path(ns)))
        {
            try
            {
                await In(ns).ApplyAsync(
                    cancellation, new SetLink(state.InterfaceName) { NewName = state.Device, IsUp = false, Namespace = machine.Network });
            }
            catch (NetlinkException) when (OnHost(state.PciAddress, state.Device) is not null)
            {
                // It is on the host already: a DEL that was cut short, or one after the DPU's reboot.
            }
            catch (NetlinkException e) when (e.IsNoSuchDevice)
            {
                logger.LogInformation("pod {Pod}: {Device} is not in its sandbox any more", state.Pod, state.Device);
            }
        }
        else if (OnHost(state.PciAddress) is { } name && name != state.Device)
        {
            // The kernel gives a VF back under the name that it had in the pod.
            await _host.ApplyAsync(
                cancellation, new SetLink(name) { IsUp = false }, new SetLink(name) { NewName = state.Device });
        }

        AttachmentState.Remove(machine, containerId);
    }

    private KernelNetwork In(string networkNamespace) => new(machine, networkNamespace);
}
