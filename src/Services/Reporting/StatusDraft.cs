using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using k8s;
using k8s.Models;

namespace Dpf.Services.Reporting;

/// <summary>
/// The conditions of an object while it is reconciled: a copy that may be changed, saved once at the end if it differs, and
/// announced after it is saved.
/// </summary>
internal sealed class StatusDraft
{
    private readonly IKubernetesObject<V1ObjectMeta> _about;
    private readonly long? _observed;
    private readonly TimeProvider _time;
    private readonly List<V1Condition> _before;
    private readonly List<V1Condition> _conditions;
    private readonly JsonObject _fields = [];

    /// <summary>A draft of an object's conditions.</summary>
    /// <param name="about">The object.</param>
    /// <param name="conditions">Its conditions at present.</param>
    /// <param name="observedGeneration">The generation that they speak of.</param>
    /// <param name="types">The conditions that the kind has, in order.</param>
    /// <param name="time">The clock.</param>
    public StatusDraft(
        IKubernetesObject<V1ObjectMeta> about, IEnumerable<V1Condition>? conditions, long? observedGeneration, IEnumerable<string> types,
        TimeProvider time)
    {
        (_about, _observed, _time) = (about, observedGeneration, time);
        _before = [.. conditions ?? []];
        _conditions = [.. _before.Select(Copy)];
        ((IList<V1Condition>)_conditions).Seed(types, Generation, time.GetUtcNow());
    }

    /// <summary>The generation that the conditions will speak of.</summary>
    public long? Generation => _about.Metadata.Generation;

    /// <summary>The conditions as they are now.</summary>
    public IReadOnlyList<V1Condition> Conditions => _conditions;

    /// <summary>It is so, with something to know about it or nothing.</summary>
    public void True(string type, string remark = "") =>
        ((IList<V1Condition>)_conditions).Set(type, true, Reasons.Success, Shortened(remark), Generation, _time.GetUtcNow());

    /// <summary>It is not so.</summary>
    public void False(string type, string reason, string message) =>
        ((IList<V1Condition>)_conditions).SetFalse(type, reason, Shortened(message), Generation, _time.GetUtcNow());

    /// <summary>It is so unless there is something to say.</summary>
    public void TrueUnless(string type, string reason, IReadOnlyCollection<string> problems, string separator = "; ", string prefix = "")
    {
        if (problems.Count == 0)
        {
            True(type);
        }
        else
        {
            False(type, reason, prefix + string.Join(separator, problems));
        }
    }

    /// <summary>A further field of the status; null removes it.</summary>
    public void Field(string name, JsonNode? value) => _fields[name] = value;

    /// <summary>Derives <c>Ready</c>, saves what differs, and tells users of what became so or failed.</summary>
    public async Task SaveAsync<T>(KubeClient client, EventRecorder events, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        ((IList<V1Condition>)_conditions).Summarise(Generation, _time.GetUtcNow());
        var stale = _observed != Generation || HasNewFields();
        if (!stale && _conditions.Count == _before.Count && _conditions.Zip(_before).All(p => Same(p.First, p.Second)))
        {
            return;
        }

        var status = (JsonObject)_fields.DeepClone();
        status["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(_conditions));
        status["observedGeneration"] = Generation;

        try
        {
            await client.PatchStatusAsync<T>(
                _about.Metadata.NamespaceProperty, _about.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // Gone meanwhile: nobody is left to tell.
            return;
        }

        await AnnounceAsync(events, cancellation);
    }

    private bool HasNewFields()
    {
        var now = JsonNode.Parse(KubernetesJson.Serialize((object)_about))?["status"];
        return _fields.Any(f => !JsonNode.DeepEquals(f.Value, now?[f.Key]));
    }

    private async Task AnnounceAsync(EventRecorder events, CancellationToken cancellation)
    {
        foreach (var condition in _conditions)
        {
            var earlier = _before.Find(condition.Type);
            if (condition is { Type: ConditionExtensions.Ready, Status: "True" } && earlier?.Status != "True")
            {
                await events.NormalAsync(_about, "Ready", "everything is as it should be", cancellation);
            }
            else if (condition.Type != ConditionExtensions.Ready && condition.Reason is Reasons.Error or Reasons.Failure &&
                condition.Message != earlier?.Message)
            {
                await events.WarningAsync(_about, condition.Type + condition.Reason, condition.Message, cancellation);
            }
        }
    }

    private static bool Same(V1Condition one, V1Condition other) =>
        one.Type == other.Type && one.Status == other.Status && one.Reason == other.Reason && one.Message == other.Message &&
        one.ObservedGeneration == other.ObservedGeneration;

    // The API server's limit of a condition's message.
    private static string Shortened(string message) => message.Length <= 2048 ? message : message[..2047] + "…";

    private static V1Condition Copy(V1Condition condition) => new()
    {
        Type = condition.Type,
        Status = condition.Status,
        Reason = condition.Reason,
        Message = condition.Message,
        ObservedGeneration = condition.ObservedGeneration,
        LastTransitionTime = condition.LastTransitionTime,
    };
}
