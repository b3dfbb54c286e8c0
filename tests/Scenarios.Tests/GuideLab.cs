using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.Scenarios.Tests;

/// <summary>
/// A lab in which the guide was carried out once, for the tests that look at it. It has two workers, or as many as the environment's
/// <c>SCENARIO_WORKERS</c> says; with <c>SCENARIO_ISOLATED=1</c> every component is a container of its own in it.
/// </summary>
public class GuideLab : IAsyncLifetime
{
    private readonly LabHost _lab;

    /// <summary>The lab as it is by default.</summary>
    public GuideLab()
        : this("")
    {
    }

    private protected GuideLab(string variables) => _lab = new LabHost(variables);

    internal LabHost Lab => _lab;

    /// <summary>The workers' names.</summary>
    internal static IReadOnlyList<string> Workers { get; } =
        [.. Enumerable.Range(1, int.Parse(Environment.GetEnvironmentVariable("SCENARIO_WORKERS") ?? "2", CultureInfo.InvariantCulture)).Select(i => $"worker{i}")];

    /// <summary>The names of all zones of the network, in order.</summary>
    internal static IReadOnlyList<string> Zones { get; } = ["cp1", .. Workers];

    /// <summary>What <c>up --output json</c> printed.</summary>
    internal JsonNode Report { get; private set; } = new JsonObject();

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        var isolated = Environment.GetEnvironmentVariable("SCENARIO_ISOLATED") == "1";
        var outcome = await _lab.DpfAsync($"up --workers {Workers.Count} {(isolated ? "--isolated " : "")}--output json");
        Assert.True(outcome.ExitCode == 0, $"up: {outcome}");
        Report = JsonNode.Parse(outcome.Output)!;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _lab.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same with pods and services of both address families.</summary>
public sealed class DualStackLab() : GuideLab("POD_CIDR=10.233.64.0/18,fd00:10:233::/48 SERVICE_CIDR=10.233.0.0/18,fd00:10:96::/112");

/// <summary>One lab, of both families, for all who leave its network as they found it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SharedLab : ICollectionFixture<DualStackLab>
{
    /// <summary>Its name.</summary>
    public const string Name = "shared lab";
}

/// <summary>There is room for one lab on a machine.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneLab
{
    /// <summary>Its name.</summary>
    public const string Name = "one lab";
}
