using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Schemas;
using Dpf.Ovsdb.Transactions;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Rows;

/// <summary>The transaction that takes a snapshot to a row set: a pure function.</summary>
public static class RowPlanner
{
    /// <summary>Computes the least transaction; an empty one when nothing differs.</summary>
    public static Transaction Plan(DatabaseSchema schema, Snapshot snapshot, RowSet desired) =>
        new Pass(schema, snapshot, desired).Plan();

    /// <summary>The keys of <c>external_ids</c> that daemons write on rows that are not theirs.</summary>
    private static bool IsForeignId(string key) => key.StartsWith("ovn-installed", StringComparison.Ordinal);

    private sealed class Pass(DatabaseSchema schema, Snapshot snapshot, RowSet desired)
    {
        private readonly Transaction _transaction = new();
        private readonly Dictionary<RowKey, Atom> _atoms = [];
        private readonly Dictionary<RowKey, Row> _matched = [];
        private readonly HashSet<Guid> _kept = [];
        private readonly HashSet<Guid> _claimed = [];

        public Transaction Plan()
        {
            var claimed = Claimed();
            Match(claimed);
            NameNewRows();
            foreach (var handle in desired.Rows)
            {
                if (_matched.TryGetValue(handle.Key, out var row))
                {
                    Change(handle, row);
                }
                else
                {
                    Insert(handle);
                }
            }

            RemoveStale();
            return _transaction;
        }

        /// <summary>The owner's rows as they are, by logical key.</summary>
        private Dictionary<RowKey, Row> Claimed()
        {
            var byKey = new Dictionary<RowKey, Row>();
            foreach (var table in schema.Tables.Values)
            {
                var claim = desired.Claims.GetValueOrDefault(table.Name);
                if (claim is null && !table.Columns.ContainsKey("external_ids"))
                {
                    continue;
                }

                foreach (var row in snapshot.Table(table.Name).Values)
                {
                    if (claim is not null ? claim(row) : row.ExternalId(RowSet.OwnerId) == desired.Owner)
                    {
                        _claimed.Add(row.Uuid);

                        // Two rows with one key (a writer that raced): the first is kept, the other is stale.
                        byKey.TryAdd(new RowKey(row.Table, row.ExternalId(RowSet.KeyId) ?? row.Uuid.ToString()), row);
                    }
                }
            }

            return byKey;
        }

        private void Match(Dictionary<RowKey, Row> claimed)
        {
            foreach (var handle in desired.Rows)
            {
                var table = Table(handle.Key.Table);
                var row = handle.Find is { } find
                    ? snapshot.Table(table.Name).Values.FirstOrDefault(find) ??
                      throw new MissingRowException(handle.Key, desired.Owner)
                    : claimed.GetValueOrDefault(handle.Key) ?? Adopted(handle, table);
                if (row is not null && _kept.Add(row.Uuid))
                {
                    _matched[handle.Key] = row;
                    _atoms[handle.Key] = Atom.Of(row.Uuid);
                }
            }
        }

        /// <summary>
        /// A row with the same unique index that nobody owns, or that the table cannot mark as owned; or, where the table
        /// has no <c>external_ids</c>, the parent's child whose wanted columns are all equal.
        /// </summary>
        private Row? Adopted(RowHandle handle, TableSchema table)
        {
            var hasIds = table.Columns.ContainsKey("external_ids");
            var index = table.Indexes.FirstOrDefault(i => i.All(handle.Row.Assigned.ContainsKey));
            if (index is not null)
            {
                return snapshot.Table(table.Name).Values.FirstOrDefault(
                    r => Free(r) && index.All(c => r[c].Equals(handle.Row[c].As(table.Columns[c]))));
            }

            if (hasIds || handle.Parent is not var (parent, column) || !_matched.TryGetValue(parent.Key, out var parentRow))
            {
                return null;
            }

            return parentRow[column].Keys
                .Select(k => snapshot.Table(table.Name).GetValueOrDefault(k.Uuid))
                .FirstOrDefault(r => r is not null && Free(r) && handle.Row.Assigned.All(
                    a => !table.Columns.TryGetValue(a.Key, out var type) || r[a.Key].Equals(a.Value.As(type))));

            bool Free(Row row) => !_kept.Contains(row.Uuid) && row.ExternalId(RowSet.OwnerId) is null;
        }

