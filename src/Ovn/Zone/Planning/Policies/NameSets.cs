using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Replica;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// The last answers for the names in policies, kept in the database beside the rules that follow from them: a zone that begins anew would
/// otherwise open what is denied by name, and close what is allowed, until it is answered again.
/// </summary>
internal static class NameSets
{
    private const string Prefix = "DnsName:";

    public static void Add(AclRows acls, IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> names)
    {
        foreach (var (name, addresses) in names)
        {
            acls.Keep(Prefix + name, addresses);
        }
    }

    /// <summary>The answers that a database keeps.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> Read(Snapshot north) => north.All<AddressSet>()
        .Select(s => (Id: s.ExternalIds.GetValueOrDefault("k8s.ovn.org/id", ""), s.Addresses))
        .Where(s => s.Id.StartsWith(Prefix, StringComparison.Ordinal))

        // No name has a colon, which is before the family.
        .GroupBy(s => s.Id[Prefix.Length..].Split(':')[0], StringComparer.Ordinal)
        .ToDictionary(
            g => g.Key, g => (IReadOnlyList<IpAddress>)[.. IpAddress.ParseAll(g.SelectMany(s => s.Addresses)).Distinct().Order()],
            StringComparer.Ordinal);
}
