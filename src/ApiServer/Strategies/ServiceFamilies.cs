using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Which address families a service has: a function of what is asked for, what was, and what the cluster has.</summary>
internal static class ServiceFamilies
{
    private const string Single = "SingleStack";
    private const string Require = "RequireDualStack";

    /// <summary>Writes <c>ipFamilies</c> and <c>ipFamilyPolicy</c> into a service's spec.</summary>
    /// <param name="spec">What is asked for.</param>
    /// <param name="old">What was; null for a new service.</param>
    /// <param name="cluster">The cluster's families, its own first.</param>
    /// <returns>What is wrong with it.</returns>
    public static IReadOnlyList<FieldError> Decide(JsonObject spec, JsonNode? old, IReadOnlyList<string> cluster)
    {
        var families = Chosen(spec.Texts("ipFamilies"), old.Texts("ipFamilies"));
        var policy = spec.Text("ipFamilyPolicy") ?? old.Text("ipFamilyPolicy");
        var addresses = Chosen(spec.Texts("clusterIPs"), spec.Text("clusterIP") is { Length: > 0 } one ? [one] : []);
        if (policy == Single && old.Text("ipFamilyPolicy") is { } before && before != Single && families.Count > 1)
        {
            // Fewer are asked for, and not which: the first stays.
            families = families[..1];
        }

        policy ??= families.Count > 1 || addresses.Count > 1 ? Require : Single;
        if (families.Count == 0)
        {
            families = [.. addresses.Select(ServiceNetworks.FamilyOf).OfType<string>().Distinct(StringComparer.Ordinal)];
        }

        if (families.Count == 0)
        {
            families = [cluster[0]];
        }

        if (policy != Single && families.Count == 1)
        {
            families.AddRange(cluster.Where(f => f != families[0]));
        }

        spec["ipFamilies"] = new JsonArray([.. families.Select(f => (JsonNode)f)]);
        spec["ipFamilyPolicy"] = policy;
        return [.. Errors(families, policy, cluster)];
    }

    private static IEnumerable<FieldError> Errors(List<string> families, string policy, IReadOnlyList<string> cluster)
    {
        if (policy == Require && cluster.Count == 1)
        {
            yield return FieldError.Invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services");
        }

        if (policy == Single && families.Count > 1)
        {
            yield return FieldError.Invalid(
                "spec.ipFamilyPolicy", policy, "may only be 'PreferDualStack' or 'RequireDualStack' when specifying multiple IP families");
        }

        foreach (var (i, family) in families.Index().Where(f => !cluster.Contains(f.Item)))
        {
            yield return FieldError.Invalid($"spec.ipFamilies[{i}]", family, "not configured on this cluster");
        }
    }

    private static List<string> Chosen(IEnumerable<string> first, IEnumerable<string> otherwise) =>
        first.ToList() is { Count: > 0 } list ? list : [.. otherwise];
}
