using System.Globalization;
using System.Text;

namespace Dpf.Helm.Templates;

/// <summary>Numbers as Go writes and reads them.</summary>
internal static class GoNumber
{
    /// <summary>Reads an integer with Go's prefixes: <c>0x</c>, <c>0o</c>, <c>0b</c>, a leading zero, <c>_</c>.</summary>
    public static bool TryParseInteger(string text, out long value)
    {
        value = 0;
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        var negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+'))
        {
            digits = digits[1..];
        }

        var (radix, skip) = digits.Length > 1 && digits[0] == '0'
            ? char.ToLowerInvariant(digits[1]) switch
            {
                'x' => (16, 2),
                'b' => (2, 2),
                'o' => (8, 2),
                _ => (8, 1),
            }
            : (10, 0);
        digits = digits[skip..];
        if (digits.Length == 0)
        {
            return false;
        }

        ulong sum = 0;
        foreach (var c in digits)
        {
            var digit = c switch
            {
                >= '0' and <= '9' => c - '0',
                >= 'a' and <= 'f' => c - 'a' + 10,
                >= 'A' and <= 'F' => c - 'A' + 10,
                _ => 99,
            };
            if (digit >= radix || sum > (ulong.MaxValue - (ulong)digit) / (ulong)radix)
            {
                return false;
            }

            sum = (sum * (ulong)radix) + (ulong)digit;
        }

        if (sum > (ulong)long.MaxValue + (negative ? 1UL : 0UL))
        {
            return false;
        }

        value = negative ? unchecked(-(long)sum) : (long)sum;
        return true;
    }

    /// <summary>The shortest decimal that reads back the same: digits without a point, and the exponent of the first.</summary>
    public static (bool Negative, string Digits, int Exponent) Shortest(double value)
    {
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var negative = shortest.StartsWith('-');
        shortest = shortest.TrimStart('-');
        var at = shortest.IndexOf('E', StringComparison.Ordinal);
        var exponent = at < 0 ? 0 : int.Parse(shortest[(at + 1)..], CultureInfo.InvariantCulture);
        var mantissa = at < 0 ? shortest : shortest[..at];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return digits.Length == 0 ? (negative, "0", 0) : (negative, digits, whole - 1 - leading + exponent);
    }

    /// <summary><c>%v</c> of a float64.</summary>
    public static string Format(double value) => Format(value, -4, 6, null);

    /// <summary><c>strconv</c>'s form with the exponent limits given.</summary>
    public static string Format(double value, int low, int high, int? minimumExponentDigits)
    {
        if (double.IsNaN(value))
        {
            return "NaN";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "+Inf" : "-Inf";
        }

        var (negative, digits, exponent) = Shortest(value);
        var text = new StringBuilder(negative ? "-" : "");
        if (exponent < low || exponent >= high)
        {
            text.Append(digits[0]);
            if (digits.Length > 1)
            {
                text.Append('.').Append(digits, 1, digits.Length - 1);
            }

            var size = Math.Abs(exponent).ToString(CultureInfo.InvariantCulture).PadLeft(minimumExponentDigits ?? 2, '0');
            return text.Append('e').Append(exponent < 0 ? '-' : '+').Append(size).ToString();
        }

        return text.Append(Plain(digits, exponent)).ToString();
    }

    private static string Plain(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        return digits.Length <= exponent + 1
            ? digits.PadRight(exponent + 1, '0')
            : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }
}
