using System.Collections.Frozen;

namespace Dpf.Helm.Functions;

/// <summary>A function of templates.</summary>
/// <param name="Least">The fewest arguments.</param>
/// <param name="Most">The most arguments.</param>
/// <param name="Call">What it does.</param>
internal sealed record TemplateFunction(int Least, int Most, Func<CallArguments, object?> Call);

/// <summary>All functions: Go's, Sprig's and Helm's.</summary>
internal static class FunctionTable
{
    private static readonly FrozenDictionary<string, TemplateFunction> Table =
        BuiltInFunctions.All
            .Concat(TextFunctions.All).Concat(PatternFunctions.All).Concat(NumberFunctions.All).Concat(ValueFunctions.All)
            .Concat(ListFunctions.All).Concat(DictFunctions.All).Concat(EncodingFunctions.All).Concat(DateFunctions.All)
            .Concat(CryptoFunctions.All).Concat(PathFunctions.All).Concat(TemplateFunctions.All)
            .ToFrozenDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);

    /// <summary>Whether there is such a function.</summary>
    public static bool Contains(string name) => name is "and" or "or" || Table.ContainsKey(name);

    /// <summary>A function by its name; the parser knows that it exists.</summary>
    public static TemplateFunction Find(string name) => Table[name];
}

/// <summary>A table that is being written down.</summary>
internal sealed class FunctionList : Dictionary<string, TemplateFunction>
{
    public FunctionList()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>A function with a fixed number of arguments.</summary>
    public void Add(string name, int count, Func<CallArguments, object?> call) => Add(name, new TemplateFunction(count, count, call));

    /// <summary>A function with from <paramref name="least"/> to <paramref name="most"/> arguments.</summary>
    public void Add(string name, int least, int most, Func<CallArguments, object?> call) => Add(name, new TemplateFunction(least, most, call));
}
