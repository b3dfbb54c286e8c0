using System.Globalization;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>The arguments of one call, read as the types that the function wants.</summary>
internal sealed class CallArguments(Execution execution, string function, IReadOnlyList<object?> values)
{
    /// <summary>The run that calls.</summary>
    public Execution Execution => execution;

    /// <summary>How many there are.</summary>
    public int Count => values.Count;

    /// <summary>All of them.</summary>
    public IReadOnlyList<object?> All => values;

    /// <summary>An argument as it is.</summary>
    public object? this[int index] => values[index];

    /// <summary>The last argument: what was piped in.</summary>
    public object? Last => values[^1];

    /// <summary>A text.</summary>
    /// <exception cref="ArgumentTypeException">It is none.</exception>
    public string Text(int index) => values[index] switch
    {
        string text => text,
        null => throw new ArgumentTypeException(index, index == Count - 1 ? "invalid value; expected string" : "wrong type for value; expected string; got interface {}"),
        var other => throw new ArgumentTypeException(index, $"wrong type for value; expected string; got {GoValue.TypeName(other)}"),
    };

    /// <summary>A list.</summary>
    /// <exception cref="ArgumentTypeException">It is none.</exception>
    public List<object?> List(int index) => values[index] switch
    {
        List<object?> list => list,
        null => [],
        var other => throw new FunctionException($"Cannot {function} on type {GoValue.Kind(other)}"),
    };

    /// <summary>A map.</summary>
    /// <exception cref="ArgumentTypeException">It is none.</exception>
    public Dictionary<string, object?> Map(int index) => values[index] switch
    {
        Dictionary<string, object?> map => map,
        var other => throw new ArgumentTypeException(
            index, $"wrong type for value; expected map[string]interface {{}}; got {(other is null ? "interface {}" : GoValue.TypeName(other))}"),
    };

    /// <summary>An int parameter: only integers will do.</summary>
    /// <exception cref="ArgumentTypeException">It is none.</exception>
    public int Int(int index) => values[index] switch
    {
        int i => i,
        long l => (int)l,
        var other => throw new ArgumentTypeException(index, $"wrong type for value; expected int; got {GoValue.TypeName(other)}"),
    };

    /// <summary>A number of any form, as Sprig coerces to int64.</summary>
    public long Whole(int index) => ToWhole(values[index]);

    /// <summary>A number of any form, as Sprig coerces to float64.</summary>
    public double Real(int index) => ToReal(values[index]);

    /// <summary>The text that Sprig makes of any value.</summary>
    public string Printed(int index) => GoValue.Print(values[index]);

    /// <summary>Sprig's coercion to int64.</summary>
    public static long ToWhole(object? value) => value switch
    {
        int i => i,
        long l => l,
        double d => (long)d,
        bool b => b ? 1 : 0,
        string s when GoNumber.TryParseInteger(TrimZeroFraction(s), out var whole) => whole,
        _ => 0,
    };

    /// <summary>Sprig's coercion to float64.</summary>
    public static double ToReal(object? value) => value switch
    {
        double d => d,
        string s => double.TryParse(s, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : 0,
        _ => ToWhole(value),
    };

    private static string TrimZeroFraction(string text)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        return point > 0 && text.AsSpan(point + 1).TrimStart('0').IsEmpty ? text[..point] : text;
    }
}

/// <summary>An argument is of the wrong type.</summary>
/// <param name="index">Which, from 0.</param>
/// <param name="message">Go's words.</param>
internal sealed class ArgumentTypeException(int index, string message) : Exception(message)
{
    /// <summary>Which, from 0.</summary>
    public int Index => index;
}
