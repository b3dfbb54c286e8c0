namespace Dpf.Provisioning;

/// <summary>Truth as annotations of this field write it.</summary>
internal static class GoBool
{
    /// <summary>Reads it; null when it is something else.</summary>
    public static bool? Parse(string? text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };
}
