using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Machines;
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
        var host = HostInterface(request);
        await DeleteLinkAsync(host, cancellation);
        var passing = "mv" + host[..Math.Min(10, host.Length)];
        await node.Links.BatchAsync(
            [
                $"link add {host} mtu {node.Settings.Network.Mtu} type veth peer name {passing} netns {request.NetworkNamespace}",
                $"link set {host} up",
            ],
            cancellation);
        new AttachmentState(host, request.InterfaceName).Save(Machine, request.ContainerId);
        await PodInterface.ConfigureAsync(node.Links, request, passing, network, node.Settings.Network.Mtu, cancellation);

        var rows = new RowSet(Owner(request));
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
                    ["ip_addresses"] = network.Address.ToString(),
                },
            });
        await ovs.ApplyAsync(rows, cancellation);
        await ovs.Client.Replica.WaitForAsync(
            s => s.Named<Interface>(host)?.ExternalIds.GetValueOrDefault("ovn-installed") == "true", cancellation);
        return (network, new Attached(host));
    }

    /// <inheritdoc />
    public async Task DeleteAsync(CniRequest request, CancellationToken cancellation)
    {
        await ovs.ApplyAsync(new RowSet(Owner(request)), cancellation);
        await DeleteLinkAsync(HostInterface(request), cancellation);
        AttachmentState.Remove(Machine, request.ContainerId);
    }

    private static string Owner(CniRequest request) => "sandbox-" + request.ContainerId;

    private static string HostInterface(CniRequest request) => request.ContainerId[..Math.Min(15, request.ContainerId.Length)];

    private async Task DeleteLinkAsync(string name, CancellationToken cancellation)
    {
        if (await node.Links.FindAsync(name, cancellation) is not null)
        {
            await node.Links.BatchAsync([$"link delete {name}"], cancellation);
        }
    }
}
