using System.Collections.Immutable;

namespace Dpf.ApiServer.Serving;

/// <summary>The resources that are served now. It changes when custom resource definitions come and go.</summary>
public sealed class ResourceRegistry
{
    private readonly Lock _gate = new();
    private ImmutableDictionary<(string Group, string Version, string Plural), ResourceDefinition> _byPath =
        ImmutableDictionary<(string, string, string), ResourceDefinition>.Empty;

    private ImmutableArray<ResourceDefinition> _all = [];

    /// <summary>Raised after a change; called by whoever changed it, so be brief.</summary>
    public event Action? Changed;

    /// <summary>Every definition, in the order of registration.</summary>
    public ImmutableArray<ResourceDefinition> All => _all;

    /// <summary>The definition at a path, or null.</summary>
    public ResourceDefinition? Find(string group, string version, string plural) =>
        _byPath.GetValueOrDefault((group, version, plural));

    /// <summary>The definition of a kind in a version, or null.</summary>
    public ResourceDefinition? FindKind(string apiVersion, string kind)
    {
        foreach (var definition in _all)
        {
            if (definition.Kind == kind && definition.ApiVersion == apiVersion)
            {
                return definition;
            }
        }

        return null;
    }

    /// <summary>The preferred definition of a group and resource, or null.</summary>
    public ResourceDefinition? FindPreferred(string group, string plural)
    {
        ResourceDefinition? found = null;
        foreach (var definition in _all)
        {
            if (definition.Plural == plural && definition.Group == group && (found is null || (definition.Preferred && !found.Preferred)))
            {
                found = definition;
            }
        }

        return found;
    }

    /// <summary>Adds definitions, or replaces those at the same path.</summary>
    public void Add(IEnumerable<ResourceDefinition> definitions) => Change(definitions, static _ => false);

    /// <summary>Removes the definitions that match.</summary>
    public void Remove(Func<ResourceDefinition, bool> match) => Change([], match);

    /// <summary>Removes the definitions that match and adds others, as one change.</summary>
    public void Change(IEnumerable<ResourceDefinition> add, Func<ResourceDefinition, bool> remove)
    {
        lock (_gate)
        {
            var kept = _all.Where(d => !remove(d)).ToList();
            foreach (var definition in add)
            {
                var at = kept.FindIndex(d =>
                    d.Group == definition.Group && d.Version == definition.Version && d.Plural == definition.Plural);
                if (at >= 0)
                {
                    kept[at] = definition;
                }
                else
                {
                    kept.Add(definition);
                }
            }

            _all = [.. kept];
            _byPath = kept.ToImmutableDictionary(d => (d.Group, d.Version, d.Plural));
        }

        Changed?.Invoke();
    }
}
