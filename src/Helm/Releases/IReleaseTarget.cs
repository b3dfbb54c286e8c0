using System.Text.Json.Nodes;
using Dpf.Helm.Rendering;

namespace Dpf.Helm.Releases;

/// <summary>The cluster that releases are installed in.</summary>
public interface IReleaseTarget
{
    /// <summary>What the cluster can do.</summary>
    Task<Capabilities> CapabilitiesAsync(CancellationToken cancellation);

    /// <summary>An object; null when it, or its kind, is not there.</summary>
    Task<JsonObject?> GetAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation);

    /// <summary>The List of a kind in a namespace, or (empty) in all; null when the kind is not there.</summary>
    Task<JsonObject?> ListAsync(string apiVersion, string kind, string ns, CancellationToken cancellation);

    /// <summary>Creates an object or makes it so (server-side apply). Kinds that a CRD has just brought are waited for.</summary>
    Task ApplyAsync(JsonObject value, CancellationToken cancellation);

    /// <summary>Deletes an object; nothing to do when it is not there.</summary>
    Task DeleteAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation);

    /// <summary>The Secrets of a namespace that a label selector selects.</summary>
    Task<IReadOnlyList<JsonObject>> SecretsAsync(string ns, string selector, CancellationToken cancellation);
}
