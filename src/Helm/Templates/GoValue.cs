using System.Globalization;
using System.Text;

namespace Dpf.Helm.Templates;

/// <summary>
/// The values of templates and what Go says about them: null, bool, int, long (int64), double (float64), string, <c>byte[]</c>,
/// <see cref="List{T}"/> and <see cref="Dictionary{TKey,TValue}"/> of object, and <see cref="IMembers"/>.
/// </summary>
internal static class GoValue
{
    /// <summary>Whether <c>if</c> takes a value as true.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool b => b,
        int i => i != 0,
        long l => l != 0,
        double d => d != 0,
        string s => s.Length > 0,
        byte[] b => b.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>The name of a value's Go type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "<nil>",
        bool => "bool",
        int => "int",
        long => "int64",
        double => "float64",
        string => "string",
        byte[] => "[]uint8",
        List<object?> => "[]interface {}",
        Dictionary<string, object?> => "map[string]interface {}",
        IMembers members => members.TypeName,
        _ => value.GetType().Name,
    };

    /// <summary>The name of a value's Go kind.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "invalid",
        byte[] or List<object?> => "slice",
        Dictionary<string, object?> => "map",
        IMembers => "struct",
        _ => TypeName(value),
    };

    /// <summary><c>%v</c>.</summary>
    public static string Print(object? value)
    {
        switch (value)
        {
            case null:
                return "<nil>";
            case string text:
                return text;
            case bool b:
                return b ? "true" : "false";
            case double d:
                return GoNumber.Format(d);
            case byte[] bytes:
                return "[" + string.Join(' ', bytes) + "]";
            case List<object?> list:
                return "[" + string.Join(' ', list.Select(Print)) + "]";
            case Dictionary<string, object?> map:
                var text2 = new StringBuilder("map[");
                foreach (var (key, item) in Sorted(map))
                {
                    text2.Append(text2.Length > 4 ? " " : "").Append(key).Append(':').Append(Print(item));
                }

                return text2.Append(']').ToString();
            default:
                return Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        }
    }

    /// <summary>A map's entries in Go's order.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Sorted(Dictionary<string, object?> map) =>
        map.OrderBy(p => p.Key, StringComparer.Ordinal);

    /// <summary>Whether two values are the same all through.</summary>
    public static bool DeepEqual(object? a, object? b) => (a, b) switch
    {
        (null, null) => true,
        (List<object?> x, List<object?> y) => x.Count == y.Count && x.Zip(y).All(p => DeepEqual(p.First, p.Second)),
        (Dictionary<string, object?> x, Dictionary<string, object?> y) =>
            x.Count == y.Count && x.All(p => y.TryGetValue(p.Key, out var other) && DeepEqual(p.Value, other)),
        (byte[] x, byte[] y) => x.AsSpan().SequenceEqual(y),
        _ => Equals(a, b),
    };

    /// <summary>A copy that shares nothing with the original.</summary>
    public static object? Copy(object? value) => value switch
    {
        Dictionary<string, object?> map => Copy(map),
        List<object?> list => list.ConvertAll(Copy),
        _ => value,
    };

    /// <inheritdoc cref="Copy(object?)"/>
    public static Dictionary<string, object?> Copy(Dictionary<string, object?> map) =>
        map.ToDictionary(p => p.Key, p => Copy(p.Value), StringComparer.Ordinal);

    /// <summary><c>eq</c> of two values.</summary>
    /// <exception cref="FunctionException">They cannot be compared.</exception>
    public static bool BasicEqual(object? a, object? b)
    {
        if (a is null || b is null)
        {
            return a is null && b is null;
        }

        if (a is int or long && b is int or long)
        {
            return Convert.ToInt64(a, CultureInfo.InvariantCulture) == Convert.ToInt64(b, CultureInfo.InvariantCulture);
        }

        if (a is List<object?> or Dictionary<string, object?> || b is List<object?> or Dictionary<string, object?>)
        {
            var offender = a is List<object?> or Dictionary<string, object?> ? a : b;
            throw new FunctionException($"non-comparable type {Print(offender)}: {TypeName(offender)}");
        }

        return a.GetType() == b.GetType()
            ? Equals(a, b)
            : throw new FunctionException($"incompatible types for comparison: {TypeName(a)} and {TypeName(b)}");
    }

    /// <summary><c>lt</c> and its relatives: negative, zero or positive.</summary>
    /// <exception cref="FunctionException">They have no order.</exception>
    public static int Compare(object? a, object? b)
    {
        if (a is int or long && b is int or long)
        {
            return Convert.ToInt64(a, CultureInfo.InvariantCulture).CompareTo(Convert.ToInt64(b, CultureInfo.InvariantCulture));
        }

        return (a, b) switch
        {
            (double x, double y) => x.CompareTo(y),
            (string x, string y) => string.CompareOrdinal(x, y),
            (null or bool or List<object?> or Dictionary<string, object?>, _) or (_, null) =>
                throw new FunctionException("invalid type for comparison"),
            _ => throw new FunctionException($"incompatible types for comparison: {TypeName(a)} and {TypeName(b)}"),
        };
    }
}

/// <summary>A value with fields and methods of its own, such as <c>.Files</c>.</summary>
internal interface IMembers
{
    /// <summary>Go's name of the type.</summary>
    string TypeName { get; }

    /// <summary>A field, or a method's result.</summary>
    /// <exception cref="FunctionException">There is no such field, or the arguments do not fit.</exception>
    object? Get(string name, IReadOnlyList<object?> arguments);
}
