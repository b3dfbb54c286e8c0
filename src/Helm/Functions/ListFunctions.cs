using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of lists.</summary>
internal static class ListFunctions
{
    public static FunctionList All { get; } = Both(new()
    {
        { "first", 1, a => a.List(0) is { Count: > 0 } list ? list[0] : null },
        { "last", 1, a => a.List(0) is { Count: > 0 } list ? list[^1] : null },
        { "rest", 1, a => a.List(0).Skip(1).ToList() },
        { "initial", 1, a => a.List(0).SkipLast(1).ToList() },
        { "append", 2, a => (List<object?>)[.. a.List(0), a[1]] },
        { "push", 2, a => (List<object?>)[.. a.List(0), a[1]] },
        { "prepend", 2, a => (List<object?>)[a[1], .. a.List(0)] },
        { "reverse", 1, a => Enumerable.Reverse(a.List(0)).ToList() },
        { "uniq", 1, a => Distinct(a.List(0)) },
        { "without", 1, int.MaxValue, a => a.List(0).Where(v => !a.All.Skip(1).Any(w => GoValue.DeepEqual(v, w))).ToList() },
        { "has", 2, a => a.List(1).Exists(v => GoValue.DeepEqual(v, a[0])) },
        { "compact", 1, a => a.List(0).Where(GoValue.IsTrue).ToList() },
        { "slice", 1, 3, Slice },
        { "chunk", 2, a => a.List(1).Chunk(a.Int(0)).Select(c => (object?)c.ToList()).ToList() },
    }, new()
    {
        { "list", 0, int.MaxValue, a => a.All.ToList() },
        { "tuple", 0, int.MaxValue, a => a.All.ToList() },
        { "concat", 0, int.MaxValue, a => Enumerable.Range(0, a.Count).SelectMany(a.List).ToList() },
        { "sortAlpha", 1, a => (a[0] is List<object?> list ? list : [a[0]]).Select(v => (object?)GoValue.Print(v)).OrderBy(v => (string)v!, StringComparer.Ordinal).ToList() },
    });

    private static FunctionList Both(FunctionList functions, FunctionList others)
    {
        foreach (var (name, function) in functions)
        {
            others[name] = function;
            others["must" + char.ToUpperInvariant(name[0]) + name[1..]] = function;
        }

        return others;
    }

    private static List<object?> Distinct(List<object?> list)
    {
        var distinct = new List<object?>();
        foreach (var item in list.Where(item => !distinct.Exists(d => GoValue.DeepEqual(d, item))))
        {
            distinct.Add(item);
        }

        return distinct;
    }

    private static object? Slice(CallArguments a)
    {
        var list = a.List(0);
        var start = a.Count > 1 ? (int)a.Whole(1) : 0;
        var end = a.Count > 2 ? (int)a.Whole(2) : list.Count;
        return start >= 0 && start <= end && end <= list.Count
            ? list[start..end]
            : throw new FunctionException($"slice bounds out of range [{start}:{end}]");
    }
}
