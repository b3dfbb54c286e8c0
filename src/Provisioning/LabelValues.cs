namespace Dpf.Provisioning;

/// <summary>Makes any text a legal value of a label: at most 63 letters, digits, dashes, dots and underscores.</summary>
internal static class LabelValues
{
    private const int Longest = 63;

    /// <summary>The text itself where that is legal.</summary>
    public static string Of(string text)
    {
        var legal = new string([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);
        return (legal.Length > Longest ? legal[..Longest] : legal).Trim('-', '_', '.');
    }

    /// <summary>The version of a boot image: its URL's last part without the extension.</summary>
    public static string BootImage(string url)
    {
        var name = url[(url.LastIndexOf('/') + 1)..];
        var end = name.LastIndexOf('.');
        return Of(end > 0 ? name[..end] : name);
    }
}
