using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Garbage;

/// <summary>Which objects name which as their owners, as of the changes seen so far.</summary>
internal sealed class OwnerGraph
{
    private readonly Dictionary<string, HashSet<StoreKey>> _dependents = new(StringComparer.Ordinal);
    private readonly Dictionary<StoreKey, IReadOnlyDictionary<string, bool>> _owners = [];

    /// <summary>The objects that name an owner.</summary>
    public IReadOnlyList<StoreKey> DependentsOf(string owner) => [.. _dependents.GetValueOrDefault(owner) ?? []];

    /// <summary>Those of them that an owner which goes in the foreground waits for.</summary>
    public IReadOnlyList<StoreKey> HoldersOf(string owner) => [.. DependentsOf(owner).Where(d => _owners[d].GetValueOrDefault(owner))];

    /// <summary>Notes an object's owners, each with whether it waits for the object; none once the object is gone.</summary>
    /// <returns>The owners that waited for it until now, and do no longer.</returns>
    public IReadOnlyList<string> Set(StoreKey key, IReadOnlyDictionary<string, bool> owners)
    {
        var before = _owners.GetValueOrDefault(key);
        foreach (var owner in before?.Keys.Where(o => !owners.ContainsKey(o)) ?? [])
        {
            var set = _dependents[owner];
            set.Remove(key);
            if (set.Count == 0)
            {
                _dependents.Remove(owner);
            }
        }

        foreach (var owner in owners.Keys)
        {
            if (!_dependents.TryGetValue(owner, out var set))
            {
                _dependents[owner] = set = [];
            }

            set.Add(key);
        }

        if (owners.Count > 0)
        {
            _owners[key] = owners;
        }
        else
        {
            _owners.Remove(key);
        }

        return [.. before?.Where(o => o.Value && !owners.GetValueOrDefault(o.Key)).Select(o => o.Key) ?? []];
    }
}
