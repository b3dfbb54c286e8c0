using System.Text.RegularExpressions;

namespace Dpf.Provisioning.Admission;

/// <summary>What Kubernetes takes for the key and the value of a label or a taint: pure.</summary>
internal static partial class LabelSyntax
{
    private const int LongestPart = 63;
    private const int LongestPrefix = 253;

    /// <summary>What is wrong with a key; null when nothing is.</summary>
    public static string? ProblemOfKey(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var (prefix, name) = slash < 0 ? (null, key) : (key[..slash], key[(slash + 1)..]);
        return prefix is not null && (prefix.Length > LongestPrefix || !Prefix().IsMatch(prefix))
            ? $"'{prefix}' before the slash is no domain name of lower-case letters, digits, '-' and '.'"
            : name.Length is 0 or > LongestPart || !Part().IsMatch(name)
                ? $"'{name}' has to be 1 to 63 letters, digits, '-', '_' and '.', the first and the last a letter or a digit"
                : null;
    }

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public static string? ProblemOfValue(string? value) => string.IsNullOrEmpty(value) || (value.Length <= LongestPart && Part().IsMatch(value))
        ? null
        : $"'{value}' has to be at most 63 letters, digits, '-', '_' and '.', the first and the last a letter or a digit";

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Part();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Prefix();
}
