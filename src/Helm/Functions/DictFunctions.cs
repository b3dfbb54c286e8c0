using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of maps.</summary>
internal static class DictFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "dict", 0, int.MaxValue, Dict },
        { "get", 2, a => a.Map(0).TryGetValue(a.Text(1), out var value) ? value : "" },
        { "set", 3, Set },
        { "unset", 2, Unset },
        { "hasKey", 2, a => a.Map(0).ContainsKey(a.Text(1)) },
        { "pluck", 1, int.MaxValue, a => Enumerable.Range(1, a.Count - 1).Select(a.Map)
            .Where(m => m.ContainsKey(a.Text(0))).Select(m => m[a.Text(0)]).ToList() },
        { "keys", 1, int.MaxValue, a => Enumerable.Range(0, a.Count).SelectMany(i => a.Map(i).Keys.Order(StringComparer.Ordinal)).Select(k => (object?)k).ToList() },
        { "values", 1, a => GoValue.Sorted(a.Map(0)).Select(p => p.Value).ToList() },
        { "pick", 1, int.MaxValue, a => Only(a.Map(0), [.. a.All.Skip(1)], true) },
        { "omit", 1, int.MaxValue, a => Only(a.Map(0), [.. a.All.Skip(1)], false) },
        { "merge", 1, int.MaxValue, a => Merge(a, overwrite: false) },
        { "mustMerge", 1, int.MaxValue, a => Merge(a, overwrite: false) },
        { "mergeOverwrite", 1, int.MaxValue, a => Merge(a, overwrite: true) },
        { "mustMergeOverwrite", 1, int.MaxValue, a => Merge(a, overwrite: true) },
        { "dig", 3, int.MaxValue, Dig },
    };

    private static object? Dict(CallArguments a)
    {
        var map = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var i = 0; i < a.Count; i += 2)
        {
            map[a.Printed(i)] = i + 1 < a.Count ? a[i + 1] : "";
        }

        return map;
    }

    private static object? Set(CallArguments a)
    {
        var map = a.Map(0);
        map[a.Text(1)] = a[2];
        return map;
    }

    private static object? Unset(CallArguments a)
    {
        var map = a.Map(0);
        map.Remove(a.Text(1));
        return map;
    }

    private static Dictionary<string, object?> Only(Dictionary<string, object?> map, List<object?> names, bool named) =>
        map.Where(p => names.Contains(p.Key) == named).ToDictionary(StringComparer.Ordinal);

    private static Dictionary<string, object?> Merge(CallArguments a, bool overwrite)
    {
        var target = a.Map(0);
        for (var i = 1; i < a.Count; i++)
        {
            Merge(target, a.Map(i), overwrite);
        }

        return target;
    }

    private static void Merge(Dictionary<string, object?> target, Dictionary<string, object?> source, bool overwrite)
    {
        foreach (var (key, value) in source)
        {
            if (target.TryGetValue(key, out var current) && current is Dictionary<string, object?> map && value is Dictionary<string, object?> other)
            {
                Merge(map, other, overwrite);
            }
            else if (overwrite || !GoValue.IsTrue(current))
            {
                target[key] = GoValue.Copy(value);
            }
        }
    }

    private static object? Dig(CallArguments a)
    {
        object? value = a.Map(a.Count - 1);
        for (var i = 0; i < a.Count - 2; i++)
        {
            if (value is not Dictionary<string, object?> map)
            {
                throw new FunctionException($"interface conversion: interface {{}} is {GoValue.TypeName(value)}, not map[string]interface {{}}");
            }

            if (!map.TryGetValue(a.Text(i), out value))
            {
                return a[a.Count - 2];
            }
        }

        return value;
    }
}