        private void NameNewRows()
        {
            var next = 0;
            foreach (var handle in desired.Rows.Where(h => !_matched.ContainsKey(h.Key)))
            {
                _atoms[handle.Key] = Atom.Named($"new{next++}");
            }
        }

        private void Insert(RowHandle handle)
        {
            var table = Table(handle.Key.Table);
            var columns = Wanted(handle, table, null);
            foreach (var (column, references) in handle.Included.Where(i => table.Columns.ContainsKey(i.Key)))
            {
                columns[column] = Resolve(Datum.Set(references.Select(r => r.Atom)));
            }

            foreach (var (column, pairs) in handle.Merged.Where(m => table.Columns.ContainsKey(m.Key)))
            {
                columns[column] = Datum.Map((columns.GetValueOrDefault(column) ?? Datum.EmptyMap).Pairs().Concat(pairs.Pairs()));
            }

            _transaction.Insert(table.Name, columns, _atoms[handle.Key].Text);
        }

        private void Change(RowHandle handle, Row row)
        {
            var table = Table(handle.Key.Table);
            var changed = Wanted(handle, table, row)
                .Where(c => !c.Value.Equals(row[c.Key])).ToDictionary(StringComparer.Ordinal);
            if (changed.Count > 0)
            {
                _transaction.Update(table.Name, changed, Condition.Is(row.Uuid));
            }

            var mutations = MapMutations(handle, table, row).Concat(ReferenceMutations(handle, table, row)).ToList();
            if (mutations.Count > 0)
            {
                _transaction.Mutate(table.Name, mutations, Condition.Is(row.Uuid));
            }
        }

        /// <summary>The assigned columns that this version of the schema has, references resolved, the owner's mark set.</summary>
        private Dictionary<string, Datum> Wanted(RowHandle handle, TableSchema table, Row? row)
        {
            var columns = new Dictionary<string, Datum>(StringComparer.Ordinal);
            foreach (var (name, value) in handle.Row.Assigned)
            {
                if (table.Columns.TryGetValue(name, out var type))
                {
                    columns[name] = Resolve(value).As(type);
                }
            }

            if (handle.Find is null && table.Columns.ContainsKey("external_ids"))
            {
                var ids = new Dictionary<Atom, Atom>();
                foreach (var (key, value) in row?["external_ids"].Pairs() ?? [])
                {
                    // Without an assignment the column belongs to others, but for the owner's mark.
                    if (!columns.ContainsKey("external_ids") || IsForeignId(key.Text))
                    {
                        ids[key] = value;
                    }
                }

                foreach (var (key, value) in columns.GetValueOrDefault("external_ids")?.Pairs() ?? [])
                {
                    ids[key] = value;
                }

                ids[Atom.Of(RowSet.OwnerId)] = Atom.Of(desired.Owner);
                ids[Atom.Of(RowSet.KeyId)] = Atom.Of(handle.Key.Key);
                foreach (var (key, value) in handle.Merged.GetValueOrDefault("external_ids")?.Pairs() ?? [])
                {
                    ids[key] = value;
                }

                columns["external_ids"] = Datum.Map(ids);
            }

            return columns;
        }

