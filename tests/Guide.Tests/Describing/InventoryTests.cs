using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Dpf.Guide.Describing;
using Dpf.Guide.Support;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Guide.Tests.Describing;

/// <summary>What is read from two whole API servers: a management cluster and a DPU cluster.</summary>
public sealed class InventoryTests : IAsyncLifetime
{
    private TestCluster _management = null!;
    private TestCluster _remote = null!;
    private ClusterClients _clusters = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _management = await TestCluster.StartAsync("dpf-operator");
        _remote = await TestCluster.StartAsync();
        _clusters = new ClusterClients(_management.Client, null, TimeProvider.System, NullLoggerFactory.Instance);
        await _management.ApplyAsync(
            """
            apiVersion: v1
            kind: Namespace
            metadata: {name: dpf}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: c1, namespace: dpf}
            spec: {type: static, maxNodes: 1, version: v1.30.2, kubeconfig: c1-admin}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: w1-0000-03-00, namespace: dpf}
            spec: {bfb: b, nodeName: w1}
            """);
        await _remote.ApplyAsync("{apiVersion: v1, kind: Node, metadata: {name: w1-0000-03-00}}");
    }

    public async ValueTask DisposeAsync()
    {
        await _clusters.DisposeAsync();
        await _remote.DisposeAsync();
        await _management.DisposeAsync();
    }

    [Fact]
    public async Task WhatIsInADpuClusterStandsUnderWhatItBelongsTo()
    {
        await SecretAsync(_remote.Server.AdminKubeconfig);
        var roots = ObjectTree.Build(await Inventory.ReadAsync(_management.Client, _clusters, Cancellation));
        var dpu = ObjectTree.Find(roots, "dpu", "w1-0000-03-00").Single();
        Assert.Equal(("Node", "c1"), (dpu.Children.Single().Object.Kind, dpu.Children.Single().Object.Cluster));
        Assert.Equal("Pending", ObjectTree.Find(roots, "dpucluster", null).Single().Standing.Text);
    }

    [Fact]
    public async Task AClusterThatCannotBeReachedIsAnIssueAndTheRestIsThere()
    {
        await SecretAsync(_remote.Server.AdminKubeconfig.Replace("server: https://", "server: https://nowhere.invalid/", StringComparison.Ordinal));
        var roots = ObjectTree.Build(await Inventory.ReadAsync(_management.Client, _clusters, Cancellation));
        Assert.StartsWith("its API server cannot be reached from here: ", ObjectTree.Find(roots, "dpucluster", "c1").Single().Conditions.Single(c => c.Type == "Ready").Message, StringComparison.Ordinal);
        Assert.Single(ObjectTree.Find(roots, "dpu", null));
    }

    [Fact]
    public async Task AnArchiveHoldsWhatIsThereAndSaysWhatIsNotWithoutSecrets()
    {
        await SecretAsync(_remote.Server.AdminKubeconfig);
        await using var data = new MemoryStream();
        Assert.Empty(await new SupportArchive(_management.Client, _clusters, TimeProvider.System).WriteAsync(data, _ => { }, Cancellation));
        data.Position = 0;
        await using var gzip = new GZipStream(data, CompressionMode.Decompress);
        await using var tar = new TarReader(gzip);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await tar.GetNextEntryAsync(copyData: true, Cancellation) is { } entry)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, entry.Mode);
            using var reader = new StreamReader(entry.DataStream ?? Stream.Null);
            files[entry.Name["dpf-support/".Length..]] = await reader.ReadToEndAsync(Cancellation);
        }

        Assert.Contains("w1-0000-03-00", files["management/objects/DPU.json"], StringComparison.Ordinal);
        Assert.Equal("w1-0000-03-00", (string?)JsonNode.Parse(files["dpu-cluster-c1/objects/Node.json"])![0]!["metadata"]!["name"]);
        Assert.Contains("DPU dpf/w1-0000-03-00", files["issues.txt"], StringComparison.Ordinal);
        Assert.Contains("not collected: 0", files["summary.txt"], StringComparison.Ordinal);
        Assert.Contains("management/events.json", files.Keys);
        Assert.Contains("management/objects/Namespace.json", files.Keys);
        Assert.Equal("[redacted]", (string?)JsonNode.Parse(files["management/objects/Secret.json"])!.AsArray().Single(s => (string?)s!["metadata"]!["name"] == "c1-admin")!["data"]!["admin.conf"]);
        Assert.DoesNotContain("PRIVATE KEY", string.Concat(files.Values), StringComparison.Ordinal);
    }

    private Task SecretAsync(string kubeconfig) => _management.ApplyAsync(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Secret",
        ["metadata"] = new JsonObject { ["name"] = "c1-admin", ["namespace"] = "dpf" },
        ["stringData"] = new JsonObject { ["admin.conf"] = kubeconfig },
    }.ToJsonString());
}
