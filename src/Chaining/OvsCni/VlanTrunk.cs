using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;

namespace Dpf.Chaining.OvsCni;

/// <summary>The VLANs of a network's <c>trunk</c>, as the OVS CNI plugin's configuration says them: pure.</summary>
internal static class VlanTrunk
{
    private const int Highest = 4095;

    /// <summary>The VLANs, in order; empty where the network says nothing, which means all.</summary>
    /// <param name="trunk">A list of <c>{"id": 42}</c> and <c>{"minID": 100, "maxID": 110}</c>.</param>
    /// <exception cref="CniException">It is no such list. Nothing is guessed: a trunk that is read wrong joins what is to be apart.</exception>
    public static IReadOnlyList<int> Parse(JsonNode? trunk)
    {
        if (trunk is null)
        {
            return [];
        }

        try
        {
            return [.. trunk.AsArray().SelectMany(Range).Distinct().Order()];
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or JsonException)
        {
            throw new CniException(
                7, $"trunk: {trunk.ToJsonString()}: a list of {{\"id\": N}} or {{\"minID\": N, \"maxID\": M}} with VLANs from 0 to {Highest} is needed");
        }
    }

    private static IEnumerable<int> Range(JsonNode? entry)
    {
        var one = (int?)entry?["id"];
        var (first, last) = ((int?)entry?["minID"] ?? one, (int?)entry?["maxID"] ?? one);
        return first is { } from && last is { } to && from >= 0 && from <= to && to <= Highest
            ? Enumerable.Range(from, to - from + 1)
            : throw new FormatException("no VLANs");
    }
}
