namespace Dpf.Scenarios.Tests.Soak;

/// <summary>A pod of the soak: a server on port 8080, and a shell for questions.</summary>
internal sealed record SoakPod(string Namespace, string Name, string App, string Node);

/// <summary>A policy of the soak: the pods of an app are reached by those it allows, and by nobody else.</summary>
/// <param name="Namespace">Where it is.</param>
/// <param name="Name">Its name.</param>
/// <param name="App">Whose pods it selects.</param>
/// <param name="From">The app whose pods may come, from any of the soak's namespaces; null for nobody.</param>
internal sealed record SoakPolicy(string Namespace, string Name, string App, string? From);

/// <summary>A service of the soak.</summary>
internal sealed record SoakService(string Namespace, string Name, string App);

/// <summary>What was asked of the cluster so far, and what follows from it.</summary>
internal sealed class SoakModel
{
    /// <summary>The namespaces.</summary>
    public static IReadOnlyList<string> Namespaces { get; } = ["soak-a", "soak-b"];

    /// <summary>The pods that should run.</summary>
    public List<SoakPod> Pods { get; } = [];

    /// <summary>The policies in force.</summary>
    public List<SoakPolicy> Policies { get; } = [];

    /// <summary>The services.</summary>
    public List<SoakService> Services { get; } = [];

    /// <summary>Whether a pod is let through to another: to any port, by any policy that selects the other, or because none does.</summary>
    public bool MayReach(SoakPod from, SoakPod to)
    {
        var selecting = Policies.Where(p => p.Namespace == to.Namespace && p.App == to.App).ToList();
        return selecting.Count == 0 || selecting.Any(p => p.From == from.App);
    }

    /// <summary>
    /// Whether a pod is answered at a service: null where that depends on which endpoint it meets.
    /// </summary>
    public bool? MayReach(SoakPod from, SoakService service)
    {
        var answers = Pods.Where(p => p.Namespace == service.Namespace && p.App == service.App).Select(p => MayReach(from, p)).Distinct().ToList();
        return answers switch { [] => false, [var all] => all, _ => null };
    }
}
