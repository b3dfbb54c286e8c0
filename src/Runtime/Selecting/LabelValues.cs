using System.Security.Cryptography;
using System.Text;

namespace Dpf.Runtime.Selecting;

/// <summary>Makes any text a legal value of a label: at most 63 letters, digits, dashes, dots and underscores.</summary>
public static class LabelValues
{
    /// <summary>How long a value may be.</summary>
    public const int Longest = 63;

    private const int DigestLength = 8;

    /// <summary>The text itself where that is legal; one that is too long is cut, and told apart from others by a digest.</summary>
    public static string Of(string text)
    {
        var legal = new string([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]).Trim('-', '_', '.');
        if (legal.Length <= Longest)
        {
            return legal;
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..DigestLength];
        return $"{legal[..(Longest - DigestLength - 1)].TrimEnd('-', '_', '.')}-{digest}";
    }
}
