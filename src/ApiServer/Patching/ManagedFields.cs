using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Patching;

/// <summary>Which field manager owns which fields of an object, as <c>metadata.managedFields</c> tells.</summary>
public sealed class ManagedFields
{
    private const int UpdateManagers = 10;
    private readonly List<Entry> _entries;

    private ManagedFields(List<Entry> entries) => _entries = entries;

    /// <summary>Reads an object's.</summary>
    public static ManagedFields Of(JsonObject? value) => new(
    [
        .. value.Objects("metadata", "managedFields").Where(e => e.Text("manager") is not null).Select(e => new Entry(
            e.Text("manager")!,
            e.Text("operation") == "Apply",
            e.Text("apiVersion") ?? "",
            e.Text("subresource") ?? "",
            e.Text("time") ?? "",
            new EntryFields(e["fieldsV1"]))),
    ]);

    /// <summary>
    /// Those that a client sent with an object, which may have changed them (<c>[]</c> forgets all); those of the object as it was when
    /// it sent none, or what makes no sense.
    /// </summary>
    public static ManagedFields Sent(JsonObject sent, JsonObject before)
    {
        if (sent.At("metadata", "managedFields") is not JsonArray list)
        {
            return Of(before);
        }

        var known = Of(before);
        if (JsonNode.DeepEquals(list, before.At("metadata", "managedFields")))
        {
            return known;
        }

        var fields = Of(sent);
        return list.Count != fields._entries.Count || fields.IsLike(known) ? known : fields;
    }

    private bool IsLike(ManagedFields other) => _entries.Count == other._entries.Count && _entries.Zip(other._entries).All(pair =>
        (pair.First.Manager, pair.First.Apply, pair.First.Subresource) == (pair.Second.Manager, pair.Second.Apply, pair.Second.Subresource) &&
        FieldSet.Same(pair.First.Fields, pair.Second.Fields));

    /// <summary>Writes them into an object.</summary>
    public void WriteTo(JsonObject value)
    {
        var metadata = value.Map("metadata");
        if (_entries.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }

        var list = new JsonArray();
        var order = _entries
            .OrderBy(e => !e.Apply)
            .ThenBy(e => e.Time, StringComparer.Ordinal)
            .ThenBy(e => e.Manager, StringComparer.Ordinal);
        foreach (var entry in order)
        {
            var json = new JsonObject
            {
                ["manager"] = entry.Manager,
                ["operation"] = entry.Apply ? "Apply" : "Update",
                ["apiVersion"] = entry.ApiVersion,
                ["time"] = entry.Time,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = entry.Written.ToJson(),
            };
            if (entry.Subresource.Length > 0)
            {
                json["subresource"] = entry.Subresource;
            }

            list.Add(json);
        }

        metadata["managedFields"] = list;
    }

    /// <summary>Records that a manager turned one object into another by other means than apply.</summary>
    public void Update(
        ResourceDefinition definition, string subresource, string manager, JsonObject before, JsonObject after, DateTimeOffset now)
    {
        var (changed, removed) = TypedValues.Compare(before, after, definition.Schema);
        var own = _entries.Find(e =>
            !e.Apply && e.Manager == manager && e.ApiVersion == definition.ApiVersion && e.Subresource == subresource);
        TakeFromOthers(own, changed, removed);
        var owned = own?.Fields ?? new FieldSet();
        var fields = FieldSet.Union(FieldSet.Except(owned, removed), changed);
        if (own is not null)
        {
            _entries.Remove(own);
        }

        if (!fields.IsEmpty)
        {
            _entries.Add(new Entry(
                manager,
                false,
                definition.ApiVersion,
                subresource,
                own is not null && FieldSet.Same(owned, fields) ? own.Time : Timestamp.Text(now),
                new EntryFields(fields)));
            FoldOldest();
        }
    }

    /// <summary>
    /// Lays a manager's configuration over the live object: takes what it names, drops what it named before and no one
    /// else owns. Returns the merged object.
    /// </summary>
    /// <exception cref="ApiException">Other managers own fields with other values, and <paramref name="force"/> is not set.</exception>
    public JsonObject Apply(
        ResourceDefinition definition,
        string subresource,
        string manager,
        JsonObject live,
        bool exists,
        JsonObject applied,
        bool force,
        DateTimeOffset now)
    {
        StructuralSchema? schema = definition.Schema;
        if (_entries.Count == 0 && exists)
        {
            AdoptExisting(definition, live, now);
        }

        var wanted = new FieldSet();
        TypedValues.Collect(applied, schema, wanted, containers: false, root: true);
        var own = _entries.Find(e => e.Apply && e.Manager == manager && e.Subresource == subresource);
        var last = own?.Fields ?? new FieldSet();
        var merged = (JsonObject)TypedValues.Merge(live, applied, schema, root: true)!;
        var kept = _entries.Where(e => e != own).Aggregate(wanted, (set, e) => FieldSet.Union(set, e.Fields));
        TypedValues.Prune(merged, schema, last, kept, root: true);

        var (changed, removed) = TypedValues.Compare(live, merged, schema);
        var conflicts = _entries
            .Where(e => e != own)
            .Select(e => (Entry: e, Fields: FieldSet.Intersect(e.Fields, changed)))
            .Where(c => !c.Fields.IsEmpty)
            .ToList();
        if (conflicts.Count > 0 && manager == "kubectl" && LastApplied(live, definition) is { } before)
        {
            // What kubectl applied by itself before is its own, under another name.
            conflicts = [.. conflicts.Select(c => (c.Entry, Fields: FieldSet.Except(c.Fields, before))).Where(c => !c.Fields.IsEmpty)];
        }

        if (conflicts.Count > 0 && !force)
        {
            throw Conflict([.. conflicts.Select(c => (Show(c.Entry), c.Fields))]);
        }

        TakeFromOthers(own, changed, removed);
        if (own is not null)
        {
            _entries.Remove(own);
        }

        if (!wanted.IsEmpty)
        {
            var same = own is not null && FieldSet.Same(last, wanted) && changed.IsEmpty && removed.IsEmpty;
            _entries.Add(new Entry(manager, true, definition.ApiVersion, subresource, same ? own!.Time : Timestamp.Text(now), new EntryFields(wanted)));
        }

        return merged;
    }

