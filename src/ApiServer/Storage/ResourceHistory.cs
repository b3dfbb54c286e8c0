using System.Collections.Immutable;

namespace Dpf.ApiServer.Storage;

using Namespaces = ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, StoredObject>>;
using Objects = ImmutableSortedDictionary<string, StoredObject>;

/// <summary>
/// The objects of one resource, its latest changes, and who watches them. The store's lock guards every member.
/// </summary>
internal sealed class ResourceHistory(long forgotten, int capacity)
{
    private readonly List<StoreWatch> _watches = [];
    private StoreEvent[] _log = new StoreEvent[16];
    private int _first;
    private int _count;

    /// <summary>The objects now, by namespace and name.</summary>
    public Namespaces Now { get; private set; } = Namespaces.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The revision of the latest change.</summary>
    public long Changed { get; private set; } = forgotten;

    /// <summary>Changes up to this revision are no longer known.</summary>
    public long Forgotten { get; private set; } = forgotten;

    public StoredObject? Find(string @namespace, string name) =>
        Now.TryGetValue(@namespace, out var objects) && objects.TryGetValue(name, out var found) ? found : null;

    public void Load(StoredObject value) => Now = Set(Now, value);

    public void Apply(StoreEvent change)
    {
        Now = change.Type == StoreEventType.Deleted ? Unset(Now, change.Object.Key) : Set(Now, change.Object);
        Changed = change.Revision;
        Remember(change);
        for (var i = _watches.Count - 1; i >= 0; i--)
        {
            if (!_watches[i].Offer(change))
            {
                _watches.RemoveAt(i);
            }
        }
    }

    public void Subscribe(StoreWatch watch, long after)
    {
        for (var i = 0; i < _count; i++)
        {
            var change = _log[(_first + i) % _log.Length];
            if (change.Revision > after && !watch.Offer(change))
            {
                return;
            }
        }

        _watches.Add(watch);
    }

    public void Unsubscribe(StoreWatch watch) => _watches.Remove(watch);

    /// <summary>The changes after a revision, latest first.</summary>
    public List<StoreEvent> Since(long revision)
    {
        var changes = new List<StoreEvent>();
        for (var i = _count - 1; i >= 0; i--)
        {
            var change = _log[(_first + i) % _log.Length];
            if (change.Revision <= revision)
            {
                break;
            }

            changes.Add(change);
        }

        return changes;
    }

    /// <summary>The objects before the given changes (latest first) happened.</summary>
    public static Namespaces Undo(Namespaces now, List<StoreEvent> changes)
    {
        foreach (var change in changes)
        {
            now = change.Previous is { } previous ? Set(now, previous) : Unset(now, change.Object.Key);
        }

        return now;
    }

    private static Namespaces Set(Namespaces all, StoredObject value)
    {
        var objects = all.GetValueOrDefault(value.Key.Namespace) ?? Objects.Empty.WithComparers(StringComparer.Ordinal);
        return all.SetItem(value.Key.Namespace, objects.SetItem(value.Key.Name, value));
    }

    private static Namespaces Unset(Namespaces all, StoreKey key)
    {
        if (!all.TryGetValue(key.Namespace, out var objects))
        {
            return all;
        }

        objects = objects.Remove(key.Name);
        return objects.IsEmpty ? all.Remove(key.Namespace) : all.SetItem(key.Namespace, objects);
    }

    private void Remember(StoreEvent change)
    {
        if (_count == _log.Length && _count < capacity)
        {
            var larger = new StoreEvent[Math.Min(capacity, _count * 2)];
            for (var i = 0; i < _count; i++)
            {
                larger[i] = _log[(_first + i) % _log.Length];
            }

            (_log, _first) = (larger, 0);
        }

        if (_count == _log.Length)
        {
            Forgotten = _log[_first].Revision;
            _log[_first] = change;
            _first = (_first + 1) % _log.Length;
            return;
        }

        _log[(_first + _count++) % _log.Length] = change;
    }
}
