using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Releases;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Helm.Tests;

public sealed class ReleaseSetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-helm-").FullName;
    private readonly MemoryTarget _target = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch) { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };
    private readonly ReleaseSet _releases;

    public ReleaseSetTests() => _releases = new ReleaseSet(_target, _time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AnInstallAppliesInOrderAndSaysWhoseTheObjectsAre()
    {
        await InstallAsync(("ConfigMap", "a"), ("Service", "b"), ("ServiceAccount", "c"));
        Assert.Equal(["ServiceAccount/c", "ConfigMap/a", "Service/b"], _target.Applied);
        var value = _target.Find("ConfigMap", "a")!;
        Assert.Equal("Helm", (string?)value["metadata"]!["labels"]!["app.kubernetes.io/managed-by"]);
        Assert.Equal("rel", (string?)value["metadata"]!["annotations"]!["meta.helm.sh/release-name"]);
        Assert.Equal("ns", (string?)value["metadata"]!["annotations"]!["meta.helm.sh/release-namespace"]);
        Assert.Equal(["v1 deployed"], _target.Releases);
    }

    [Fact]
    public async Task AnUpgradeRemovesWhatTheChartNoLongerGives()
    {
        await InstallAsync(("ConfigMap", "a"), ("ConfigMap", "b"));
        await InstallAsync(("ConfigMap", "b"), ("ConfigMap", "c"));
        Assert.Equal(["ConfigMap/b", "ConfigMap/c"], _target.Objects);
        Assert.Equal(["v1 superseded", "v2 deployed"], _target.Releases);
    }

    [Fact]
    public async Task WhatAsksToBeKeptOutlivesItsRelease()
    {
        await InstallAsync(("ConfigMap", "a"), ("ConfigMap", "keep"));
        Assert.True(await _releases.UninstallAsync("rel", "ns", Cancellation));
        Assert.Equal(["ConfigMap/keep"], _target.Objects);
        Assert.Empty(_target.Releases);
        Assert.False(await _releases.UninstallAsync("rel", "ns", Cancellation));
    }

    [Fact]
    public async Task AFailedUpgradeIsRecordedAndTheNextOneStillKnowsWhatIsDeployed()
    {
        await InstallAsync(("ConfigMap", "a"));
        _target.Refused = "ConfigMap/bad";
        await Assert.ThrowsAsync<InvalidOperationException>(() => InstallAsync(("ConfigMap", "bad")));
        Assert.Equal(["v1 deployed", "v2 failed"], _target.Releases);
        _target.Refused = null;
        await InstallAsync(("ConfigMap", "c"));
        Assert.Equal(["ConfigMap/c"], _target.Objects);
        Assert.Equal(["v1 superseded", "v2 failed", "v3 deployed"], _target.Releases);
    }

    [Fact]
    public async Task AnInstallThatWasKilledIsTakenUpAgain()
    {
        using var killed = new CancellationTokenSource();
        _target.Applying = name => { if (name == "ConfigMap/b") { killed.Cancel(); } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => InstallAsync(killed.Token, ("ConfigMap", "a"), ("ConfigMap", "b")));
        Assert.Equal(["v1 pending-install"], _target.Releases);
        _target.Applying = null;
        await InstallAsync(("ConfigMap", "a"), ("ConfigMap", "b"));
        Assert.Equal(["ConfigMap/a", "ConfigMap/b"], _target.Objects);
        Assert.Contains("v2 deployed", _target.Releases);
    }

    [Fact]
    public async Task HooksRunAtTheirMomentAndAFailedOneFailsTheRelease()
    {
        Write("templates/hooks.yaml", Hook("early", "pre-install", "hook-succeeded") + Hook("late", "post-install", "hook-failed"));
        _target.Applying = name => _target.Finish(name, succeeded: name != "Job/late");
        var failure = await Assert.ThrowsAsync<ChartException>(() => InstallAsync(("ConfigMap", "a")));
        Assert.Equal(["Job/early", "ConfigMap/a", "Job/late"], _target.Applied);
        Assert.Contains("post-install hooks failed: job late failed", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["ConfigMap/a"], _target.Objects);
        Assert.Equal(["v1 failed"], _target.Releases);
    }

    [Fact]
    public async Task HooksThatSucceededGoOnceAllOfTheMomentHaveTheLastFirst()
    {
        Write("templates/hooks.yaml", Hook("1", "pre-install", "hook-succeeded", "ServiceAccount") + Hook("2", "pre-install", "hook-succeeded"));
        _target.Applying = name => _target.Finish(name, succeeded: true);
        await InstallAsync(("ConfigMap", "a"));
        Assert.Equal(["ServiceAccount/1", "Job/2", "-Job/2", "-ServiceAccount/1", "ConfigMap/a"], _target.Changes);
    }

    [Fact]
    public async Task WhenAHookFailsThoseBeforeItThatSucceededGoToo()
    {
        Write(
            "templates/hooks.yaml",
            Hook("1", "pre-install", "hook-succeeded", "ServiceAccount") + Hook("2", "pre-install", "hook-failed", "Role") +
            Hook("3", "pre-install", "hook-failed") + Hook("4", "pre-install", "hook-failed"));
        _target.Applying = name => _target.Finish(name, succeeded: false);
        await Assert.ThrowsAsync<ChartException>(() => InstallAsync(("ConfigMap", "a")));
        Assert.Equal(["ServiceAccount/1", "Role/2", "Job/3", "-Job/3", "-ServiceAccount/1"], _target.Changes);
    }

    [Fact]
    public async Task ACrdThatIsAHookIsNeverDeleted()
    {
        Write("templates/hooks.yaml", Hook("t", "pre-install,pre-upgrade", "'before-hook-creation,hook-succeeded'", "CustomResourceDefinition"));
        await InstallAsync(("ConfigMap", "a"));
        await InstallAsync(("ConfigMap", "a"));
        Assert.DoesNotContain("-CustomResourceDefinition/t", _target.Changes);
        Assert.NotNull(_target.Find("CustomResourceDefinition", "t"));
    }

    [Fact]
    public async Task AHookThatDoesNotEndFailsTheReleaseInTime()
    {
        Write("templates/hooks.yaml", Hook("endless", "pre-install", "hook-failed"));
        var install = InstallAsync(("ConfigMap", "a"));
        while (!install.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var failure = await Assert.ThrowsAsync<ChartException>(() => install);
        Assert.Contains("pre-install hooks failed: job endless has not ended after 300 s", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["Job/endless", "-Job/endless"], _target.Changes);
        Assert.Equal(["v1 failed"], _target.Releases);
    }

    [Fact]
    public async Task AnUpgradeFindsWhatTheInstallHasMade()
    {
        Write("templates/kept.yaml", """
            {{- $there := lookup "v1" "Password" .Release.Namespace "kept" }}
            apiVersion: v1
            kind: Password
            metadata: {name: kept}
            data: {p: {{ if $there }}{{ $there.data.p }}{{ else }}{{ randAlphaNum 20 }}{{ end }}, times: {{ add 1 (dig "data" "times" 0 $there) }}}
            """);
        await InstallAsync();
        var first = (string?)_target.Find("Password", "kept")!["data"]!["p"];
        await InstallAsync();
        Assert.Equal(20, first!.Length);
        Assert.Equal(first, (string?)_target.Find("Password", "kept")!["data"]!["p"]);
        Assert.Equal(2, (long)_target.Find("Password", "kept")!["data"]!["times"]!);
    }

    [Fact]
    public async Task WhatIsLookedUpMayBeNeededAndMayNameWhatIsLookedUpNext()
    {
        await InstallAsync(("ConfigMap", "first"), ("ConfigMap", "second"));
        Write("templates/chain.yaml", """
            {{- $first := lookup "v1" "ConfigMap" .Release.Namespace "first" | required "there is no first" }}
            {{- $second := lookup "v1" "ConfigMap" .Release.Namespace (ternary "second" "" (eq $first.metadata.name "first")) }}
            apiVersion: v1
            kind: Chain
            metadata: {name: chain}
            data: {second: {{ $second.metadata.name }}}
            """);
        await InstallAsync(("ConfigMap", "first"), ("ConfigMap", "second"));
        Assert.Equal("second", (string?)_target.Find("Chain", "chain")!["data"]!["second"]);
    }

    [Fact]
    public async Task AKindIsLookedUpWithoutANameAndAnInstallStopsWhenTheClusterDoesNotAnswer()
    {
        Write("templates/count.yaml", """
            {{- $all := lookup "v1" "ConfigMap" "" "" }}
            apiVersion: v1
            kind: Count
            metadata: {name: count}
            data: {kind: {{ $all.kind }}, count: {{ len $all.items }}}
            """);
        await InstallAsync(("ConfigMap", "a"), ("ConfigMap", "b"));
        await InstallAsync(("ConfigMap", "a"), ("ConfigMap", "b"));
        Assert.Equal("""{"kind":"ConfigMapList","count":2}""", _target.Find("Count", "count")!["data"]!.ToJsonString());
        _target.Unanswered = new TimeoutException("no answer");
        _target.Applied.Clear();
        await Assert.ThrowsAsync<TimeoutException>(() => InstallAsync(("ConfigMap", "c")));
        Assert.Empty(_target.Applied);
    }

    [Fact]
    public async Task CrdsComeFirstAndAreLeftAlone()
    {
        Write("crds/t.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: t}\n");
        await InstallAsync(("ConfigMap", "a"));
        Assert.Equal(["CustomResourceDefinition/t", "ConfigMap/a"], _target.Applied);
        _target.Applied.Clear();
        await InstallAsync(("ConfigMap", "a"));
        Assert.Equal(["ConfigMap/a"], _target.Applied);
        await _releases.UninstallAsync("rel", "ns", Cancellation);
        Assert.Equal(["CustomResourceDefinition/t"], _target.Objects);
    }

    [Fact]
    public async Task ACrdThatIsThereIsNotOverwrittenByAnInstallEither()
    {
        Write("crds/t.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: t}\n");
        await _target.ApplyAsync(new JsonObject { ["kind"] = "CustomResourceDefinition", ["metadata"] = new JsonObject { ["name"] = "t" }, ["spec"] = "newer" }, Cancellation);
        await InstallAsync(("ConfigMap", "a"));
        Assert.Equal("newer", (string?)_target.Find("CustomResourceDefinition", "t")!["spec"]);
    }

    [Fact]
    public async Task AnObjectOfAnotherReleaseIsNotTakenOverAndNothingIsWritten()
    {
        await InstallAsync(("ConfigMap", "a"), ("ConfigMap", "b"));
        _target.Applied.Clear();
        var failure = await Assert.ThrowsAsync<ChartException>(
            () => _releases.UpgradeInstallAsync("other", "ns", Chart(("ConfigMap", "0"), ("ConfigMap", "b")), [], Cancellation));
        Assert.Contains(
            "ConfigMap b is part of release rel in namespace ns: release other in namespace ns cannot take it over", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_target.Applied);
        Assert.Equal(["v1 deployed"], _target.Releases);

        // What is no release's is.
        _target.Find("ConfigMap", "b")!["metadata"]!.AsObject().Remove("annotations");
        await _releases.UpgradeInstallAsync("other", "ns", Chart(("ConfigMap", "b")), [], Cancellation);
        Assert.Equal("other", (string?)_target.Find("ConfigMap", "b")!["metadata"]!["annotations"]!["meta.helm.sh/release-name"]);
    }

    [Fact]
    public async Task WhatARevisionThatFailedHasMadeGoesWithTheRelease()
    {
        await InstallAsync(("ConfigMap", "a"));
        _target.Refused = "ConfigMap/z";
        await Assert.ThrowsAsync<InvalidOperationException>(() => InstallAsync(("ConfigMap", "b"), ("ConfigMap", "z")));
        Assert.Equal(["ConfigMap/a", "ConfigMap/b"], _target.Objects);
        Assert.True(await _releases.UninstallAsync("rel", "ns", Cancellation));
        Assert.Empty(_target.Objects);
        Assert.Empty(_target.Releases);
    }

    [Fact]
    public async Task TenRevisionsAreRememberedAndWithThemTheOneThatIsDeployed()
    {
        for (var i = 0; i < 12; i++)
        {
            await InstallAsync(("ConfigMap", "a"));
        }

        Assert.Equal(10, _target.Releases.Count());
        Assert.Contains("v3 superseded", _target.Releases);
        Assert.Contains("v12 deployed", _target.Releases);
        _target.Refused = "ConfigMap/z";
        for (var i = 0; i < 12; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => InstallAsync(("ConfigMap", "z")));
        }

        Assert.Equal(10, _target.Releases.Count());
        Assert.Contains("v12 deployed", _target.Releases);
        Assert.Contains("v24 failed", _target.Releases);
    }

    private static string Hook(string name, string moment, string policy, string kind = "Job") => $$"""

        ---
        apiVersion: batch/v1
        kind: {{kind}}
        metadata: {name: "{{name}}", annotations: {helm.sh/hook: "{{moment}}", helm.sh/hook-delete-policy: {{policy}}} }

        """;

    private Task InstallAsync(params (string Kind, string Name)[] objects) => InstallAsync(Cancellation, objects);

    private Task InstallAsync(CancellationToken cancellation, params (string Kind, string Name)[] objects) =>
        _releases.UpgradeInstallAsync("rel", "ns", Chart(objects), new JsonObject(), cancellation);

    private Chart Chart(params (string Kind, string Name)[] objects)
    {
        Write("Chart.yaml", "name: c\nversion: 0.1.0\n");
        Write("templates/objects.yaml", string.Concat(objects.Select(o =>
            $"---\napiVersion: v1\nkind: {o.Kind}\nmetadata:\n  name: {o.Name}\n" +
            (o.Name == "keep" ? "  annotations: {helm.sh/resource-policy: keep}\n" : ""))));
        return ChartLoader.FromFolder(_folder);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
