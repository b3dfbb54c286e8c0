using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;
using Microsoft.Extensions.Logging;
using OpenVSwitch = Dpf.Ovn.Node.OpenVSwitch;

namespace Dpf.Ovn.CniServer;

/// <summary>Gives a pod one end of a veth pair and the node's own br-int the other.</summary>
public sealed class VethAttachment(NodeContext node, OpenVSwitch ovs) : IPodAttachment
{
    private readonly PodLookup _pods = new(node);

    /// <inheritdoc />
    public string? NotReady =>
        ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is null ? "ovn-controller has not made br-int yet" : null;

    private IMachine Machine => node.Component.Machine;

    /// <inheritdoc />
    public async Task<(PodNetwork Network, Attached Attached)> AddAsync(CniRequest request, CancellationToken cancellation)
    {
        var (pod, network) = await _pods.WaitAsync(request, _ => true, cancellation);
        var host = HostInterface(request.ContainerId);
        await DeleteLinkAsync(host, cancellation);
        var passing = "mv" + host[..Math.Min(10, host.Length)];
        var (sandbox, mtu) = (new KernelNetwork(Machine, request.NetworkNamespace), node.Settings.Network.Mtu);
        await node.Kernel.ApplyAsync(
            cancellation, new AddVeth(host, passing, sandbox.Namespace, mtu), new SetLink(host) { IsUp = true });
        new AttachmentState(host, request.InterfaceName)
        {
            NetworkNamespace = request.NetworkNamespace,
            Pod = $"{request.Namespace}/{request.Pod}",
            NetworkName = request.Config.Name,
            Addresses = network.Write(),
            Mtu = mtu,
        }.Save(Machine, request.ContainerId);

        // Before the first packet, which would otherwise go out without a checksum.
        sandbox.CompleteChecksums(passing);
        await sandbox.ApplyAsync(
            cancellation,
            [
                PodInterface.Of(passing, request.InterfaceName, network, mtu),
                .. PodInterface.Surroundings(request.InterfaceName, network),
            ]);

        var rows = new RowSet(Owner(request.ContainerId));
        rows.Existing<Bridge>(OpenVSwitch.IntegrationBridge)
            .Add("ports", host, new Port { Name = host, OtherConfig = new Dictionary<string, string> { ["transient"] = "true" } })
            .Add("interfaces", host, new Interface
            {
                Name = host,
                ExternalIds = new Dictionary<string, string>
                {
                    ["attached_mac"] = network.Mac,
                    ["iface-id"] = ZonePod.PortOf(request.Namespace, request.Pod),
                    ["iface-id-ver"] = pod.Metadata.Uid,
                    ["sandbox"] = request.ContainerId,
                    ["ip_addresses"] = string.Join(',', network.Addresses.Select(a => a.Address)),
                },
            });
        await ovs.ApplyAsync(rows, cancellation);
        await ovs.Client.Replica.WaitForAsync(
            s => s.Named<Interface>(host)?.ExternalIds.GetValueOrDefault("ovn-installed") == "true", cancellation);
        return (network, new Attached(host));
    }

    /// <inheritdoc />
    public Task DeleteAsync(CniRequest request, CancellationToken cancellation) => CollectAsync(request.ContainerId, cancellation);

    /// <inheritdoc />
    public async Task CollectAsync(string containerId, CancellationToken cancellation)
    {
        await ovs.ApplyAsync(new RowSet(Owner(containerId)), cancellation);
        await DeleteLinkAsync(HostInterface(containerId), cancellation);
        AttachmentState.Remove(Machine, containerId);
    }

    /// <summary>One pass over all sandboxes: collects those that ended without a DEL, and gives the others the network's MTU.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var mtu = node.Settings.Network.Mtu;
        foreach (var (id, state) in AttachmentState.All(Machine))
        {
            if (state.NetworkNamespace is not { } ns)
            {
                continue;
            }

            if (!File.Exists(Machine.Path(ns)))
            {
                await CollectAsync(id, cancellation);
                node.Logger.LogInformation("pod {Pod}: its sandbox ended without a DEL; its port is gone", state.Pod);
            }
            else if (state.Mtu != mtu)
            {
                await node.Kernel.ApplyAsync(cancellation, new SetLink(state.Device) { Mtu = mtu });
                await new KernelNetwork(Machine, ns).ApplyAsync(cancellation, new SetLink(state.InterfaceName) { Mtu = mtu });
                (state with { Mtu = mtu }).Save(Machine, id);
            }
        }
    }

    private static string Owner(string containerId) => "sandbox-" + containerId;

    private static string HostInterface(string containerId) => containerId[..Math.Min(15, containerId.Length)];

    private async Task DeleteLinkAsync(string name, CancellationToken cancellation)
    {
        if (node.Kernel.Has(name))
        {
            await node.Kernel.ApplyAsync(cancellation, new DeleteLink(name));
        }
    }
}
