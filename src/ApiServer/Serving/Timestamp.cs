using System.Globalization;

namespace Dpf.ApiServer.Serving;

/// <summary>Times as objects have them (metav1.Time: RFC 3339, UTC, whole seconds).</summary>
internal static class Timestamp
{
    /// <summary>The format, for times in UTC.</summary>
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>A time as text, e.g. <c>2026-05-04T12:00:00Z</c>.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
}
