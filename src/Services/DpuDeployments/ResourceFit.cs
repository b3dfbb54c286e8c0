using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using k8s.Models;

namespace Dpf.Services.DpuDeployments;

/// <summary>Whether services fit on a DPU: pure.</summary>
internal static class ResourceFit
{
    /// <summary>What is missing; nothing when all fits, or when the flavor does not say what there is.</summary>
    public static IReadOnlyList<string> Missing(DeploymentInputs inputs) => Lacking(Left(inputs));

    /// <summary>
    /// What is missing once the DPUServices that users made themselves are counted, and which those are; "" when all fits. It does not
    /// keep anything from being deployed: whoever wrote the flavor may have counted them among what it reserves.
    /// </summary>
    public static string Besides(DeploymentInputs inputs, IEnumerable<DpuService> services)
    {
        if (inputs.Flavor.Spec.DpuResources is not { } total)
        {
            return "";
        }

        // What the flavor says nothing of, e.g. devices, it does not count either.
        var left = Left(inputs);
        var others = services.Select(s => (s.Metadata, Demand: Demand(s).Where(r => total.ContainsKey(r.Key)).ToDictionary())).Where(s => s.Demand.Count > 0)
            .OrderBy(s => s.Metadata.NamespaceProperty, StringComparer.Ordinal).ThenBy(s => s.Metadata.Name, StringComparer.Ordinal).ToList();
        others.ForEach(other => Subtract(left, other.Demand));
        return others.Count > 0 && Lacking(left) is { Count: > 0 } lacking
            ? "too little if the DPUFlavor's systemReservedResources do not count DPUServices " +
                string.Join(", ", others.Select(o => $"{o.Metadata.NamespaceProperty}/{o.Metadata.Name}")) +
                $", which run on the same DPUs: {string.Join(", ", lacking)}"
            : "";
    }

    /// <summary>
    /// What a DPUService that a user made takes of every DPU, as its chart's value <c>resources</c> says (requests, else limits, else what
    /// is in it); nothing for one that does not run everywhere.
    /// </summary>
    public static Dictionary<string, JsonNode> Demand(DpuService service)
    {
        if (service.Metadata.Labels?.ContainsKey(DeploymentNames.OwnedBy) == true || service.Metadata.DeletionTimestamp is not null ||
            service.Spec.DeployInCluster == true || service.Spec.ServiceDaemonSet?.NodeSelector is not null ||
            service.Spec.HelmChart.Values?["resources"] is not JsonObject resources)
        {
            return [];
        }

        var said = resources["requests"] as JsonObject ?? resources["limits"] as JsonObject ?? resources;
        return said.Where(r => r.Value is JsonValue value && Quantity(value.ToString()) is not null).ToDictionary(r => r.Key, r => r.Value!, StringComparer.Ordinal);
    }

    private static Dictionary<string, decimal> Left(DeploymentInputs inputs)
    {
        if (inputs.Flavor.Spec.DpuResources is not { } total)
        {
            return [];
        }

        var left = total.ToDictionary(r => r.Key, r => Number(r.Value), StringComparer.Ordinal);
        Subtract(left, inputs.Flavor.Spec.SystemReservedResources ?? []);
        foreach (var service in inputs.Services)
        {
            Subtract(left, service.Template.Spec.ResourceRequirements ?? []);
        }

        return left;
    }

    private static IReadOnlyList<string> Lacking(Dictionary<string, decimal> left) =>
    [
        .. left.Where(r => r.Value < 0).OrderBy(r => r.Key, StringComparer.Ordinal)
            .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}: {Text(-r.Value)}")),
    ];

    private static void Subtract(Dictionary<string, decimal> left, Dictionary<string, JsonNode> wanted)
    {
        foreach (var (name, quantity) in wanted)
        {
            left[name] = left.GetValueOrDefault(name) - Number(quantity);
        }
    }

    private static decimal Number(JsonNode quantity) => Quantity(quantity.ToString()) ??
        throw new FormatException($"'{quantity}' is no quantity; expected a number with a unit, e.g. 500m or 2Gi");

    private static decimal? Quantity(string text)
    {
        try
        {
            return new ResourceQuantity(text).ToDecimal();
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static string Text(decimal number) => new ResourceQuantity(
        number, 0, number == decimal.Truncate(number) && number >= 1024 && number % 1024 == 0
            ? ResourceQuantity.SuffixFormat.BinarySI
            : ResourceQuantity.SuffixFormat.DecimalSI).ToString();
}
