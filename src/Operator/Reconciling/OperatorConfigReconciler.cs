using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Operator.Applying;
using Dpf.Operator.Inventory;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Operator.Reconciling;

/// <summary>Deploys the system that a DPFOperatorConfig describes, reports on it, and takes it down again.</summary>
public sealed class OperatorConfigReconciler(
    KubeClient client, NamespacedName singleton, ReleaseDefaults release, TimeProvider time, ILogger logger) : IReconciler
{
    private const string Finalizer = "dpu.nvidia.com/dpfoperatorconfig";
    private const string PullSecretsReconciled = "ImagePullSecretsReconciled";
    private const string ComponentsReconciled = "SystemComponentsReconciled";
    private const string ComponentsReady = "SystemComponentsReady";

    // A component's objects are applied when they change, and so often anyway, which heals what others did to them.
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(10);
    private readonly EventRecorder _events = new(client, "dpfoperatorconfig", time, logger);
    private readonly Dictionary<string, (string Digest, long At)> _applied = new(StringComparer.Ordinal);
    private static readonly string[] Types = [ConditionExtensions.Ready, PullSecretsReconciled, ComponentsReconciled, ComponentsReady];

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (await client.GetAsync<DpfOperatorConfig>(key.Namespace, key.Name, cancellation) is not { } config)
        {
            return Result.Done;
        }

        var spec = JsonNode.Parse(KubernetesJson.Serialize(config.Spec))!.AsObject();
        var before = config.Status is null ? "" : KubernetesJson.Serialize(config.Status);
        config.Status ??= new();
        var conditions = config.Status.Conditions ??= [];
        conditions.Seed(Types, config.Metadata.Generation, time.GetUtcNow());
        var settings = SystemSettings.Read(key.Namespace!, spec);
        var (now, generation) = (time.GetUtcNow(), config.Metadata.Generation);
        var result = Result.Done;
        if (key != singleton)
        {
            conditions.SetFalse(
                ConditionExtensions.Ready, Reasons.Failure, $"ignored: this operator looks after DPFOperatorConfig {singleton} alone; delete this one", generation, now);
        }
        else if (config.IsDeleting())
        {
            result = await TakeDownAsync(config, conditions, cancellation);
            if (result == Result.Done)
            {
                return result;
            }

            await SummariseAsync(config, settings, conditions, cancellation);
        }
        else if ((bool?)spec["overrides"]?["paused"] == true)
        {
            conditions.Set(ConditionExtensions.Ready, null, "Paused", "spec.overrides.paused is true: nothing is looked at or changed", generation, now);
        }
        else
        {
            config.Metadata.Finalizers = (await client.AddFinalizerAsync(config, Finalizer, cancellation)).Metadata.Finalizers;
            result = await DeployAsync(config, settings, conditions, cancellation);
            await SummariseAsync(config, settings, conditions, cancellation);
        }

        config.Status.ObservedGeneration = generation;
        var after = KubernetesJson.Serialize(config.Status);
        if (before != after)
        {
            await client.PatchStatusAsync<DpfOperatorConfig>(
                key.Namespace, key.Name, new JsonObject { ["status"] = JsonNode.Parse(after) }, cancellation);
            await TellAsync(config, KubernetesJson.Deserialize<DpfOperatorConfigStatus>(before.Length == 0 ? "{}" : before), conditions, cancellation);
        }

        return result;
    }

    /// <summary>One event for every turn: all is ready, or something failed in another way than before.</summary>
    private async Task TellAsync(
        DpfOperatorConfig config, DpfOperatorConfigStatus before, IList<V1Condition> conditions, CancellationToken cancellation)
    {
        foreach (var condition in conditions)
        {
            var earlier = before.Conditions.Find(condition.Type);
            if (condition is { Type: ConditionExtensions.Ready, Status: "True" } && earlier?.Status != "True")
            {
                await _events.NormalAsync(config, "Ready", "every component is ready", cancellation);
            }
            else if (condition.Type != ComponentsReady && condition is { Status: "False", Reason: Reasons.Error or Reasons.Failure } && earlier?.Message != condition.Message)
            {
                await _events.WarningAsync(config, condition.Type, condition.Message, cancellation);
            }
        }
    }

    private async Task<Result> DeployAsync(
        DpfOperatorConfig config, SystemSettings settings, IList<V1Condition> conditions, CancellationToken cancellation)
    {
        var generation = config.Metadata.Generation;
        try
        {
            await PullSecrets.ReconcileAsync(client, settings.Namespace, settings.ImagePullSecrets ?? [], cancellation);
            conditions.SetTrue(PullSecretsReconciled, generation, time.GetUtcNow());
        }
        catch (Exception e) when (IsExpected(e))
        {
            conditions.SetFalse(PullSecretsReconciled, Reasons.Error, e.Message, generation, time.GetUtcNow());
            return Result.RequeueAfter(TimeSpan.FromSeconds(2));
        }

        var failures = new List<string>();
        foreach (var component in ComponentInventory.All)
        {
            try
            {
                await ApplyAsync(component, settings, cancellation);
            }
            catch (Exception e) when (IsExpected(e))
            {
                failures.Add($"{component.Name}: {e.Message}");
            }
        }

        if (failures.Count > 0)
        {
            var message = string.Join("; ", failures);
            logger.LogWarning("DPFOperatorConfig {Namespace}/{Name}: {Message}", settings.Namespace, config.Metadata.Name, message);
            conditions.SetFalse(ComponentsReconciled, Reasons.Error, message, generation, time.GetUtcNow());
            return Result.RequeueAfter(TimeSpan.FromSeconds(1));
        }

        conditions.SetTrue(ComponentsReconciled, generation, time.GetUtcNow());
        return Result.RequeueAfter(Refresh);
    }

    private async Task ApplyAsync(Component component, SystemSettings settings, CancellationToken cancellation)
    {
        var objects = component.Desired(settings, release);
        var digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(new JsonArray([.. objects]).ToJsonString())));
        if (_applied.TryGetValue(component.Name, out var last) && last.Digest == digest && time.GetElapsedTime(last.At) < Refresh)
        {
            return;
        }

        _applied.Remove(component.Name);
        await new ApplySet(client, component.Name, settings.Namespace).ApplyAsync(
            [.. objects.Select(o => o.DeepClone().AsObject())], cancellation);
        _applied[component.Name] = (digest, time.GetTimestamp());
    }

    private async Task<Result> TakeDownAsync(DpfOperatorConfig config, IList<V1Condition> conditions, CancellationToken cancellation)
    {
        if (await new TearDown(client).StepAsync(config.Metadata.NamespaceProperty, cancellation) is { } left)
        {
            conditions.SetFalse(
                ComponentsReconciled, Reasons.AwaitingDeletion, $"waiting for the end of {left}", config.Metadata.Generation, time.GetUtcNow());
            return Result.RequeueAfter(TimeSpan.FromMilliseconds(250));
        }

        await client.RemoveFinalizerAsync(config, Finalizer, cancellation);
        return Result.Done;
    }

    private async Task SummariseAsync(
        DpfOperatorConfig config, SystemSettings settings, IList<V1Condition> conditions, CancellationToken cancellation)
    {
        var problems = new List<string>();
        foreach (var component in ComponentInventory.All.Where(c => c.IsEnabled(settings)))
        {
            var workload = component.Workload;
            try
            {
                var value = await client.GetAsync(workload.ApiVersion, workload.Kind, settings.Namespace, workload.Name, cancellation);
                if (Readiness.Problem(workload, value) is { } problem)
                {
                    problems.Add($"{component.Name}: {problem}");
                }
            }
            catch (KubeException e)
            {
                problems.Add($"{component.Name}: {e.Message}");
            }
        }

        var (generation, now) = (config.Metadata.Generation, time.GetUtcNow());
        if (problems.Count == 0)
        {
            conditions.SetTrue(ComponentsReady, generation, now);
        }
        else
        {
            conditions.SetFalse(ComponentsReady, Reasons.Error, string.Join("; ", problems), generation, now);
        }

        conditions.Summarise(generation, now);
    }

    private static bool IsExpected(Exception e) =>
        e is KubeException or FormatException or InvalidOperationException or HttpRequestException or TimeoutException;
}
