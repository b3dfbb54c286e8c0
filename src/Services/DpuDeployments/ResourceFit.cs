using System.Globalization;
using System.Text.Json.Nodes;
using k8s.Models;

namespace Dpf.Services.DpuDeployments;

/// <summary>Whether services fit on a DPU: pure.</summary>
internal static class ResourceFit
{
    /// <summary>What is missing; nothing when all fits, or when the flavor does not say what there is.</summary>
    public static IReadOnlyList<string> Missing(DeploymentInputs inputs)
    {
        if (inputs.Flavor.Spec.DpuResources is not { } total)
        {
            return [];
        }

        var reserved = inputs.Flavor.Spec.SystemReservedResources ?? [];
        var left = total.ToDictionary(r => r.Key, r => Number(r.Value), StringComparer.Ordinal);
        Subtract(left, reserved);
        foreach (var service in inputs.Services)
        {
            Subtract(left, service.Template.Spec.ResourceRequirements ?? []);
        }

        return
        [
            .. left.Where(r => r.Value < 0).OrderBy(r => r.Key, StringComparer.Ordinal)
                .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}: {Text(-r.Value)}")),
        ];
    }

    private static void Subtract(Dictionary<string, decimal> left, Dictionary<string, JsonNode> wanted)
    {
        foreach (var (name, quantity) in wanted)
        {
            left[name] = left.GetValueOrDefault(name) - Number(quantity);
        }
    }

    private static decimal Number(JsonNode quantity)
    {
        var text = quantity.ToString();
        try
        {
            return new ResourceQuantity(text).ToDecimal();
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new FormatException($"'{text}' is no quantity; expected a number with a unit, e.g. 500m or 2Gi", e);
        }
    }

    private static string Text(decimal number) => new ResourceQuantity(
        number, 0, number == decimal.Truncate(number) && number >= 1024 && number % 1024 == 0
            ? ResourceQuantity.SuffixFormat.BinarySI
            : ResourceQuantity.SuffixFormat.DecimalSI).ToString();
}
