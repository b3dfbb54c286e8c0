using System.Globalization;
using System.Text.RegularExpressions;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Selecting;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Detection;

/// <summary>
/// <c>dpu-detector [--collector.PSID=true]</c>: tells node feature discovery which BlueFields a host has, and whether its management
/// bridge is as they need it.
/// </summary>
public sealed partial class DpuDetectorComponent : IComponent
{
    private const string Folder = "/etc/kubernetes/node-feature-discovery/features.d";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // At first somebody waits for what it finds.
    private static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(30);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("dpu-detector");
        var path = Path.Combine(context.Path(Folder), "dpu");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string? problem = null;
        var start = context.Time.GetTimestamp();

        // Reading it is slow: once a card, and again after a restart.
        var described = new Dictionary<string, VitalProductData>(StringComparer.Ordinal);
        while (true)
        {
            try
            {
                var bridge = BridgeCheck.Problem(context.Machine);
                await PassAsync(context, path, bridge is null, described, logger, cancellation);
                if (bridge != problem)
                {
                    problem = bridge;
                    logger.LogInformation("management bridge: {State}", problem ?? "as it should be");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or MachineCommandException)
            {
                // What was found before stays.
                logger.LogWarning("looking for BlueFields: {Message}", e.Message);
            }

            await Task.Delay(context.Time.GetElapsedTime(start) < Beginning ? FirstInterval : Interval, context.Time, cancellation);
        }
    }

    /// <summary>One look; writes the file only when it says something else.</summary>
    private static async Task PassAsync(
        ComponentContext context, string path, bool bridge, Dictionary<string, VitalProductData> described, ILogger logger, CancellationToken cancellation)
    {
        var functions = new PciFunctions(context.Path("/host-sys/bus/pci/devices"));
        var boot = (await File.ReadAllTextAsync(context.Machine.Path("/proc/sys/kernel/random/boot_id"), cancellation)).Trim();
        var before = File.Exists(path) ? await File.ReadAllTextAsync(path, cancellation) : "";
        var now = FeatureFile.Parse(before).With(
            boot, functions.Cards().Select(card => (card, functions.NetDevice(card + ".0"))), bridge);
        now = now with { Cards = [.. now.Cards.Select(card => Described(functions, card, described))] };
        if (context.Option("collector.PSID") == "true")
        {
            now = now with { Cards = await WithPsidAsync(context, now.Cards, logger, cancellation) };
        }

        var text = now.Text();
        if (text != before)
        {
            await ReplaceAsync(path, text, cancellation);
            logger.LogInformation("wrote:\n{Text}", text);
        }
    }

    /// <summary>A card with what it says of itself.</summary>
    private static DetectedCard Described(PciFunctions functions, DetectedCard card, Dictionary<string, VitalProductData> described)
    {
        if (!described.TryGetValue(card.Address, out var data))
        {
            if (functions.ProductData(card.Address + ".0") is not { } bytes)
            {
                return card;
            }

            described[card.Address] = data = VitalProductData.Parse(bytes);
        }

        return card with
        {
            PartNumber = data.PartNumber is { } part ? LabelValues.Of(part) : card.PartNumber,
            Memory = data.MemoryGib is { } size ? string.Create(CultureInfo.InvariantCulture, $"{size}Gi") : card.Memory,
        };
    }

    /// <summary>Asks each card once for its parameter-set id.</summary>
    private static async Task<IReadOnlyList<DetectedCard>> WithPsidAsync(
        ComponentContext context, IReadOnlyList<DetectedCard> cards, ILogger logger, CancellationToken cancellation)
    {
        List<DetectedCard> asked = [];
        foreach (var card in cards)
        {
            asked.Add(card.Psid is null ? card with { Psid = await PsidAsync(context.Machine, card.Address, logger, cancellation) } : card);
        }

        return asked;
    }

    private static async Task<string?> PsidAsync(IMachine machine, string address, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            var answer = await machine.ExecuteAsync(cancellation, "flint", "-d", address[(address.IndexOf(':', StringComparison.Ordinal) + 1)..] + ".0", "q");
            return Psid().Match(answer) is { Success: true } match ? match.Groups["id"].Value : null;
        }
        catch (Exception e) when (e is MachineCommandException or System.ComponentModel.Win32Exception)
        {
            logger.LogDebug("PSID of {Address}: {Message}", address, e.Message);
            return null;
        }
    }

    // In one step, so that nobody reads half of it; names with a dot are skipped by its reader.
    private static async Task ReplaceAsync(string path, string text, CancellationToken cancellation)
    {
        var fresh = Path.Combine(Path.GetDirectoryName(path)!, ".dpu");
        await File.WriteAllTextAsync(fresh, text, cancellation);
        File.Move(fresh, path, overwrite: true);
    }

    [GeneratedRegex(@"^PSID:\s*(?<id>\S+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Psid();
}
