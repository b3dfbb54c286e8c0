using Dpf.Api.Provisioning;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Bfbs;

public sealed class BfbLifeTests
{
    private const string File1 = "dpf-operator-system-a.bfb";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnImageIsFetchedKeptAndRemoved()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        var content = Content(3_000_000);
        world.Web.Files["/a.bfb"] = content;

        // It breaks off twice, and is refused once, before it comes whole.
        world.Web.Breaks.Enqueue(1_000_000);
        world.Web.Breaks.Enqueue(500_000);
        world.Web.Refusals.Enqueue(503);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb");
        await ReadyAsync(world, "a");
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(world.BfbFolder, File1), Cancellation));
        Assert.Equal([File1], Directory.GetFiles(world.BfbFolder).Select(f => Path.GetFileName(f)!));
        Assert.Equal(4, world.Web.Requests.Count);
        Assert.Contains(world.Web.Requests, r => r.StartsWith("/a.bfb from ", StringComparison.Ordinal));

        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "a");
        Assert.Empty(Directory.GetFiles(world.BfbFolder));
    }

    [Fact]
    public async Task AMissingImageIsSaidSo()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        world.StartController();
        await AddAsync(world, "a", "/missing.bfb");
        await world.Admin.HasAsync<Bfb>(ProvisioningWorld.Namespace, "a", b => b.Status?.Phase == "Error");
        var events = await Eventually.SeeAsync(
            () => world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation), all => all.Any(e => e.Reason == "FailedDownload"));
        Assert.Contains(events, e => e.Message.Contains("/missing.bfb: the server answers 404", StringComparison.Ordinal));
        Assert.Single(world.Web.Requests);

        // A new start looks again.
        world.Web.Files["/missing.bfb"] = Content(1000);
        await world.StopControllerAsync();
        world.StartController();
        await ReadyAsync(world, "a");
    }

    [Fact]
    public async Task AFileThatIsThereIsNotFetched()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await File.WriteAllBytesAsync(Path.Combine(world.BfbFolder, "own.bfb"), Content(10), Cancellation);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb", "own.bfb");
        await ReadyAsync(world, "a");
        Assert.Empty(world.Web.Requests);
    }

    [Fact]
    public async Task TwoImagesWithOneFileShareItIfItIsTheSame()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        world.Web.Files["/a.bfb"] = Content(1000);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb", "one.bfb");
        await ReadyAsync(world, "a");
        await AddAsync(world, "same", "/a.bfb", "one.bfb");
        await ReadyAsync(world, "same");
        await AddAsync(world, "other", "/b.bfb", "one.bfb");
        await world.Admin.HasAsync<Bfb>(ProvisioningWorld.Namespace, "other", b => b.Status?.Phase == "Error");

        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "other", Cancellation);
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "other");
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "a");
        Assert.True(File.Exists(Path.Combine(world.BfbFolder, "one.bfb")));
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "same", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "same");
        Assert.False(File.Exists(Path.Combine(world.BfbFolder, "one.bfb")));
    }

    private static Task AddAsync(ProvisioningWorld world, string name, string path, string? file = null) => world.Admin.ApplyYamlAsync($$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: BFB
        metadata: {name: {{name}}, namespace: {{ProvisioningWorld.Namespace}}}
        spec: {url: "{{world.Web.Address}}{{path}}"{{(file is null ? "" : $", fileName: {file}")}}}
        """);

    private static Task<Bfb> ReadyAsync(ProvisioningWorld world, string name) =>
        world.Admin.HasAsync<Bfb>(ProvisioningWorld.Namespace, name, b => b.Status?.Phase == "Ready");

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(1).NextBytes(content);
        content[0] = 1;
        return content;
    }
}
