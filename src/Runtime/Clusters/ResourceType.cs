using System.Collections.Concurrent;
using System.Reflection;
using k8s.Models;

namespace Dpf.Runtime.Clusters;

/// <summary>Where a kind lives in an API server.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version, e.g. <c>v1alpha1</c>.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Plural">The resource's name in paths.</param>
public sealed record ResourceType(string Group, string Version, string Kind, string Plural)
{
    private static readonly ConcurrentDictionary<Type, ResourceType> Known = new();

    /// <summary><c>v1</c> or <c>group/version</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The resource of a typed kind, from its <see cref="KubernetesEntityAttribute"/>.</summary>
    /// <exception cref="InvalidOperationException">The type carries no such attribute.</exception>
    public static ResourceType Of<T>() => Known.GetOrAdd(typeof(T), type =>
        type.GetCustomAttribute<KubernetesEntityAttribute>() is { } entity
            ? new ResourceType(entity.Group ?? "", entity.ApiVersion, entity.Kind, entity.PluralName)
            : throw new InvalidOperationException($"{type} has no [KubernetesEntity]; add one with its group, version, kind and plural"));

    /// <summary>The path of the collection, or of one object, or of its subresource.</summary>
    public string Path(string? ns, string? name = null, string? subresource = null) =>
        (Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}") +
        (string.IsNullOrEmpty(ns) ? "" : $"/namespaces/{Uri.EscapeDataString(ns)}") +
        $"/{Plural}" +
        (name is null ? "" : "/" + Uri.EscapeDataString(name)) +
        (subresource is null ? "" : "/" + subresource);
}
