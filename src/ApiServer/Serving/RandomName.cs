using System.Security.Cryptography;

namespace Dpf.ApiServer.Serving;

/// <summary>Endings of generated names, from letters and digits that do not form words or look alike.</summary>
public static class RandomName
{
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Five characters.</summary>
    public static string Suffix() => RandomNumberGenerator.GetString(Letters, 5);
}