    /// <summary>The fields that kubectl's apply without the server noted in an annotation; null without one.</summary>
    private static FieldSet? LastApplied(JsonObject live, ResourceDefinition definition)
    {
        if (live.Text("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration") is not { } text)
        {
            return null;
        }

        try
        {
            var fields = new FieldSet();
            if (JsonNode.Parse(text) is JsonObject applied)
            {
                TypedValues.Collect(applied, definition.Schema, fields, containers: false, root: true);
            }

            return fields;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static ApiException Conflict(List<(string Manager, FieldSet Fields)> conflicts)
    {
        var causes = conflicts
            .SelectMany(c => c.Fields.Paths().Select(path => new StatusCause("FieldManagerConflict", "conflict with " + c.Manager, path)))
            .ToList();
        string text;
        if (causes.Count == 1)
        {
            text = $"Apply failed with 1 conflict: conflict with {conflicts[0].Manager}: {causes[0].Field}";
        }
        else
        {
            var sections = conflicts.Select(c =>
                $"conflicts with {c.Manager}:\n" + string.Join('\n', c.Fields.Paths().Select(p => "- " + p)));
            text = $"Apply failed with {causes.Count} conflicts: {string.Join('\n', sections)}";
        }

        return new ApiException(409, "Conflict", text) { Causes = causes };
    }

    /// <summary>What an object without known managers holds belongs to whoever was there before.</summary>
    private void AdoptExisting(ResourceDefinition definition, JsonObject live, DateTimeOffset now)
    {
        var existing = new FieldSet();
        TypedValues.Collect(live, definition.Schema, existing, containers: true, root: true);
        if (definition.HasStatus)
        {
            existing.Remove("f:status");
        }

        if (!existing.IsEmpty)
        {
            _entries.Add(new Entry("before-first-apply", false, definition.ApiVersion, "", Timestamp.Text(now), new EntryFields(existing)));
        }
    }

    private void TakeFromOthers(Entry? own, FieldSet changed, FieldSet removed)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_entries[i], own) || !(_entries[i].Written.Overlaps(changed) || _entries[i].Written.Overlaps(removed)))
            {
                continue;
            }

            var rest = FieldSet.Except(FieldSet.Except(_entries[i].Fields, changed), removed);
            if (rest.IsEmpty)
            {
                _entries.RemoveAt(i);
            }
            else
            {
                _entries[i] = _entries[i] with { Written = new EntryFields(rest) };
            }
        }
    }

    private void FoldOldest()
    {
        var updates = _entries.Where(e => !e.Apply && e.Subresource.Length == 0).OrderBy(e => e.Time, StringComparer.Ordinal).ToList();
        if (updates.Count <= UpdateManagers)
        {
            return;
        }

        var folded = updates.Take(updates.Count - UpdateManagers + 1).ToList();
        _entries.RemoveAll(folded.Contains);
        _entries.Add(folded[^1] with
        {
            Manager = "ancient-changes",
            Written = new EntryFields(folded.Aggregate(new FieldSet(), (set, e) => FieldSet.Union(set, e.Fields))),
        });
    }

    private static string Show(Entry entry) =>
        $"\"{entry.Manager}\"" + (entry.Subresource.Length > 0 ? $" with subresource \"{entry.Subresource}\"" : "") +
        (entry.Apply ? "" : $" using {entry.ApiVersion}");

    /// <summary>Compared by reference: two entries may look alike.</summary>
    private sealed record Entry(string Manager, bool Apply, string ApiVersion, string Subresource, string Time, EntryFields Written)
    {
        public FieldSet Fields => Written.Set;
    }

    /// <summary>The fields of an entry, read from their JSON when somebody needs them: most changes concern none of the other managers'.</summary>
    private sealed class EntryFields
    {
        private readonly JsonNode? _json;
        private FieldSet? _set;

        public EntryFields(JsonNode? json) => _json = json;

        public EntryFields(FieldSet set) => _set = set;

        public FieldSet Set => _set ??= FieldSet.Parse(_json);

        public JsonNode ToJson() => _json?.DeepClone() ?? Set.ToJson();

        public bool Overlaps(FieldSet other) => _set is null ? FieldSet.Overlap(_json, other) : !FieldSet.Intersect(_set, other).IsEmpty;
    }
}
