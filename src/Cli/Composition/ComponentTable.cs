using Dpf.Lab.BlueField.Dms;
using Dpf.Lab.Topologies;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Vitals;

namespace Dpf.Cli.Composition;

/// <summary>Every component by its name: the one place that knows them all.</summary>
internal static class ComponentTable
{
    private static readonly IReadOnlyDictionary<string, IComponent>[] Product =
    [
        Operator.Components.All, Provisioning.Components.All, Chaining.Components.All, Ovn.Components.All,
        Services.Components.All, Telemetry.Components.All,
    ];

    // It needs silicon: in the lab another takes its place.
    private const string Dms = "dms";

    /// <summary>What <c>dpf run</c> can run.</summary>
    public static IReadOnlyDictionary<string, IComponent> Standalone { get; } = Join(
        [.. Product, new Dictionary<string, IComponent> { ["apiserver"] = new ApiServerComponent() }]);

    /// <summary>Whether the lab runs the product's own component of a name, which needs nothing of the lab's process.</summary>
    public static bool IsOfProduct(string name) => name != Dms && Product.Any(table => table.ContainsKey(name));

    /// <summary>What the kubelets of a lab can host: what needs silicon is the lab's own.</summary>
    public static IReadOnlyDictionary<string, IComponent> ForLab(GuideLab lab) => new Dictionary<string, IComponent>(
        Join([.. Product, Lab.Addons.Components.With(new ApiServerLauncher(), new ApplicationCharts(lab))]), StringComparer.Ordinal)
    {
        [Dms] = new DmsComponent(lab.CardOf),
    };

    private static Dictionary<string, IComponent> Join(IEnumerable<IReadOnlyDictionary<string, IComponent>> tables)
    {
        var all = new Dictionary<string, IComponent>(StringComparer.Ordinal);
        foreach (var (name, component) in tables.SelectMany(t => t))
        {
            // Two components of one name would hide one another.
            all.Add(name, new ObservedComponent(component));
        }

        return all;
    }
}
