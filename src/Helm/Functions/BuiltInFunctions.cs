using System.Text;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>The functions of Go's text/template (<c>and</c> and <c>or</c> are the executor's, as they stop early).</summary>
internal static class BuiltInFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "not", 1, a => !GoValue.IsTrue(a[0]) },
        { "eq", 1, int.MaxValue, Equal },
        { "ne", 2, a => !GoValue.BasicEqual(a[0], a[1]) },
        { "lt", 2, a => GoValue.Compare(a[0], a[1]) < 0 },
        { "le", 2, a => GoValue.Compare(a[0], a[1]) <= 0 },
        { "gt", 2, a => GoValue.Compare(a[0], a[1]) > 0 },
        { "ge", 2, a => GoValue.Compare(a[0], a[1]) >= 0 },
        { "index", 1, int.MaxValue, Index },
        { "len", 1, a => Length(a[0]) },
        { "print", 0, int.MaxValue, a => Sprint(a.All) },
        { "println", 0, int.MaxValue, a => string.Join(' ', a.All.Select(GoValue.Print)) + "\n" },
        { "printf", 1, int.MaxValue, a => GoPrintf.Format(a.Text(0), [.. a.All.Skip(1)]) },
        { "html", 1, int.MaxValue, a => Sprint(a.All).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal) },
        { "js", 1, int.MaxValue, a => GoText.Script(Sprint(a.All)) },
        { "urlquery", 1, int.MaxValue, a => Uri.EscapeDataString(Sprint(a.All)).Replace("%20", "+", StringComparison.Ordinal) },
    };

    private static object? Equal(CallArguments a)
    {
        if (a.Count < 2)
        {
            throw new FunctionException("missing argument for comparison");
        }

        return a.All.Skip(1).Any(other => GoValue.BasicEqual(a[0], other));
    }

    private static object? Index(CallArguments a)
    {
        var value = a[0];
        foreach (var key in a.All.Skip(1))
        {
            switch (value)
            {
                case Dictionary<string, object?> map when key is string name:
                    value = map.GetValueOrDefault(name);
                    break;
                case Dictionary<string, object?>:
                    throw new FunctionException($"value has type {GoValue.TypeName(key)}; should be string");
                case List<object?> list when key is int or long:
                    var at = Convert.ToInt64(key, null);
                    value = at >= 0 && at < list.Count ? list[(int)at] : throw new FunctionException($"index out of range: {at}");
                    break;
                case List<object?>:
                    throw new FunctionException($"cannot index slice/array with type {GoValue.TypeName(key)}");
                case null:
                    throw new FunctionException("index of untyped nil");
                default:
                    throw new FunctionException($"can't index item of type {GoValue.TypeName(value)}");
            }
        }

        return value;
    }

    private static object? Length(object? value) => value switch
    {
        string text => Encoding.UTF8.GetByteCount(text),
        List<object?> list => list.Count,
        Dictionary<string, object?> map => map.Count,
        byte[] bytes => bytes.Length,
        null => throw new FunctionException("len of nil pointer"),
        _ => throw new FunctionException($"len of type {GoValue.TypeName(value)}"),
    };

    private static string Sprint(IReadOnlyList<object?> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string)
            {
                text.Append(' ');
            }

            text.Append(GoValue.Print(values[i]));
        }

        return text.ToString();
    }
}
