using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>
/// Offers virtual functions to the kubelet as extended resources. The pools come from the container's configuration file, which
/// the operator wrote: <c>{"resourceList":[{"resourceName","resourcePrefix","selectors":{"pfNames":[…]}}]}</c>.
/// </summary>
internal sealed class DevicePluginComponent : IComponent
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var file = context.Path(context.Option("config-file", "/etc/pcidp/config.json")!);
        while (!File.Exists(file))
        {
            await Task.Delay(Interval, context.Time, cancellation);
        }

        var text = await File.ReadAllTextAsync(file, cancellation);
        var pools = JsonNode.Parse(text)!["resourceList"]!.AsArray()
            .Select(r => (Name: $"{(string?)r!["resourcePrefix"] ?? "nvidia.com"}/{(string)r["resourceName"]!}",
                Ranges: r["selectors"]!["pfNames"]!.AsArray().Select(p => FunctionRange.Parse((string)p!)).ToList()))
            .ToList();
        await Together.RunAsync(
            stop => [.. pools.Select(p => new DevicePool(context, p.Name, p.Ranges).RunAsync(stop)), ChangedAsync(file, text, context, stop)], cancellation);
    }

    // Another configuration means other pools: the container starts anew with it.
    private static async Task ChangedAsync(string file, string text, ComponentContext context, CancellationToken cancellation)
    {
        while (!File.Exists(file) || await File.ReadAllTextAsync(file, Encoding.UTF8, cancellation) == text)
        {
            await Task.Delay(Interval, context.Time, cancellation);
        }

        context.Loggers.CreateLogger("sriov").LogInformation("the configuration has changed: starting anew");
    }
}
