using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Releases;

/// <summary>Installs, upgrades and uninstalls releases, as Helm 3 does.</summary>
public sealed class ReleaseSet(IReleaseTarget target, TimeProvider time)
{
    // As Helm does unless it is told otherwise: every revision is a Secret with the whole chart in it.
    private const int MaxHistory = 10;

    // What is looked up by a name that was itself looked up takes a pass more; nobody goes as deep as this.
    private const int MostPasses = 20;
    private const string ReleaseName = "meta.helm.sh/release-name";
    private const string ReleaseNamespace = "meta.helm.sh/release-namespace";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>How long each hook may take; Helm's <c>--timeout</c>.</summary>
    public TimeSpan HookTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Installs a chart, or upgrades the release of that name. An object that is no release's is taken over; when one is another
    /// release's nothing is written but the chart's CRDs, which are nobody's.
    /// </summary>
    /// <exception cref="ChartException">The chart cannot be rendered, or an object is another release's.</exception>
    public async Task<RenderedChart> UpgradeInstallAsync(
        string name, string ns, Chart chart, JsonObject values, CancellationToken cancellation)
    {
        var history = await HistoryAsync(name, ns, cancellation).ConfigureAwait(false);
        var deployed = history.LastOrDefault(r => r.Status == "deployed");
        var facts = new ReleaseFacts(name, ns, history.Count == 0 ? 1 : history[^1].Revision + 1);
        await ApplyCrdsAsync(chart, values, cancellation).ConfigureAwait(false);
        var capabilities = await target.CapabilitiesAsync(cancellation).ConfigureAwait(false);
        var rendered = await RenderAsync(chart, facts, values, capabilities, cancellation).ConfigureAwait(false);
        await CheckOwnersAsync(rendered, facts, cancellation).ConfigureAwait(false);
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
        var first = (string?)history.FirstOrDefault()?.Value["info"]?["first_deployed"] ?? now;
        var record = ReleaseRecord.New(facts, chart, values, rendered, first, now);
        await ForgetOldestAsync(history, cancellation).ConfigureAwait(false);
        await target.ApplyAsync(record.ToSecret(), cancellation).ConfigureAwait(false);
        var moment = facts.Revision > 1 ? "upgrade" : "install";
        var hooks = new ReleaseHooks(target, time, HookTimeout);
        try
        {
            await hooks.RunAsync(rendered, ns, "pre-" + moment, cancellation).ConfigureAwait(false);
            foreach (var value in rendered.Objects)
            {
                await target.ApplyAsync(Owned(value, facts), cancellation).ConfigureAwait(false);
            }

            await RemoveAsync(deployed, rendered, facts, cancellation).ConfigureAwait(false);
            await hooks.RunAsync(rendered, ns, "post-" + moment, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await target.ApplyAsync(record.In("failed", e.Message).ToSecret(), cancellation).ConfigureAwait(false);
            throw;
        }

        await target.ApplyAsync(
            record.In("deployed", facts.Revision > 1 ? "Upgrade complete" : "Install complete").ToSecret(), cancellation).ConfigureAwait(false);
        if (deployed is not null)
        {
            await target.ApplyAsync(
                deployed.In("superseded", (string?)deployed.Value["info"]!["description"] ?? "").ToSecret(), cancellation).ConfigureAwait(false);
        }

        return rendered;
    }

    /// <summary>Deletes a release's objects, waits until they are gone, and forgets the release.</summary>
    /// <returns>Whether there was such a release.</returns>
    public async Task<bool> UninstallAsync(string name, string ns, CancellationToken cancellation)
    {
        var history = await HistoryAsync(name, ns, cancellation).ConfigureAwait(false);
        if (history.Count == 0)
        {
            return false;
        }

        // A revision that failed or was interrupted has left what it got to beside what the one before it deployed.
        var there = history.Skip(Math.Max(0, history.FindLastIndex(r => r.Status == "deployed"))).Reverse()
            .SelectMany(r => r.Objects).DistinctBy(o => (o.Kind, o.Namespace ?? ns, o.Name));
        var objects = InstallOrder.SortForDeletion(there, o => o.Kind).Where(o => !IsKept(o)).ToList();
        foreach (var value in objects)
        {
            await target.DeleteAsync(value.ApiVersion, value.Kind, value.Namespace ?? ns, value.Name, cancellation).ConfigureAwait(false);
        }

        foreach (var value in objects)
        {
            while (await target.GetAsync(value.ApiVersion, value.Kind, value.Namespace ?? ns, value.Name, cancellation).ConfigureAwait(false) is not null)
            {
                await Task.Delay(Poll, time, cancellation).ConfigureAwait(false);
            }
        }

        foreach (var record in history)
        {
            await target.DeleteAsync("v1", "Secret", ns, record.SecretName, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>
    /// Renders with the cluster's objects for <c>lookup</c>. Templates cannot wait for an answer: what they ask for is fetched between
    /// one pass and the next, until a pass asks for nothing new.
    /// </summary>
    private async Task<RenderedChart> RenderAsync(
        Chart chart, ReleaseFacts facts, JsonObject values, Capabilities capabilities, CancellationToken cancellation)
    {
        var live = new Dictionary<(string ApiVersion, string Kind, string Ns, string Name), JsonNode?>();
        for (var pass = 1; ; pass++)
        {
            List<(string ApiVersion, string Kind, string Ns, string Name)> asked = [];
            try
            {
                var rendered = ChartRenderer.Render(chart, facts, values, capabilities, Find, time);
                if (asked.Count == 0 || pass == MostPasses)
                {
                    return rendered;
                }
            }
            catch (Exception e) when (e is TemplateException or ChartException && asked.Count > 0 && pass < MostPasses)
            {
                // It may be for want of what it has just asked for.
            }

            foreach (var key in asked.Distinct())
            {
                live[key] = key.Name.Length == 0
                    ? await target.ListAsync(key.ApiVersion, key.Kind, key.Ns, cancellation).ConfigureAwait(false)
                    : await target.GetAsync(key.ApiVersion, key.Kind, key.Ns.Length == 0 ? null : key.Ns, key.Name, cancellation).ConfigureAwait(false);
            }

            JsonNode? Find(string apiVersion, string kind, string ns, string name)
            {
                var key = (apiVersion, kind, ns, name);
                if (!live.TryGetValue(key, out var value))
                {
                    asked.Add(key);
                }

                return value;
            }
        }
    }

    private static bool IsKept(RenderedObject value) => (string?)value.Value["metadata"]?["annotations"]?["helm.sh/resource-policy"] == "keep";

    private async Task<List<ReleaseRecord>> HistoryAsync(string name, string ns, CancellationToken cancellation)
    {
        var secrets = await target.SecretsAsync(ns, $"owner=helm,name={name}", cancellation).ConfigureAwait(false);
        return [.. secrets.Select(ReleaseRecord.Read).OrderBy(r => r.Revision)];
    }

    private async Task ForgetOldestAsync(List<ReleaseRecord> history, CancellationToken cancellation)
    {
        var last = history.LastOrDefault(r => r.Status == "deployed");
        foreach (var record in history.Where(r => r != last).Take(history.Count + 1 - MaxHistory))
        {
            await target.DeleteAsync("v1", "Secret", record.Namespace, record.SecretName, cancellation).ConfigureAwait(false);
        }
    }

    private async Task CheckOwnersAsync(RenderedChart rendered, ReleaseFacts facts, CancellationToken cancellation)
    {
        var mine = (facts.Name, facts.Namespace);
        foreach (var value in rendered.Objects)
        {
            var there = await target.GetAsync(
                value.ApiVersion, value.Kind, value.Namespace ?? facts.Namespace, value.Name, cancellation).ConfigureAwait(false);
            if (there?["metadata"]?["annotations"] is JsonObject marks && (string?)marks[ReleaseName] is { } name &&
                (name, (string?)marks[ReleaseNamespace] ?? facts.Namespace) is var owner && owner != mine)
            {
                throw new ChartException(
                    $"{value.Kind} {value.Name} is part of release {owner.Item1} in namespace {owner.Item2}: release {mine.Name} in namespace " +
                    $"{mine.Namespace} cannot take it over; uninstall the one, or give the objects of the other another name");
            }
        }
    }

    // CRDs come before the templates are rendered: these may ask which kinds there are. Those that are there stay as they are.
    private async Task ApplyCrdsAsync(Chart chart, JsonObject values, CancellationToken cancellation)
    {
        foreach (var crd in ChartRenderer.Crds(chart, values))
        {
            if (await target.GetAsync(
                "apiextensions.k8s.io/v1", "CustomResourceDefinition", null, (string)crd["metadata"]!["name"]!, cancellation).ConfigureAwait(false) is null)
            {
                await target.ApplyAsync(crd, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task RemoveAsync(ReleaseRecord? before, RenderedChart after, ReleaseFacts facts, CancellationToken cancellation)
    {
        var kept = after.Objects.Select(o => (o.Kind, o.Namespace ?? facts.Namespace, o.Name)).ToHashSet();
        foreach (var value in InstallOrder.SortForDeletion(before?.Objects ?? [], o => o.Kind))
        {
            if (!kept.Contains((value.Kind, value.Namespace ?? facts.Namespace, value.Name)) && !IsKept(value))
            {
                await target.DeleteAsync(value.ApiVersion, value.Kind, value.Namespace ?? facts.Namespace, value.Name, cancellation)
                    .ConfigureAwait(false);
            }
        }
    }

    private static JsonObject Owned(RenderedObject rendered, ReleaseFacts facts)
    {
        var value = rendered.In(facts.Namespace);
        Child(value, "labels")["app.kubernetes.io/managed-by"] = "Helm";
        Child(value, "annotations")[ReleaseName] = facts.Name;
        Child(value, "annotations")[ReleaseNamespace] = facts.Namespace;
        return value;
    }

    private static JsonObject Child(JsonObject value, string name)
    {
        var metadata = value["metadata"]!.AsObject();
        if (metadata[name] is not JsonObject child)
        {
            metadata[name] = child = [];
        }

        return child;
    }
}
