using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Lab.Addons.Argo;

/// <summary>A chart that is kept deployed in a cluster.</summary>
[KubernetesEntity(Group = "argoproj.io", ApiVersion = "v1alpha1", Kind = "Application", PluralName = "applications")]
internal sealed class Application : CustomObject<Anything, Anything>
{
    /// <summary>The label on everything that an Application deployed; its value is the Application's name.</summary>
    public const string InstanceLabel = "argocd.argoproj.io/instance";

    /// <summary>The name of the cluster to deploy to.</summary>
    public string Cluster => (string?)Spec["destination"]?["name"] ?? "in-cluster";

    /// <summary>The namespace of what does not say its own.</summary>
    public string Namespace => (string?)Spec["destination"]?["namespace"] ?? "default";

    /// <summary>The version of the chart.</summary>
    public string Revision => (string?)Spec["source"]?["targetRevision"] ?? "";

    /// <summary>What was deployed last.</summary>
    public IReadOnlyList<DeployedResource> Deployed =>
    [
        .. (Status?["resources"] as JsonArray ?? []).OfType<JsonObject>().Select(r => new DeployedResource(
            (string?)r["group"] is { Length: > 0 } group ? $"{group}/{(string)r["version"]!}" : (string)r["version"]!,
            (string)r["kind"]!, (string?)r["namespace"], (string)r["name"]!)),
    ];
}

/// <summary>One object of an Application.</summary>
internal sealed record DeployedResource(string ApiVersion, string Kind, string? Namespace, string Name)
{
    /// <summary>As the Application's status lists it.</summary>
    public JsonObject ToStatus(string health)
    {
        var parts = ApiVersion.Split('/');
        var entry = new JsonObject { ["version"] = parts[^1], ["kind"] = Kind, ["name"] = Name, ["status"] = "Synced" };
        if (parts.Length == 2)
        {
            entry["group"] = parts[0];
        }

        if (Namespace is not null)
        {
            entry["namespace"] = Namespace;
        }

        if (health.Length > 0)
        {
            entry["health"] = new JsonObject { ["status"] = health };
        }

        return entry;
    }
}
