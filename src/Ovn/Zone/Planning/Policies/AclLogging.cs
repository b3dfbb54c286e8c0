using Dpf.Ovn.Annotations;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>At which severities decisions are logged, as <c>k8s.ovn.org/acl-logging</c> says; null for not at all.</summary>
/// <param name="Allow">What passed.</param>
/// <param name="Deny">What was dropped.</param>
public sealed record AclLogging(string? Allow, string? Deny)
{
    /// <summary>The annotation of a namespace or of an administrator's policy.</summary>
    public const string Annotation = "k8s.ovn.org/acl-logging";

    /// <summary>Nothing is logged.</summary>
    public static AclLogging None { get; } = new(null, null);

    /// <summary>Reads the annotation.</summary>
    public static AclLogging Read(IDictionary<string, string>? annotations) => NodeAnnotations.Json(annotations, Annotation) is { } value
        ? new AclLogging(Severity(NodeAnnotations.Text(value["allow"])), Severity(NodeAnnotations.Text(value["deny"])))
        : None;

    // The database takes no other word, and one that it refuses would take the whole zone's change with it.
    private static string? Severity(string? text) => text is "alert" or "warning" or "notice" or "info" or "debug" ? text : null;
}
