using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Provisioning.DpuSets;

/// <summary>A DPU as a rolling update sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsOutdated">Whether it is to be replaced.</param>
/// <param name="IsAvailable">Whether it works.</param>
/// <param name="IsDeleting">Whether it goes already.</param>
/// <param name="IsFailed">Whether a step of its installation failed for good.</param>
internal readonly record struct RollingDpu(string Name, bool IsOutdated, bool IsAvailable, bool IsDeleting, bool IsFailed = false);

/// <summary>Which DPUs a rolling update takes down next: pure.</summary>
internal static class RollingUpdatePlan
{
    /// <summary>
    /// The DPUs to delete now. Never leaves fewer working than <paramref name="wanted"/> less <paramref name="maxUnavailable"/>, and
    /// never has more than that many on their way; those that do not work anyway go first. None while a fresh one has failed and no
    /// other works: what broke the first would break the next.
    /// </summary>
    /// <param name="dpus">The DPUs that there are.</param>
    /// <param name="wanted">How many there should be.</param>
    /// <param name="maxUnavailable">How many may be missing, see <see cref="Limit"/>.</param>
    public static IReadOnlyList<string> Next(IReadOnlyCollection<RollingDpu> dpus, int wanted, int maxUnavailable)
    {
        if (HasStopped(dpus))
        {
            return [];
        }

        var missing = Math.Max(0, wanted - dpus.Count);
        var unavailable = missing + dpus.Count(d => !d.IsAvailable || d.IsDeleting);
        var onTheirWay = missing + dpus.Count(d => d.IsDeleting || (!d.IsOutdated && !d.IsAvailable));
        var chosen = new List<string>();
        var candidates = dpus.Where(d => d.IsOutdated && !d.IsDeleting).OrderBy(d => d.IsAvailable).ThenBy(d => d.Name, StringComparer.Ordinal);
        foreach (var dpu in candidates)
        {
            if (onTheirWay >= maxUnavailable || (dpu.IsAvailable && unavailable >= maxUnavailable))
            {
                break;
            }

            chosen.Add(dpu.Name);
            onTheirWay++;
            unavailable += dpu.IsAvailable ? 1 : 0;
        }

        return chosen;
    }

    /// <summary>Whether a roll-out goes no further by itself: a fresh DPU has failed, and none works.</summary>
    public static bool HasStopped(IReadOnlyCollection<RollingDpu> dpus) =>
        dpus.Any(d => d is { IsOutdated: false, IsFailed: true }) && dpus.Any(d => d.IsOutdated) && !dpus.Any(d => d is { IsOutdated: false, IsAvailable: true });

    /// <summary>A limit as a number of DPUs: at least one, at most all; a percentage is rounded up.</summary>
    /// <param name="maxUnavailable">A number, a percentage, or null for 1.</param>
    /// <param name="wanted">How many DPUs there should be.</param>
    public static int Limit(JsonNode? maxUnavailable, int wanted)
    {
        var limit = Parse(maxUnavailable) switch
        {
            (var percent, true) => (int)((((long)wanted * percent) + 99) / 100),
            (var number, false) => number,
            null => 1,
        };
        return Math.Clamp(limit, 1, Math.Max(1, wanted));
    }

    /// <summary>Reads a limit; null when it is neither a number above 0 nor a percentage from 1 % to 100 %.</summary>
    public static (int Value, bool IsPercent)? Parse(JsonNode? maxUnavailable)
    {
        var text = maxUnavailable?.GetValueKind() switch
        {
            JsonValueKind.Number => maxUnavailable.ToJsonString(),
            JsonValueKind.String => maxUnavailable.GetValue<string>(),
            _ => "",
        };
        var isPercent = text.EndsWith('%');
        return int.TryParse(isPercent ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 &&
            (!isPercent || value <= 100) && (isPercent || maxUnavailable!.GetValueKind() == JsonValueKind.Number)
                ? (value, isPercent)
                : null;
    }
}
