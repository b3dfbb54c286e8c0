using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>What a role allows (rbac.authorization.k8s.io/v1 PolicyRule); <c>*</c> stands for all of a list.</summary>
/// <param name="Verbs">The verbs.</param>
/// <param name="Groups">The API groups of the resources.</param>
/// <param name="Resources">The resources, or <c>resource/subresource</c>.</param>
/// <param name="Names">The objects; empty for all.</param>
/// <param name="Paths">Paths that are no resource; may end in <c>*</c>.</param>
public sealed record PolicyRule(
    IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, IReadOnlyList<string> Names,
    IReadOnlyList<string> Paths)
{
    /// <summary>What allows everything.</summary>
    public static IReadOnlyList<PolicyRule> Everything { get; } = [new(["*"], ["*"], ["*"], [], []), new(["*"], [], [], [], ["*"])];

    /// <summary>Whether it allows a request.</summary>
    public bool Allows(RequestInfo request)
    {
        if (!Verbs.Contains("*") && !Verbs.Contains(request.Verb))
        {
            return false;
        }

        if (!request.IsResource)
        {
            return Paths.Any(p => p == "*" || p == request.Path ||
                (p.EndsWith('*') && request.Path.StartsWith(p[..^1], StringComparison.Ordinal)));
        }

        var resource = request.Subresource.Length > 0 ? $"{request.Resource}/{request.Subresource}" : request.Resource;
        return (Groups.Contains("*") || Groups.Contains(request.Group)) &&
            (Resources.Contains("*") || Resources.Contains(resource) ||
                (request.Subresource.Length > 0 && Resources.Contains("*/" + request.Subresource))) &&
            (Names.Count == 0 || Names.Contains(request.Name));
    }

    /// <summary>The rules of a role.</summary>
    /// <param name="role">A Role or ClusterRole.</param>
    public static IReadOnlyList<PolicyRule> Of(JsonObject role) =>
    [
        .. role.Objects("rules").Select(r => new PolicyRule(
            [.. r.Texts("verbs")], [.. r.Texts("apiGroups")], [.. r.Texts("resources")], [.. r.Texts("resourceNames")], [.. r.Texts("nonResourceURLs")])),
    ];

    /// <summary>Rules as a review tells them: the <c>status</c> of a SelfSubjectRulesReview.</summary>
    public static JsonObject Status(IReadOnlyList<PolicyRule> rules) => new()
    {
        ["resourceRules"] = new JsonArray([.. rules.Where(r => r.Resources.Count > 0).Select(r => new JsonObject
        {
            ["verbs"] = List(r.Verbs), ["apiGroups"] = List(r.Groups), ["resources"] = List(r.Resources), ["resourceNames"] = List(r.Names),
        })]),
        ["nonResourceRules"] = new JsonArray([.. rules.Where(r => r.Paths.Count > 0).Select(r => new JsonObject
        {
            ["verbs"] = List(r.Verbs), ["nonResourceURLs"] = List(r.Paths),
        })]),
        ["incomplete"] = false,
    };

    private static JsonArray List(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];
}
