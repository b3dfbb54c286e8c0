using Dpf.Ovsdb.Models.Southbound;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Transactions;
using Dpf.Runtime.Addressing;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>What a zone's southbound database has to know about the other zones.</summary>
public static class SouthboundPlan
{
    /// <summary>
    /// Not the northbound plan's owner: northd copies the external_ids of a logical port to its Port_Binding, which would then look
    /// like a southbound row of ours that nobody wants.
    /// </summary>
    private const string RemoteZones = "remote-zones";

    /// <summary>The other zones' chassis and tunnel endpoints.</summary>
    public static RowSet Of(ZoneFacts facts)
    {
        var rows = new RowSet(RemoteZones);
        foreach (var (remote, chassis, encap) in Reachable(facts))
        {
            rows.Add(chassis, new Chassis
            {
                Name = chassis,
                Hostname = remote.Name,
                OtherConfig = Map(("is-remote", "true")),
            }).Add("encaps", "geneve", new Encap
            {
                Type = "geneve",
                Ip = encap.ToString(),
                ChassisName = chassis,
                Options = Map(("csum", "true")),
            });
        }

        return rows;
    }

    /// <summary>
    /// Binds the remote ports to their chassis: northd of this OVN leaves that to the interconnection's controller.
    /// </summary>
    public static Transaction Bindings(ZoneFacts facts, Snapshot southbound)
    {
        var transaction = new Transaction();
        foreach (var (remote, name, _) in Reachable(facts))
        {
            var chassis = southbound.Named<Chassis>(name);
            var binding = southbound.FindBy<PortBinding>("logical_port", "tstor-" + remote.Name);
            if (chassis is not null && binding is not null && binding.Chassis?.Uuid != chassis.Uuid)
            {
                transaction.Update(
                    PortBinding.TableName, new Dictionary<string, Ovsdb.Values.Datum> { ["chassis"] = chassis.Uuid },
                    Condition.Is(binding.Uuid));
            }
        }

        return transaction;
    }

    /// <summary>
    /// Takes away what northd never would. It knows a static neighbour by its router port's name, and leaves the row that it finds at
    /// the router of before. Once the northbound database was lost and filled anew, that router is no more, and northd cannot remove it
    /// as long as the row refers to it: the database refuses all that it changes, from then on.
    /// </summary>
    public static Transaction Leftovers(Snapshot northbound, Snapshot southbound)
    {
        var transaction = new Transaction();
        var routers = northbound.Table(Ovsdb.Models.Northbound.LogicalRouter.TableName);
        foreach (var neighbour in southbound.All<StaticMacBinding>())
        {
            // Before there is any router the northbound database is only about to be filled.
            if (routers.Count > 0 && neighbour.Datapath is { } datapath && southbound.Find<DatapathBinding>(datapath.Uuid) is { } of &&
                Guid.TryParse(of.ExternalIds.GetValueOrDefault("logical-router"), out var router) && !routers.ContainsKey(router))
            {
                transaction.Delete(StaticMacBinding.TableName, Condition.Is(neighbour.Uuid));
            }
        }

        return transaction;
    }

    /// <summary>
    /// The zones with a chassis and an endpoint. One that two nodes claim (a machine that was registered again under another name)
    /// is the first's: the database has each only once; and the zone's own is never remote.
    /// </summary>
    private static IEnumerable<(ZoneNode Node, string Chassis, IpAddress Encap)> Reachable(ZoneFacts facts)
    {
        var chassisSeen = new HashSet<string?>(StringComparer.Ordinal) { facts.Local?.ChassisId };
        var encapsSeen = new HashSet<IpAddress?> { facts.Local?.EncapIp };
        foreach (var remote in facts.Remote)
        {
            if (remote is { ChassisId: { } chassis, EncapIp: { } encap } && !chassisSeen.Contains(chassis) && encapsSeen.Add(encap))
            {
                chassisSeen.Add(chassis);
                yield return (remote, chassis, encap);
            }
        }
    }
}
