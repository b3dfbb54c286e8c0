using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Chaining.Sets;

/// <summary>A node that a set means.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsReady">Whether it is heard of.</param>
/// <param name="Child">The set's child there; null while there is none.</param>
internal sealed record SetNode(string Name, bool IsReady, IKubernetesObject<V1ObjectMeta>? Child)
{
    /// <summary>What keeps the child from working; null when it works.</summary>
    public string? Problem =>
        Child is null ? "not there yet"
        : AgentReport.Of(Child) is not { } report || report.Generation != (Child.Metadata.Generation ?? 0) ? "its agent has not reported yet"
        : !report.Ready ? report.Message

        // What its agent said last says nothing of a node that is not heard of any more.
        : IsReady ? null : "the node is not ready";
}

/// <summary>Derives a set's status: the one place where its conditions are made. Pure.</summary>
internal static class SetStatus
{
    private const string Reconciled = "Reconciled";
    private const string Ready = "Ready";
    private const int Named = 5;

    /// <summary>The status after a pass.</summary>
    /// <param name="set">The set.</param>
    /// <param name="prefix">The prefix of its conditions.</param>
    /// <param name="before">Its status at present.</param>
    /// <param name="nodes">The nodes that it means.</param>
    /// <param name="failure">Why its children could not be made; null when they were.</param>
    /// <param name="now">The time.</param>
    public static JsonObject Of(
        IKubernetesObject<V1ObjectMeta> set, string prefix, IConditioned? before, IEnumerable<SetNode> nodes, string? failure, DateTimeOffset now)
    {
        var all = nodes.ToList();
        var missing = all.Where(n => n.Problem is not null).Select(n => $"{n.Name}: {n.Problem}").ToList();
        var status = Conditions(set, prefix, before, now, conditions =>
        {
            Set(conditions, prefix + Reconciled, Reasons.Error, failure);
            Set(conditions, prefix + Ready, Reasons.Pending, missing.Count == 0 ? null : List(missing, "; "));
        });
        status["numberApplied"] = all.Count;
        status["numberReady"] = all.Count - missing.Count;
        return status;

        void Set(IList<V1Condition> conditions, string type, string reason, string? problem) => conditions.Set(
            type, problem is null, problem is null ? Reasons.Success : reason, problem ?? "", set.Metadata.Generation, now);
    }

    /// <summary>The status of a set that is deleted, and waits for its children.</summary>
    public static JsonObject Ending(
        IKubernetesObject<V1ObjectMeta> set, string prefix, IConditioned? before, IReadOnlyList<string> children, DateTimeOffset now)
    {
        var status = Conditions(set, prefix, before, now, conditions => conditions.SetFalse(
            prefix + Reconciled, Reasons.AwaitingDeletion, $"waiting for the end of {List(children, ", ")}", set.Metadata.Generation, now));
        (status["numberApplied"], status["numberReady"]) = (children.Count, 0);
        return status;
    }

    private static JsonObject Conditions(
        IKubernetesObject<V1ObjectMeta> set, string prefix, IConditioned? before, DateTimeOffset now, Action<IList<V1Condition>> change)
    {
        var conditions = before?.Conditions.Copy() ?? [];
        conditions.Seed([Ready, prefix + Reconciled, prefix + Ready], set.Metadata.Generation, now);
        change(conditions);
        conditions.Summarise(set.Metadata.Generation, now);
        return new JsonObject
        {
            ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions)),
            ["observedGeneration"] = set.Metadata.Generation,
        };
    }

    private static string List(IReadOnlyList<string> items, string separator) =>
        string.Join(separator, items.Take(Named)) + (items.Count > Named ? separator + "…" : "");
}
