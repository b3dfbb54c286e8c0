using System.Net;

namespace Dpf.Runtime.Clusters;

/// <summary>An API server refused a request; <see cref="Exception.Message"/> is what it said and about what.</summary>
public sealed class KubeException(HttpStatusCode code, string reason, string message, string request)
    : Exception($"{request}: {message} ({(int)code} {reason})")
{
    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Code { get; } = code;

    /// <summary>The machine-readable reason of the Status, e.g. <c>AlreadyExists</c>.</summary>
    public string Reason { get; } = reason;

    /// <summary>The server's own message.</summary>
    public string ServerMessage { get; } = message;

    /// <summary>The object is not there (404).</summary>
    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    /// <summary>Somebody else changed the object, or it exists already (409).</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict;

    /// <summary>The revision asked for is no longer kept (410): list again.</summary>
    public bool IsGone => Code == HttpStatusCode.Gone;
}
