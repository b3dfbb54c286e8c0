using System.Text.Json.Nodes;
using Dpf.Lab.Addons.Maintenance;
using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Informers;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.Tests;

/// <summary>Budgets of disruptions, and the drains that they hold up.</summary>
public sealed class DisruptionTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("2", null, 3, 1, 2)]
    [InlineData("3", null, 3, 0, 3)]
    [InlineData(null, "1", 3, 1, 2)]
    [InlineData(null, "1", 2, 0, 2)]
    [InlineData("50%", null, 3, 1, 2)]
    [InlineData(null, "34%", 3, 2, 1)]
    public void A_budget_allows_what_is_healthy_beyond_what_is_needed(string? least, string? most, int ready, int allowed, int needed)
    {
        var status = DisruptionRules.Status(Budget(least, most), Pods(3, ready), _ => ("set", 3), Now);
        Assert.Equal((allowed, needed, ready), (status.DisruptionsAllowed, status.DesiredHealthy, status.CurrentHealthy));
        Assert.Equal(allowed > 0 ? "SufficientPods" : "InsufficientPods", Assert.Single(status.Conditions).Reason);
    }

    [Fact]
    public void What_is_known_of_a_budget_is_not_changed_by_a_look_at_it()
    {
        var budget = Budget("1", null);
        budget.Status = DisruptionRules.Status(budget, Pods(3, 3), _ => null, Now);
        var later = DisruptionRules.Status(budget, Pods(3, 1), _ => null, Now);
        Assert.Equal(("True", "False"), (Assert.Single(budget.Status.Conditions).Status, Assert.Single(later.Conditions).Status));
    }

    [Fact]
    public void What_was_evicted_counts_as_gone_for_a_while()
    {
        var budget = Budget("1", null);
        budget.Status = new V1PodDisruptionBudgetStatus { DisruptedPods = new Dictionary<string, DateTime?> { ["p0"] = Now.UtcDateTime, ["gone"] = Now.UtcDateTime } };
        Assert.Equal((2, "p0"), (Status(Now).CurrentHealthy, Assert.Single(Status(Now).DisruptedPods).Key));
        Assert.Equal((3, null), (Status(Now.AddMinutes(3)).CurrentHealthy, Status(Now.AddMinutes(3)).DisruptedPods));

        V1PodDisruptionBudgetStatus Status(DateTimeOffset now) => DisruptionRules.Status(budget, Pods(3, 3), _ => null, now);
    }

    [Fact]
    public void A_percentage_of_pods_that_nobody_counts_allows_nothing()
    {
        var status = DisruptionRules.Status(Budget("50%", null), Pods(3, 3), _ => null, Now);
        Assert.Equal((0, "SyncFailed"), (status.DisruptionsAllowed, Assert.Single(status.Conditions).Reason));
    }

    [Theory]
    [InlineData("{}", "", "default/bare: no controller would make it again (drainSpec.force: true evicts it)|default/scratch: it has an emptyDir, which would be lost (drainSpec.deleteEmptyDir: true evicts it)")]
    [InlineData("""{"force":true,"deleteEmptyDir":true}""", "default/bare default/scratch default/vf", "")]
    [InlineData("""{"force":true,"podSelector":"app=vf"}""", "default/vf", "")]
    [InlineData("""{"force":true,"podEvictionFilters":[{"byResourceNameRegex":"^nvidia.com/"}]}""", "default/vf", "")]
    public void A_drain_evicts_what_it_may(string drain, string evicted, string kept)
    {
        var owned = new V1OwnerReference { Kind = "ReplicaSet", Controller = true };
        V1Pod[] pods =
        [
            Pod("bare"),
            Pod("scratch", owned, p => p.Spec.Volumes = [new V1Volume { EmptyDir = new V1EmptyDirVolumeSource() }]),
            Pod("agent", new V1OwnerReference { Kind = "DaemonSet", Controller = true }),
            Pod("over", owned, p => p.Status.Phase = "Succeeded"),
            Pod("mirror", owned, p => p.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "" }),
            Pod("vf", null, p =>
            {
                p.Metadata.Labels = new Dictionary<string, string> { ["app"] = "vf" };
                p.Spec.Containers[0].Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["nvidia.com/vf"] = new("1") } };
            }),
        ];
        if (drain == "{}")
        {
            pods = pods[..^1];
        }

        var plan = DrainPlan.Of(JsonNode.Parse(drain)!.AsObject(), pods);
        Assert.Equal(evicted, string.Join(' ', plan.Evict.Select(DrainPlan.Name)));
        Assert.Equal(kept, string.Join('|', plan.Kept.Select(k => $"{DrainPlan.Name(k.Pod)}: {k.Why}")));
    }

    [Fact]
    public async Task A_drain_waits_for_a_budget_and_says_for_which()
    {
        await using var cluster = await TestCluster.StartAsync("maintenance-operator-chart");
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = Task.WhenAll(
            new DisruptionController(cache, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token),
            new MaintenanceController(cache, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token));
        await cluster.ApplyAsync("""
            apiVersion: v1
            kind: Node
            metadata: {name: worker1}
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: web, namespace: default}
            spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: web-0, namespace: default, labels: {app: web}}
            spec: {nodeName: worker1, containers: [{name: c, image: i}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: web-1, namespace: default, labels: {app: web}}
            spec: {nodeName: worker2, containers: [{name: c, image: i}]}
            """);
        await ReadyAsync("web-0");
        await ReadyAsync("web-1");
        await Eventually.SeeAsync(BudgetAsync, b => b?.Status?.CurrentHealthy == 2);
        await cluster.ApplyAsync("""
            apiVersion: maintenance.nvidia.com/v1alpha1
            kind: NodeMaintenance
            metadata: {name: worker1, namespace: default}
            spec: {requestorID: dpu.nvidia.com, nodeName: worker1, drainSpec: {force: true, deleteEmptyDir: true}}
            """);
        const string Refusal = "default/web-0: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 2 healthy pods and has 2 currently";
        var waiting = await MaintenanceAsync(m => (string?)m["status"]?["conditions"]?[0]?["message"] == Refusal);
        Assert.Equal("""{"totalPods":1,"evictionPods":1,"drainProgress":0,"waitForEviction":["default/web-0"]}""", waiting["status"]!["drain"]!.ToJsonString());
        Assert.Null((await PodAsync())!.Metadata.DeletionTimestamp);

        // One more pod elsewhere, and it may go.
        await cluster.ApplyAsync("apiVersion: v1\nkind: Pod\nmetadata: {name: web-2, namespace: default, labels: {app: web}}\nspec: {nodeName: worker2, containers: [{name: c, image: i}]}");
        await ReadyAsync("web-2");
        var evicted = await Eventually.SeeAsync(PodAsync, p => p?.Metadata.DeletionTimestamp is not null);
        Assert.Contains(evicted!.Status.Conditions, c => c is { Type: "DisruptionTarget", Reason: "EvictionByEvictionAPI" });
        await cluster.Client.DeleteAsync<V1Pod>("default", "web-0", Cancellation, gracePeriodSeconds: 0);
        var ready = await MaintenanceAsync(m => (string?)m["status"]?["conditions"]?[0]?["reason"] == "Ready");
        Assert.Equal(100, (int?)ready["status"]!["drain"]!["drainProgress"]);
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        Task<V1Pod?> PodAsync() => cluster.Client.GetAsync<V1Pod>("default", "web-0", Cancellation);

        Task<V1PodDisruptionBudget?> BudgetAsync() => cluster.Client.GetAsync<V1PodDisruptionBudget>("default", "web", Cancellation);

        Task<JsonObject> MaintenanceAsync(Func<JsonObject, bool> isSo) =>
            cluster.Client.HasAsync("maintenance.nvidia.com/v1alpha1", "NodeMaintenance", "default", "worker1", isSo);

        Task ReadyAsync(string pod) => cluster.Client.PatchStatusAsync<V1Pod>(
            "default", pod, JsonNode.Parse("""{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""")!, Cancellation);
    }

    private static V1PodDisruptionBudget Budget(string? least, string? most) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", Generation = 1 },
        Spec = new V1PodDisruptionBudgetSpec { MinAvailable = least is null ? null : (IntOrString)least, MaxUnavailable = most is null ? null : (IntOrString)most, Selector = new V1LabelSelector() },
    };

    private static List<V1Pod> Pods(int count, int ready) =>
    [
        .. Enumerable.Range(0, count).Select(i => Pod("p" + i, null, p =>
            p.Status.Conditions = [new V1PodCondition { Type = "Ready", Status = i < ready ? "True" : "False" }])),
    ];

    private static V1Pod Pod(string name, V1OwnerReference? owner = null, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", OwnerReferences = owner is null ? null : [owner] },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
            Status = new V1PodStatus { Phase = "Running" },
        };
        change?.Invoke(pod);
        return pod;
    }
}
