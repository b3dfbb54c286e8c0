using System.Globalization;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's arithmetic.</summary>
internal static class NumberFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "add", 0, int.MaxValue, a => a.All.Sum(CallArguments.ToWhole) },
        { "add1", 1, a => a.Whole(0) + 1 },
        { "sub", 2, a => a.Whole(0) - a.Whole(1) },
        { "mul", 1, int.MaxValue, a => a.All.Select(CallArguments.ToWhole).Aggregate((x, y) => x * y) },
        { "div", 2, a => a.Whole(1) != 0 ? a.Whole(0) / a.Whole(1) : throw new FunctionException("runtime error: integer divide by zero") },
        { "mod", 2, a => a.Whole(1) != 0 ? a.Whole(0) % a.Whole(1) : throw new FunctionException("runtime error: integer divide by zero") },
        { "max", 1, int.MaxValue, a => a.All.Max(CallArguments.ToWhole) },
        { "biggest", 1, int.MaxValue, a => a.All.Max(CallArguments.ToWhole) },
        { "min", 1, int.MaxValue, a => a.All.Min(CallArguments.ToWhole) },
        { "addf", 0, int.MaxValue, a => (double)a.All.Sum(v => (decimal)CallArguments.ToReal(v)) },
        { "add1f", 1, a => a.Real(0) + 1 },
        { "subf", 2, a => (double)((decimal)a.Real(0) - (decimal)a.Real(1)) },
        { "mulf", 1, int.MaxValue, a => (double)a.All.Select(v => (decimal)CallArguments.ToReal(v)).Aggregate((x, y) => x * y) },
        { "divf", 2, a => a.Real(0) / a.Real(1) },
        { "maxf", 1, int.MaxValue, a => a.All.Max(CallArguments.ToReal) },
        { "minf", 1, int.MaxValue, a => a.All.Min(CallArguments.ToReal) },
        { "floor", 1, a => Math.Floor(a.Real(0)) },
        { "ceil", 1, a => Math.Ceiling(a.Real(0)) },
        { "round", 2, 3, a => Math.Round(a.Real(0), (int)a.Whole(1), MidpointRounding.AwayFromZero) },
        { "int", 1, a => (int)a.Whole(0) },
        { "int64", 1, a => a.Whole(0) },
        { "float64", 1, a => a.Real(0) },
        { "atoi", 1, a => int.TryParse(a.Text(0), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0 },
        { "toDecimal", 1, a => Octal(a.Printed(0)) },
        { "until", 1, a => Steps(0, a.Int(0), a.Int(0) < 0 ? -1 : 1) },
        { "untilStep", 3, a => Steps(a.Int(0), a.Int(1), a.Int(2)) },
        { "seq", 0, int.MaxValue, Sequence },
    };

    private static long Octal(string text)
    {
        try
        {
            return Convert.ToInt64(text, 8);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return 0;
        }
    }

    private static List<object?> Steps(int start, int stop, int step)
    {
        var list = new List<object?>();
        for (var i = start; step != 0 && (step > 0 ? i < stop : i > stop); i += step)
        {
            list.Add(i);
        }

        return list;
    }

    private static object? Sequence(CallArguments a)
    {
        var (start, step, end) = a.Count switch
        {
            0 => (1, 1, 0),
            1 => (1, a.Int(0) >= 1 ? 1 : -1, a.Int(0)),
            2 => (a.Int(0), a.Int(1) >= a.Int(0) ? 1 : -1, a.Int(1)),
            _ => (a.Int(0), a.Int(1), a.Int(2)),
        };
        return string.Join(' ', Steps(start, end + Math.Sign(step), step));
    }
}