        private static IEnumerable<Mutation> MapMutations(RowHandle handle, TableSchema table, Row row)
        {
            foreach (var (column, wanted) in handle.Merged.Where(m => table.Columns.ContainsKey(m.Key)))
            {
                if (handle.Find is null && column == "external_ids")
                {
                    continue;
                }

                var now = row[column];
                var differing = wanted.Pairs().Where(p => now.Lookup(p.Key.Text) != p.Value.Text).ToList();
                if (differing.Count == 0)
                {
                    continue;
                }

                // "insert" leaves the value of a key that is there, so such a key goes first.
                var replaced = differing.Where(p => now.Contains(p.Key)).Select(p => p.Key).ToList();
                if (replaced.Count > 0)
                {
                    yield return Mutation.Delete(column, Datum.Set(replaced));
                }

                yield return Mutation.Insert(column, Datum.Map(differing));
            }
        }

        private IEnumerable<Mutation> ReferenceMutations(RowHandle handle, TableSchema table, Row row)
        {
            foreach (var (column, type) in table.Columns.Where(c => c.Value.KeyTable is not null && c.Value.Value is null))
            {
                if (handle.Row.Assigned.ContainsKey(column) || (!type.IsReferenceSet && !handle.Included.ContainsKey(column)))
                {
                    continue;
                }

                var wanted = Resolve(Datum.Set(handle.Included.GetValueOrDefault(column, []).Select(r => r.Atom)));
                var added = wanted.Keys.Where(k => !row[column].Contains(k)).ToList();

                // Rows of a table that cannot be marked are this row's own as soon as it names one of them.
                var exact = handle.Find is null && handle.Included.ContainsKey(column) && !Markable(type.KeyTable!);
                var removed = row[column].Keys
                    .Where(k => !wanted.Contains(k) && (exact || Removable(handle, k.Uuid))).ToList();
                if (removed.Count > 0)
                {
                    yield return Mutation.Delete(column, Datum.Set(removed));
                }

                if (added.Count > 0)
                {
                    yield return Mutation.Insert(column, Datum.Set(added));
                }
            }
        }

        /// <summary>A reference that the owner put there and no longer wants: to a stale row, or from a row of its own.</summary>
        private bool Removable(RowHandle handle, Guid uuid) =>
            _claimed.Contains(uuid) && (!_kept.Contains(uuid) || handle.Find is null);

        private void RemoveStale()
        {
            var stale = _claimed.Where(u => !_kept.Contains(u)).ToHashSet();
            if (stale.Count == 0)
            {
                return;
            }

            var handled = _matched.Values.Select(r => r.Uuid).ToHashSet();
            foreach (var table in schema.Tables.Values)
            {
                var columns = table.Columns
                    .Where(c => c.Value is { KeyTable: not null, IsWeak: false, Value: null }).Select(c => c.Key).ToList();
                foreach (var row in snapshot.Table(table.Name).Values)
                {
                    if (stale.Contains(row.Uuid))
                    {
                        if (table.IsRoot)
                        {
                            _transaction.Delete(table.Name, Condition.Is(row.Uuid));
                        }

                        continue;
                    }

                    var mutations = handled.Contains(row.Uuid) ? [] : columns
                        .Select(c => (Column: c, Gone: row[c].Keys.Where(k => stale.Contains(k.Uuid)).ToList()))
                        .Where(c => c.Gone.Count > 0)
                        .Select(c => Mutation.Delete(c.Column, Datum.Set(c.Gone))).ToList();
                    if (mutations.Count > 0)
                    {
                        _transaction.Mutate(table.Name, mutations, Condition.Is(row.Uuid));
                    }
                }
            }
        }

        private bool Markable(string table) =>
            desired.Claims.ContainsKey(table) || Table(table).Columns.ContainsKey("external_ids");

        private Datum Resolve(Datum datum) => !datum.HasLogicalKeys ? datum : datum.Select(a => a.Kind != AtomKind.Key ? a
            : _atoms.TryGetValue(a.Key!, out var atom) ? atom
            : throw new ArgumentException($"a row of '{desired.Owner}' refers to {a.Key}, which the row set does not hold"));

        private TableSchema Table(string name) => schema.Tables.TryGetValue(name, out var table)
            ? table
            : throw new InvalidOperationException(
                $"table {name} is not replicated from {schema.Name}; add it to the client's tables");
    }
}
