namespace Dpf.Runtime.Clusters;

/// <summary>The key of an object: <c>ns/name</c>, or just <c>name</c> for a cluster-scoped one.</summary>
/// <param name="Namespace">The namespace; null for a cluster-scoped object.</param>
/// <param name="Name">The name.</param>
public readonly record struct NamespacedName(string? Namespace, string Name)
{
    /// <inheritdoc />
    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
