using System.Globalization;

namespace Dpf.Runtime.Clusters;

/// <summary>Times as objects have them (metav1.Time: RFC 3339, UTC, whole seconds).</summary>
public static class Rfc3339
{
    extension(DateTimeOffset time)
    {
        /// <summary>The time as text, e.g. <c>2026-05-04T12:00:00Z</c>.</summary>
        public string ToRfc3339() => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }
}
