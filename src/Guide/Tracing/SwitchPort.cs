using System.Text.Json.Nodes;

namespace Dpf.Guide.Tracing;

/// <summary>An interface of Open vSwitch.</summary>
/// <param name="Name">Its name, e.g. the representor <c>pf0vf3</c>.</param>
/// <param name="LinkState"><c>up</c> or <c>down</c>.</param>
/// <param name="Options">Its options: a tunnel's ends.</param>
/// <param name="Installed">Whether OVN has installed its flows.</param>
/// <param name="Error">What Open vSwitch could not do with it; empty when nothing.</param>
public sealed record SwitchPort(string Name, string LinkState, IReadOnlyDictionary<string, string> Options, bool Installed, string Error)
{
    private const string Columns = "--columns=name,link_state,options,external_ids,error";

    /// <summary>What keeps it from passing packets; null when nothing does.</summary>
    public string? Problem =>
        Error.Length > 0 ? $"Open vSwitch cannot use {Name}: {Error}"
        : LinkState == "down" ? $"the link of {Name} is down"
        : !Installed ? $"ovn-controller has not installed the flows of {Name}"
        : null;

    /// <summary>The interface that belongs to a logical port; null when there is none.</summary>
    public static async Task<SwitchPort?> OfLogicalPortAsync(NodeSwitching zone, string logicalPort, CancellationToken cancellation) =>
        await FindAsync(zone, $"external_ids:iface-id={logicalPort}", cancellation) is [var port, ..] ? port : null;

    /// <summary>The tunnels of a machine.</summary>
    public static Task<IReadOnlyList<SwitchPort>> TunnelsAsync(NodeSwitching zone, CancellationToken cancellation) =>
        FindAsync(zone, "type=geneve", cancellation);

    /// <summary>Reads the database's answer.</summary>
    internal static IReadOnlyList<SwitchPort> Parse(string json) =>
    [
        .. (JsonNode.Parse(json)?["data"] as JsonArray ?? []).OfType<JsonArray>().Select(row =>
        {
            var ids = Map(row[3]);
            return new SwitchPort(Text(row[0]), Text(row[1]), Map(row[2]), ids.GetValueOrDefault("ovn-installed") == "true", Text(row[4]));
        }),
    ];

    private static async Task<IReadOnlyList<SwitchPort>> FindAsync(NodeSwitching zone, string condition, CancellationToken cancellation) =>
        Parse(await zone.AskAsync(cancellation, "ovs-vsctl", "--format=json", Columns, "find", "interface", condition));

    // The wire writes an absent value as an empty set.
    private static string Text(JsonNode? node) => node is JsonValue value ? value.ToString() : "";

    private static Dictionary<string, string> Map(JsonNode? node) => node is JsonArray { Count: 2 } pair && pair[1] is JsonArray entries
        ? entries.OfType<JsonArray>().ToDictionary(entry => entry[0]!.ToString(), entry => entry[1]!.ToString(), StringComparer.Ordinal)
        : [];
}
