using System.Collections.Concurrent;
using System.Collections.Immutable;
using Dpf.Runtime.Clusters;

namespace Dpf.Runtime.Informers;

/// <summary>Finds the objects of a local copy by keys that are made from them. One writes, any number read.</summary>
internal sealed class InformerIndex<T>
    where T : class
{
    private static readonly ImmutableDictionary<NamespacedName, T> None = ImmutableDictionary<NamespacedName, T>.Empty;
    private readonly Func<T, IEnumerable<string>> _keys;
    private readonly ConcurrentDictionary<string, ImmutableDictionary<NamespacedName, T>> _values = new(StringComparer.Ordinal);

    public InformerIndex(Func<T, IEnumerable<string>> keys, IEnumerable<KeyValuePair<NamespacedName, T>> values)
    {
        _keys = keys;
        foreach (var (name, value) in values)
        {
            Change(name, null, value);
        }
    }

    public IReadOnlyDictionary<NamespacedName, T> Get(string key) => _values.GetValueOrDefault(key, None);

    public void Change(NamespacedName name, T? before, T? after)
    {
        var now = after is null ? [] : _keys(after).ToHashSet(StringComparer.Ordinal);
        foreach (var key in before is null ? [] : _keys(before).Where(k => !now.Contains(k)))
        {
            var others = _values.GetValueOrDefault(key, None).Remove(name);
            if (others.IsEmpty)
            {
                _values.TryRemove(key, out _);
            }
            else
            {
                _values[key] = others;
            }
        }

        foreach (var key in now)
        {
            _values[key] = _values.GetValueOrDefault(key, None).SetItem(name, after!);
        }
    }
}
