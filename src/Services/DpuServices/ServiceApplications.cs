using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Services.Argo;

namespace Dpf.Services.DpuServices;

/// <summary>The Applications of a DPUService: pure.</summary>
internal static class ServiceApplications
{
    /// <summary>Whether an Application is a DPUService's.</summary>
    public static bool Owns(DpuService service, ArgoApplication application) =>
        application.Label(ArgoObjects.ServiceNameLabel) == service.Metadata.Name &&
        application.Label(ArgoObjects.ServiceNamespaceLabel) == service.Metadata.NamespaceProperty;

    /// <summary>
    /// The name of a DPUService's Application in a cluster: what it has already; else cluster and service; else, where a
    /// DPUService of the same name in another namespace has taken that, with the namespace between.
    /// </summary>
    public static string Name(DpuService service, string cluster, string argoNamespace, IEnumerable<ArgoApplication> all)
    {
        var there = all.Where(a => a.Metadata.NamespaceProperty == argoNamespace).ToList();
        var plain = ArgoObjects.Name(cluster, service.Metadata.Name);
        return there.FirstOrDefault(a => Owns(service, a) && a.Label(ArgoObjects.ClusterLabel) == cluster)?.Metadata.Name
            ?? (there.Any(a => a.Metadata.Name == plain && !Owns(service, a))
                ? LongName(service, cluster)
                : plain);
    }

    /// <summary>The name of a DPUService's Application where another has the shorter one.</summary>
    public static string LongName(DpuService service, string cluster) =>
        ArgoObjects.Name($"{cluster}-{service.Metadata.NamespaceProperty}", service.Metadata.Name);

    /// <summary>The Application of a DPUService in a cluster.</summary>
    public static JsonObject Wanted(DpuService service, string cluster, string argoNamespace, string name, JsonObject values)
    {
        var source = service.Spec.HelmChart.Source;
        var application = ArgoObjects.Application(
            new ApplicationSource(
                service.Metadata.Name, service.Metadata.NamespaceProperty, source.RepoUrl, source.Version, source.Chart, source.Path,
                source.ReleaseName, values),
            cluster, argoNamespace);
        application["metadata"]!["name"] = name;
        return application;
    }

    /// <summary>What keeps an Application from working; null when it works.</summary>
    public static string? Problem(string name, ArgoApplication? application)
    {
        var (sync, health) = ((string?)application?.Status?["sync"]?["status"], (string?)application?.Status?["health"]?["status"]);
        return (sync, health) switch
        {
            ("Synced", "Healthy") => null,
            (null or "", null or "") => $"{name}: Application is not yet deployed.",
            _ => $"{name}: sync is {sync ?? "Unknown"}, health is {health ?? "Unknown"}{Detail(application!)}",
        };
    }

    private static string Detail(ArgoApplication application)
    {
        var messages = (application.Status?["conditions"] as JsonArray ?? []).Select(c => (string?)c?["message"])
            .Prepend((string?)application.Status?["health"]?["message"])
            .Where(m => !string.IsNullOrEmpty(m)).Distinct();
        var unhealthy = (application.Status?["resources"] as JsonArray ?? [])
            .Where(r => (string?)r?["health"]?["status"] is { } h && h is not "Healthy")
            .Select(r => $"{(string?)r!["kind"]} {(string?)r["name"]} is {(string?)r["health"]!["status"]}");
        var all = messages.Concat(unhealthy).Take(3).ToList();
        return all.Count == 0 ? "" : $" ({string.Join("; ", all)})";
    }
}
