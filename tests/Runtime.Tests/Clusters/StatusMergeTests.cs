using System.Text.Json.Nodes;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Runtime.Tests.Clusters;

/// <summary>What several write into one status.</summary>
public sealed class StatusMergeTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _cluster = await TestCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_merged_condition_leaves_those_of_others()
    {
        await _cluster.Client.CreateAsync(new V1Node { Metadata = new V1ObjectMeta { Name = "n" } }, Cancellation);
        await MergeAsync("Ready", "False");
        await _cluster.Client.ApplyStatusAsync(
            new V1Node
            {
                Metadata = new V1ObjectMeta { Name = "n" },
                Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "NetworkUnavailable", Status = "True" }] },
            },
            "other", Cancellation);
        await MergeAsync("Ready", "True");
        var node = await _cluster.Client.GetAsync<V1Node>(null, "n", Cancellation);
        Assert.Equal(
            [("NetworkUnavailable", "True"), ("Ready", "True")],
            node!.Status.Conditions.Select(c => (c.Type, c.Status)).Order());
    }

    private Task MergeAsync(string type, string status) => _cluster.Client.MergeStatusAsync<V1Node>(
        null, "n", JsonNode.Parse($$$"""{"status":{"conditions":[{"type":"{{{type}}}","status":"{{{status}}}"}]}}""")!, Cancellation);
}
