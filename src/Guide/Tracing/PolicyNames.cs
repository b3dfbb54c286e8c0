using System.Text.RegularExpressions;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Guide.Tracing;

/// <summary>The policies of Kubernetes behind a decision of the logical network.</summary>
public static partial class PolicyNames
{
    /// <summary>The NetworkPolicies that select a pod in a direction, <c>Ingress</c> or <c>Egress</c>.</summary>
    public static IReadOnlyList<string> Selecting(IEnumerable<V1NetworkPolicy> policies, V1Pod pod, string direction) =>
    [
        .. policies
            .Where(policy => policy.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && AppliesTo(policy, direction) && policy.Spec.PodSelector.Selects(pod.Metadata.Labels))
            .Select(policy => policy.Metadata.Name).Order(StringComparer.Ordinal),
    ];

    /// <summary>What denied a packet, for people.</summary>
    /// <param name="client">The management cluster.</param>
    /// <param name="pod">The pod on whose side it was denied; null when that is no pod.</param>
    /// <param name="direction"><c>Ingress</c> or <c>Egress</c>.</param>
    /// <param name="rule">What the zone's rule calls itself.</param>
    /// <param name="cancellation">Cancels.</param>
    public static async Task<string> ExplainAsync(KubeClient client, V1Pod? pod, string direction, string rule, CancellationToken cancellation)
    {
        if (Firewall().Match(rule) is { Success: true } firewall)
        {
            return $"EgressFirewall {firewall.Groups["namespace"].Value}/default denies it ({rule})";
        }

        var names = pod is null
            ? []
            : Selecting(await client.ListAsync<V1NetworkPolicy>(pod.Metadata.NamespaceProperty, cancellation), pod, direction);
        return names.Count == 0 || rule.Contains("AdminNetworkPolicy", StringComparison.Ordinal)
            ? $"a policy denies it ({rule})"
            : $"NetworkPolicy {string.Join(", ", names.Select(name => $"{pod!.Metadata.NamespaceProperty}/{name}"))} " +
              $"{(names.Count == 1 ? "selects" : "select")} pod {pod!.Metadata.Name}, and no {direction.ToLowerInvariant()} rule of {(names.Count == 1 ? "it" : "theirs")} allows this ({rule})";
    }

    // As the zone names the rules of an EgressFirewall, of which a namespace has one.
    [GeneratedRegex("\\bEgressFirewall:(?<namespace>[a-z0-9-]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Firewall();

    private static bool AppliesTo(V1NetworkPolicy policy, string direction) =>
        policy.Spec.PolicyTypes is { Count: > 0 } types ? types.Contains(direction) : direction == "Ingress" || policy.Spec.Egress is { Count: > 0 };
}
