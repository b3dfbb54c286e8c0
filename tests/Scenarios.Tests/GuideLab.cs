using System.Text.Json.Nodes;

namespace Dpf.Scenarios.Tests;

/// <summary>A lab in which the guide was carried out once, for the tests that look at it.</summary>
public sealed class GuideLab : IAsyncLifetime
{
    private readonly LabHost _lab = new();

    internal LabHost Lab => _lab;

    /// <summary>What <c>up --output json</c> printed.</summary>
    internal JsonNode Report { get; private set; } = new JsonObject();

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        var outcome = await _lab.DpfAsync("up --output json");
        Assert.True(outcome.ExitCode == 0, $"up: {outcome}");
        Report = JsonNode.Parse(outcome.Output)!;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _lab.DisposeAsync();
}

/// <summary>One lab for all who leave its network as they found it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SharedLab : ICollectionFixture<GuideLab>
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
