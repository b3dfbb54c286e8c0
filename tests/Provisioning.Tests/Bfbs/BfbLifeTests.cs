using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Lab.Repository;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using Dpf.Testing;
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
        var content = BootImage.Create("a", 3_000_000);
        world.Web.Files["/a.bfb"] = content;

        // It breaks off twice, and is refused once, before it comes whole.
        world.Web.Breaks.Enqueue(1_000_000);
        world.Web.Breaks.Enqueue(500_000);
        world.Web.Refusals.Enqueue(503);
        await using var images = await ConditionHistory<Bfb>.FollowAsync(world.Admin, b => b.Status);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb");
        await ReadyAsync(world, "a");
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(world.BfbFolder, File1), Cancellation));
        Assert.Equal([File1], Directory.GetFiles(world.BfbFolder).Select(f => Path.GetFileName(f)!));
        Assert.Equal(4, world.Web.Requests.Count);
        Assert.Contains(world.Web.Requests, r => r.StartsWith("/a.bfb from ", StringComparison.Ordinal));
        var status = (await world.Admin.GetAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation))!.Status!;
        Assert.Equal(("Downloaded", "Ready"), (status.Conditions.Find("Downloaded")!.Reason, status.Conditions.Find("Ready")!.Reason));
        Assert.Contains($"{content.Length} bytes, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(content))}", status.Conditions.Find("Downloaded")!.Message, StringComparison.Ordinal);
        Assert.Equal(("0.0.0", "4.9.1.13494"), (status.Versions!.Doca, status.Versions.Bsp));
        Assert.Equal(1, status.ObservedGeneration);

        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "a");
        Assert.Empty(Directory.GetFiles(world.BfbFolder));
        Assert.Equal(["Downloading", "HTTP503", "ConnectionLost", "Downloaded"], images.Reasons("a", "Downloaded").Where(IsLasting));
        Assert.Equal(["Downloading", "HTTP503", "ConnectionLost", "Ready", "Deleting"], images.Reasons("a", "Ready").Where(IsLasting));

        // An image is checked for so short a while that it may go unsaid.
        static bool IsLasting(string reason) => reason != "Checking";
    }

    [Fact]
    public async Task AMissingImageIsSaidSo()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        world.StartController();
        await AddAsync(world, "a", "/missing.bfb");
        var bfb = await world.Admin.HasAsync<Bfb>(ProvisioningWorld.Namespace, "a", b => b.Status?.Phase == "Error");
        Assert.All((string[])["Downloaded", "Ready"], type => Assert.Equal(("False", "HTTP404"), (bfb.Status!.Conditions.Find(type)!.Status, bfb.Status.Conditions.Find(type)!.Reason)));
        Assert.Contains("(attempt 1); fetched again at 20", bfb.Status!.Conditions.Find("Ready")!.Message, StringComparison.Ordinal);
        var events = await Eventually.SeeAsync(
            () => world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation), all => all.Any(e => e.Reason == "FailedDownload"));
        Assert.Contains(events, e => e.Message.Contains("/missing.bfb: the server answers 404", StringComparison.Ordinal));
        Assert.Single(world.Web.Requests);

        // A new start looks again.
        world.Web.Files["/missing.bfb"] = BootImage.Create("a", 10_000);
        await world.StopControllerAsync();
        world.StartController();
        await ReadyAsync(world, "a");
    }

    [Fact]
    public async Task AFileThatIsThereIsNotFetched()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await File.WriteAllBytesAsync(Path.Combine(world.BfbFolder, "own.bfb"), BootImage.Create("own", 10_000), Cancellation);
        await using var images = await ConditionHistory<Bfb>.FollowAsync(world.Admin, b => b.Status);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb", "own.bfb");
        await ReadyAsync(world, "a");
        Assert.Empty(world.Web.Requests);
        Assert.Equal(["Checking", "Downloaded"], images.Reasons("a", "Downloaded"));
    }

    [Fact]
    public async Task TwoImagesWithOneFileShareItIfItIsTheSame()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        world.Web.Files["/a.bfb"] = BootImage.Create("a", 10_000);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb", "one.bfb");
        await ReadyAsync(world, "a");
        await AddAsync(world, "same", "/a.bfb", "one.bfb");
        await ReadyAsync(world, "same");
        await AddAsync(world, "other", "/b.bfb", "one.bfb");
        await FailedAsync(world, "other", "FileNameTaken", "file one.bfb is that of BFB dpf-operator-system/");

        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "other", Cancellation);
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "other");
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "a");
        Assert.True(File.Exists(Path.Combine(world.BfbFolder, "one.bfb")));
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "same", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "same");
        Assert.False(File.Exists(Path.Combine(world.BfbFolder, "one.bfb")));
    }

    [Fact]
    public async Task WhatIsNoBootStreamIsNeverCalledReady()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        var damaged = BootImage.Create("damaged", 50_000);
        damaged[40_000] ^= 1;
        world.Web.Files["/damaged.bfb"] = damaged;
        world.Web.Files["/page.bfb"] = "<html>log in first</html>"u8.ToArray();
        world.Web.Files["/big.bfb"] = BootImage.Create("big", 10_000);
        await File.WriteAllTextAsync(Path.Combine(world.BfbFolder, "placed.bfb"), "put here by hand", Cancellation);
        world.Web.Files["/odd.bfb"] = BootImage.Create("odd", 10_000);
        await AddAsync(world, "damaged", "/damaged.bfb");
        await AddAsync(world, "page", "/page.bfb");
        await AddAsync(world, "placed", "/placed.bfb", "placed.bfb");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: BFB
            metadata: {name: odd, namespace: {{ProvisioningWorld.Namespace}}, annotations: {provisioning.dpu.nvidia.com/sha256: "00ff"} }
            spec: {url: "{{world.Web.Address}}/odd.bfb"}
            """);
        world.StartController();
        await FailedAsync(world, "damaged", "NotABootStream", "dpf-operator-system-damaged.bfb is damaged: image 4 (id 63,");
        await FailedAsync(world, "page", "NotABootStream", "dpf-operator-system-page.bfb is no BlueField boot stream");
        await FailedAsync(world, "placed", "NotABootStream", "remove it to have it fetched");
        await FailedAsync(world, "odd", "ChecksumMismatch", "annotation provisioning.dpu.nvidia.com/sha256 says 00ff");
        Assert.Equal(["placed.bfb"], Directory.GetFiles(world.BfbFolder).Select(f => Path.GetFileName(f)!));

        // A volume that is too small is found out before it is full.
        world.Web.Lengths.Enqueue(1L << 60);
        await AddAsync(world, "big", "/big.bfb");
        await FailedAsync(world, "big", "NoSpace", "bytes are still to come, the volume of boot images has");

        // What a user put there is taken away by a user.
        world.Web.Files["/placed.bfb"] = BootImage.Create("placed", 10_000);
        File.Delete(Path.Combine(world.BfbFolder, "placed.bfb"));
        await TouchAsync(world, "placed");
        await ReadyAsync(world, "placed");
    }

    [Fact]
    public async Task AVolumeThatIsNotMountedIsSaidSoAndUsedOnceItIs()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        world.Web.Files["/a.bfb"] = BootImage.Create("a", 10_000);
        Directory.Delete(world.BfbFolder);
        world.StartController();
        await AddAsync(world, "a", "/a.bfb");
        await FailedAsync(world, "a", "VolumeNotUsable", "the volume of boot images is not mounted");
        Directory.CreateDirectory(world.BfbFolder);
        await TouchAsync(world, "a");
        await ReadyAsync(world, "a");
    }

    [Fact]
    public async Task AServerThatIsNotThereIsSaidSoAndAFileThatVanishesIsFetchedAgain()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        world.StartController();
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: BFB
            metadata: {name: nobody, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {url: "http://127.0.0.1:1/a.bfb"}
            """);
        var trouble = await world.Admin.HasAsync<Bfb>(
            ProvisioningWorld.Namespace, "nobody", b => b.Status?.Conditions.Find("Downloaded") is { Reason: "NoAnswer" or "ConnectionLost" });
        Assert.Equal("Downloading", trouble.Status!.Phase);
        Assert.Contains(" of 6, the next in ", trouble.Status.Conditions.Find("Downloaded")!.Message, StringComparison.Ordinal);

        world.Web.Files["/a.bfb"] = BootImage.Create("a", 10_000);
        await AddAsync(world, "a", "/a.bfb");
        await ReadyAsync(world, "a");
        File.Delete(Path.Combine(world.BfbFolder, File1));
        world.Web.Refusals.Enqueue(404);
        await TouchAsync(world, "a");
        await FailedAsync(world, "a", "HTTP404", "the server answers 404");
        Assert.Null((await world.Admin.GetAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation))!.Status!.Versions);
    }

    [Fact]
    public async Task WhatWasMendedByHandIsLookedAtAgain()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        var image = BootImage.Create("a", 10_000);
        world.Web.Files["/fetched.bfb"] = image;
        await File.WriteAllTextAsync(Path.Combine(world.BfbFolder, "replaced.bfb"), "not yet", Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(world.BfbFolder, "named.bfb"), image, Cancellation);
        await AddAsync(world, "missing", "/missing.bfb");
        await AddAsync(world, "replaced", "/missing.bfb", "replaced.bfb");
        await AddAsync(world, "named", "/missing.bfb", "named.bfb");
        await AddAsync(world, "fetched", "/fetched.bfb");
        await WantAsync(world, "named", "00ff");
        await WantAsync(world, "fetched", "00ff");
        world.StartController();
        await FailedAsync(world, "missing", "HTTP404", "the server answers 404");
        await FailedAsync(world, "replaced", "NotABootStream", "; looked at again when it changes, or at 20");
        await FailedAsync(world, "named", "ChecksumMismatch", "says 00ff");
        await FailedAsync(world, "fetched", "ChecksumMismatch", "says 00ff");

        // A file is put where there was none, another in the place of one, and a checksum is corrected.
        await File.WriteAllBytesAsync(Path.Combine(world.BfbFolder, "dpf-operator-system-missing.bfb"), image, Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(world.BfbFolder, "replaced.bfb"), image, Cancellation);
        await TouchAsync(world, "missing");
        await TouchAsync(world, "replaced");
        await WantAsync(world, "named", Convert.ToHexStringLower(SHA256.HashData(image)));
        await WantAsync(world, "fetched", Convert.ToHexStringLower(SHA256.HashData(image)));
        foreach (var name in (string[])["missing", "replaced", "named", "fetched"])
        {
            await ReadyAsync(world, name);
        }
    }

    [Fact]
    public async Task AnotherChecksumOfAnImageThatIsReadyIsLookedAt()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        var image = BootImage.Create("a", 10_000);
        var checksum = Convert.ToHexStringLower(SHA256.HashData(image));
        world.Web.Files["/a.bfb"] = image;
        world.StartController();
        await AddAsync(world, "a", "/a.bfb");
        await ReadyAsync(world, "a");
        Assert.Equal(checksum, (await world.Admin.GetAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation))!.Status!.Sha256);

        await WantAsync(world, "a", "00ff");
        await FailedAsync(world, "a", "ChecksumMismatch", "annotation provisioning.dpu.nvidia.com/sha256 says 00ff");
        Assert.Null((await world.Admin.GetAsync<Bfb>(ProvisioningWorld.Namespace, "a", Cancellation))!.Status!.Sha256);
        await WantAsync(world, "a", checksum.ToUpperInvariant());
        await ReadyAsync(world, "a");
        await WantAsync(world, "a", "11ee");
        await FailedAsync(world, "a", "ChecksumMismatch", "says 11ee");
        Assert.Single(world.Web.Requests);
    }

    [Theory]
    [InlineData(0, 4, "one", true)]
    [InlineData(0, 5, "one", false)]
    [InlineData(0, 0, "another", false)]
    [InlineData(2, 19, "one", true)]
    [InlineData(2, 20, "one", false)]
    [InlineData(100, 59, "one", true)]
    [InlineData(100, 60, "one", false)]
    public void AFailureHoldsUntilItsPauseIsOverOrWhatItWasAboutHasChanged(int rounds, int minutes, string basis, bool holds)
    {
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var failed = new DownloadState { IsOver = true, IsCheck = true, Problem = new DownloadProblem("ConnectionLost", "read error"), At = at, Basis = "one", Rounds = rounds };
        Assert.Equal(holds, failed.Holds(basis, at.AddMinutes(minutes)));
        Assert.False((failed with { IsOver = false }).Holds("one", at));
    }

    private static Task<Bfb> FailedAsync(ProvisioningWorld world, string name, string reason, string message) => world.Admin.HasAsync<Bfb>(
        ProvisioningWorld.Namespace, name,
        b => b.Status?.Phase == "Error" && b.Status.Conditions.Find("Ready") is { Status: "False" } c && c.Reason == reason && c.Message.Contains(message, StringComparison.Ordinal));

    private static Task WantAsync(ProvisioningWorld world, string name, string checksum) => world.Admin.PatchAsync<Bfb>(
        ProvisioningWorld.Namespace, name,
        new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.Sha256] = checksum } } }, Cancellation);

    /// <summary>Makes the controller look again.</summary>
    private static Task TouchAsync(ProvisioningWorld world, string name) => world.Admin.PatchAsync<Bfb>(
        ProvisioningWorld.Namespace, name, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["touched"] = "yes" } } }, Cancellation);

    private static Task AddAsync(ProvisioningWorld world, string name, string path, string? file = null) => world.Admin.ApplyYamlAsync($$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: BFB
        metadata: {name: {{name}}, namespace: {{ProvisioningWorld.Namespace}}}
        spec: {url: "{{world.Web.Address}}{{path}}"{{(file is null ? "" : $", fileName: {file}")}}}
        """);

    private static Task<Bfb> ReadyAsync(ProvisioningWorld world, string name) =>
        world.Admin.HasAsync<Bfb>(ProvisioningWorld.Namespace, name, b => b.Status?.Phase == "Ready");
}
