using System.Text.Json;
using Dpf.Chaining.Switching;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;

namespace Dpf.Chaining.OvsCni;

/// <summary>A pod's interface on a bridge, as it is kept in a file.</summary>
/// <param name="Container">The sandbox.</param>
/// <param name="Interface">The interface in the pod.</param>
/// <param name="Namespace">The pod's network namespace.</param>
/// <param name="Bridge">The bridge.</param>
/// <param name="Port">The port: the interface's other end, or its representor.</param>
/// <param name="DpfId">What chains know the interface by.</param>
/// <param name="Type">The interface row's type where devices are opened through DPDK.</param>
/// <param name="Mtu">The MTU, or null.</param>
/// <param name="Vlan">The VLAN, or null.</param>
/// <param name="Device">The device that was given to the pod, to return it; null for a veth.</param>
/// <param name="Trunks">The VLANs that pass with their tags; null or empty for all.</param>
/// <param name="Number">The OpenFlow port number that the network asks for; null for any.</param>
public sealed record Attachment(
    string Container, string Interface, string Namespace, string Bridge, string Port, string DpfId, string Type, int? Mtu, int? Vlan,
    string? Device, IReadOnlyList<int>? Trunks = null, int? Number = null)
{
    /// <summary>The owner of the rows.</summary>
    public const string Owner = "ovs-cni";

    private const string ServiceBridge = "br-sfc";
    private const string HbnBridge = "br-hbn";

    /// <summary>The rows of all attachments.</summary>
    public static RowSet Rows(IEnumerable<Attachment> attachments, SwitchView view)
    {
        var rows = new RowSet(Owner);
        foreach (var attachment in attachments.Where(a => view.Bridges.Contains(a.Bridge)))
        {
            attachment.AddTo(rows, view);
        }

        return rows;
    }

    /// <summary>The attachments that are kept in a folder. A file that says none is nobody's: the others are not held up by it.</summary>
    public static IReadOnlyList<Attachment> Load(string folder) => !Directory.Exists(folder)
        ? []
        : [.. Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal).Select(Read).OfType<Attachment>()];

    /// <summary>The file's name.</summary>
    public string FileName => $"{Container}-{Interface}.json";

    private static Attachment? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<Attachment>(File.ReadAllText(file));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void AddTo(RowSet rows, SwitchView view)
    {
        var port = new Port
        {
            Name = Port,
            VlanMode = Vlan is null ? "trunk" : "access",
            Tag = Vlan,
            Trunks = [.. (Trunks ?? []).Select(t => (long)t)],
            ExternalIds = new Dictionary<string, string>
            {
                ["contNetns"] = Namespace, ["contIface"] = Interface, ["owner"] = "ovs-cni.network.kubevirt.io",
            },
        };
        var device = new Interface { Name = Port, ExternalIds = new Dictionary<string, string> { ["dpf-id"] = DpfId } };
        if (view.Dpdk && Device is not null)
        {
            device.Type = Type;
        }

        if (Number is { } number)
        {
            device.OfportRequest = number;
        }

        if (Mtu > 100)
        {
            device.MtuRequest = Mtu;
        }

        rows.Existing<Bridge>(Bridge).Add("ports", Port, port).Add("interfaces", Port, device);
        if (Bridge == HbnBridge && view.Bridges.Contains(ServiceBridge))
        {
            // HBN's bridge is not the one on which chains connect interfaces: a patch carries the interface there.
            Patch(rows, HbnBridge, $"p{Port}brhbn", $"p{Port}brsfc", new() { ["hbn_rep_ofport"] = Port, ["hbn_netdev"] = Interface });
            Patch(rows, ServiceBridge, $"p{Port}brsfc", $"p{Port}brhbn", new() { ["iface-id"] = Port, ["dpf-id"] = Interface });
        }
    }

    private static void Patch(RowSet rows, string bridge, string name, string peer, Dictionary<string, string> ids)
    {
        var port = new Port { Name = name, ExternalIds = new Dictionary<string, string> { ["owner"] = "ovs-cni.network.kubevirt.io" } };
        var device = new Interface { Name = name, Type = "patch", Options = new Dictionary<string, string> { ["peer"] = peer }, ExternalIds = ids };
        rows.Existing<Bridge>(bridge).Add("ports", name, port).Add("interfaces", name, device);
    }
}
