using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Strategies;

/// <summary>Amounts as Kubernetes writes them; pure. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/</summary>
internal static class Quantity
{
    private static readonly string[] Decimal = ["k", "M", "G", "T", "P", "E"];
    private static readonly string[] Binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    /// <summary>The amount, or null if it is none.</summary>
    public static double? Read(JsonNode? node)
    {
        if (node is not JsonValue)
        {
            return null;
        }

        var text = node.ToString();
        var end = text.Length;
        var factor = 1.0;
        if (text.Length > 2 && Array.IndexOf(Binary, text[^2..]) is >= 0 and var binary)
        {
            (factor, end) = (Math.Pow(1024, binary + 1), end - 2);
        }
        else if (text.Length > 1 && Array.IndexOf(Decimal, text[^1..]) is >= 0 and var power)
        {
            (factor, end) = (Math.Pow(1000, power + 1), end - 1);
        }
        else if (text.EndsWith('m'))
        {
            (factor, end) = (0.001, end - 1);
        }

        return double.TryParse(text.AsSpan(0, end), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number * factor : null;
    }
}
