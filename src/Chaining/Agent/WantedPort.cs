using Dpf.Api.Services;
using Dpf.Chaining.Switching;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;

namespace Dpf.Chaining.Agent;

/// <summary>A port that an interface needs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bridge">Its bridge.</param>
/// <param name="Peer">The other end of a patch; null for a device.</param>
/// <param name="DpfId">The <c>dpf-id</c> of its interface row; null for none.</param>
/// <param name="IsPhysical">Whether it leads to the wire.</param>
public sealed record WantedPort(string Name, string Bridge, string? Peer, string? DpfId, bool IsPhysical = false)
{
    /// <summary>The bridge on which chains connect interfaces.</summary>
    public const string ServiceBridge = "br-sfc";

    /// <summary>OVN's bridge towards the wire.</summary>
    public const string OvnBridge = "br-ovn";

    /// <summary>The end of OVN's patch on <see cref="ServiceBridge"/>.</summary>
    public const string OvnPatch = "puplinkbrsfc";

    /// <summary>The end of OVN's patch on <see cref="OvnBridge"/>; OVN's agent knows it by this name.</summary>
    public const string OvnUplink = "puplinkbrovn";

    private const string Patch = "patch";

    /// <summary>The owner of rows in the switch's database.</summary>
    public const string Owner = "sfc-controller";

    /// <summary>The ports that the agent has to make for an interface; none where somebody else does.</summary>
    public static IReadOnlyList<WantedPort> Of(ServiceInterface value)
    {
        var id = $"{value.Metadata.NamespaceProperty}/{value.Metadata.Name}";
        return value.Spec switch
        {
            { InterfaceType: "physical", Physical: { } physical } => [new(physical.InterfaceName, ServiceBridge, null, id, true)],
            { InterfaceType: "pf", Pf: { } pf } => [new($"pf{pf.PfId}hpf", ServiceBridge, null, id)],
            { InterfaceType: "vf", Vf: { } vf } => [new($"pf{vf.PfId}vf{vf.VfId}", ServiceBridge, null, id)],
            { InterfaceType: "ovn" } => [new(OvnPatch, ServiceBridge, OvnUplink, id), new(OvnUplink, OvnBridge, OvnPatch, null)],
            _ => [],
        };
    }

    /// <summary>Why the port cannot be as wanted; null when nothing is in its way.</summary>
    public string? Obstacle(SwitchView view) =>
        !view.Bridges.Contains(Bridge)
            ? $"there is no bridge {Bridge}: the DPUFlavor's OVS script has to make it"
            : view.Ports.GetValueOrDefault(Name) switch
            {
                { } port when port.Bridge != Bridge => $"port {Name} is on bridge {port.Bridge}, not {Bridge}: remove it there, or choose another interface",
                { Type: Patch } port when port.Owner != Owner && Peer is null => $"port {Name} of {Bridge} is a patch, not a device: choose another interface",
                { Type: not Patch } port when port.Owner != Owner && Peer is not null =>
                    $"port {Name} of {Bridge} is no patch: remove it, so that the one to {Peer} can be made",
                _ => null,
            };

    /// <summary>Adds the port's rows to a set. One that somebody else made is only marked, and stays when its interface goes.</summary>
    public void AddTo(RowSet rows, SwitchView view)
    {
        var ids = DpfId is null
            ? new Dictionary<string, string>()
            : new Dictionary<string, string> { [DpfIdKey] = DpfId };
        if (view.Ports.TryGetValue(Name, out var now) && now.Owner != Owner)
        {
            if (ids.Count > 0)
            {
                rows.Existing<Interface>(Name).Merge("external_ids", ids);
            }

            return;
        }

        var port = new Port { Name = Name };
        if (IsPhysical)
        {
            port.ExternalIds = new Dictionary<string, string> { ["dpf-type"] = "physical" };
        }

        var device = new Interface { Name = Name, ExternalIds = ids };
        if (Peer is not null)
        {
            device.Type = Patch;
            device.Options = new Dictionary<string, string> { ["peer"] = Peer };
        }
        else if (view.Dpdk)
        {
            device.Type = "dpdk";
        }

        rows.Existing<Bridge>(Bridge).Add("ports", Name, port).Add("interfaces", Name, device);
    }

    /// <summary>The key that says whose an interface row is.</summary>
    public const string DpfIdKey = "dpf-id";
}
