using System.Globalization;
using System.Text;
using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>The rows that policies are made of: groups of ports, sets of addresses, access control lists.</summary>
internal sealed class AclRows
{
    /// <summary>The meter that bounds what is logged.</summary>
    private const string LogMeter = "acl-logging";

    // Longer lists of networks are worth a set of their own.
    private const int InlineNetworks = 8;

    private readonly RowSet _rows;
    private readonly RowHandle _nodeSwitch;
    private readonly IReadOnlyList<IpFamily> _families;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> _sets;
    private readonly HashSet<string> _added = new(StringComparer.Ordinal);

    public AclRows(RowSet rows, RowHandle nodeSwitch, ZoneFacts facts)
    {
        (_rows, _nodeSwitch, _sets) = (rows, nodeSwitch, facts.Policies.PeerSets);
        _families = [.. facts.Network.Families.Select(f => f.Family)];
        rows.Add(LogMeter, new Meter { Name = LogMeter, Unit = "pktps", Fair = true })
            .Add("bands", "drop", new MeterBand { Action = "drop", Rate = 20 });
    }

    /// <summary>A group of logical ports of the zone's pods.</summary>
    public RowHandle Group(string id, IEnumerable<string> ports) => _rows
        .Add(id, new PortGroup { Name = Hash(id), ExternalIds = Map(("k8s.ovn.org/id", id)) })
        .Include("ports", [.. ports.Select(p => (RowReference)new RowKey(LogicalSwitchPort.TableName, $"{_nodeSwitch.Key.Key}/{p}"))]);

    /// <summary>The matches of peers at the other end: none for nobody.</summary>
    /// <param name="id">Names the sets of addresses that no other rule has.</param>
    /// <param name="ingress">Whether the peers are the source.</param>
    /// <param name="peers">The peers.</param>
    public IEnumerable<string> Peers(string id, bool ingress, ZonePeers peers)
    {
        if (peers.Anyone)
        {
            return [Any(_families.Select(f => f.Match))];
        }

        var pods = _families.Select(f => (Field: Field(f, ingress), Names: peers.Sets.Select(s => Set(s, f)).OfType<string>().ToList()))
            .Where(f => f.Names.Count > 0)
            .Select(f => f.Names is [var only]
                ? $"{f.Field} == ${only}"
                : $"{f.Field} == {{{string.Join(", ", f.Names.Select(n => "$" + n))}}}")
            .ToList();
        return
        [
            .. pods.Count > 0 ? (string[])[Any(pods)] : [],
            .. _families.Select(f => Networks(id, f, Field(f, ingress), peers.Addresses)).OfType<string>(),
        ];
    }

    /// <summary>Keeps addresses that no rule has to refer to.</summary>
    public void Keep(string id, IReadOnlyList<IpAddress> addresses)
    {
        foreach (var family in _families)
        {
            if (addresses.Where(a => a.Family == family).Select(a => a.ToString()).ToList() is { Count: > 0 } some)
            {
                Add(Id(id, family), some);
            }
        }
    }

    /// <summary>Adds a rule to a switch or a group.</summary>
    public static void Add(RowHandle parent, string key, AclRow acl)
    {
        var severity = acl.Action == "drop" ? acl.Logging.Deny : acl.Logging.Allow;
        var row = new Acl
        {
            Direction = acl.Ingress ? "to-lport" : "from-lport",
            Priority = acl.Priority,
            Match = acl.Match,
            Action = acl.Action,

            // After load balancing: policies mean the pods behind a service.
            Options = acl.Ingress ? Map() : Map(("apply-after-lb", "true")),
            Log = severity is not null,
            Severity = severity,
            Meter = LogMeter,
            ExternalIds = Map(("k8s.ovn.org/id", $"{parent.Key.Key}:{key}")),
        };

        // The database allows 63 characters.
        row.Name = acl.Name is { Length: > 63 } name ? name[..63] : acl.Name;
        parent.Add("acls", key, row);
    }

    /// <summary>A direction's match of the ports in a group.</summary>
    public static string Side(bool ingress, RowHandle group) =>
        $"{(ingress ? "outport" : "inport")} == @{((PortGroup)group.Row).Name}";

    /// <summary>Terms of which one has to hold.</summary>
    public static string Any(IEnumerable<string> terms) => terms.ToList() is [var only] ? only : $"({string.Join(" || ", terms)})";

    /// <summary>Terms that all have to hold; empty ones say nothing.</summary>
    public static string All(params IEnumerable<string> terms) => string.Join(" && ", terms.Where(t => t.Length > 0));

    /// <summary>Names in matches allow few characters: <c>a</c> and the decimal FNV-1a of the identifier.</summary>
    private static string Hash(string id)
    {
        var hash = 14695981039346656037UL;
        foreach (var octet in Encoding.UTF8.GetBytes(id))
        {
            hash = unchecked((hash ^ octet) * 1099511628211UL);
        }

        return "a" + hash.ToString(CultureInfo.InvariantCulture);
    }

    private static string Field(IpFamily family, bool ingress) => family.Match + (ingress ? ".src" : ".dst");

    /// <summary>The match of networks of a family; null when there are none.</summary>
    private string? Networks(string id, IpFamily family, string field, IpSet addresses) => addresses.HasAll(family)
        ? family.Match
        : addresses.Texts(family).ToList() switch
        {
            [] => null,
            [var only] => $"{field} == {only}",
            { Count: <= InlineNetworks } networks => $"{field} == {{{string.Join(", ", networks)}}}",
            var networks => $"{field} == ${Add(Id($"{id}:networks", family), networks)}",
        };

    /// <summary>The set of a selector's pods in a family; null when there are none.</summary>
    private string? Set(string key, IpFamily family) => _sets[key].Where(a => a.Family == family).Select(a => a.ToString()).ToList()
        is { Count: > 0 } addresses
            ? Add(Id("PodSelector:" + key, family), addresses)
            : null;

    private static string Id(string id, IpFamily family) => family == IpFamily.V4 ? id : id + ":v6";

    private string Add(string id, IEnumerable<string> addresses)
    {
        var name = Hash(id);
        if (_added.Add(id))
        {
            _rows.Add(id, new AddressSet
            {
                Name = name, Addresses = [.. addresses.Order(StringComparer.Ordinal)], ExternalIds = Map(("k8s.ovn.org/id", id)),
            });
        }

        return name;
    }
}

/// <summary>What an access control list says.</summary>
/// <param name="Ingress">Whether it is about what comes to the port.</param>
/// <param name="Priority">Higher ones are asked first.</param>
/// <param name="Match">What it is about.</param>
/// <param name="Action">allow, allow-related or drop.</param>
internal sealed record AclRow(bool Ingress, int Priority, string Match, string Action)
{
    /// <summary>A name for the log.</summary>
    public string? Name { get; init; }

    /// <summary>What is logged.</summary>
    public AclLogging Logging { get; init; } = AclLogging.None;
}
