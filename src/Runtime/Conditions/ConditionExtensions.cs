using k8s;
using k8s.Models;

namespace Dpf.Runtime.Conditions;

/// <summary>The reasons that DPF's conditions share.</summary>
public static class Reasons
{
    /// <summary>The only reason of a condition that is True.</summary>
    public const string Success = "Success";

    /// <summary>Not there yet.</summary>
    public const string Pending = "Pending";

    /// <summary>A step failed and is tried again.</summary>
    public const string Error = "Error";

    /// <summary>A step failed for good; a user has to act.</summary>
    public const string Failure = "Failure";

    /// <summary>A deletion waits for something else to go.</summary>
    public const string AwaitingDeletion = "AwaitingDeletion";
}

/// <summary>
/// Condition lists as values: every change goes through <see cref="Set"/>, which moves lastTransitionTime only when the
/// status changes.
/// </summary>
public static class ConditionExtensions
{
    /// <summary>The summary condition's type.</summary>
    public const string Ready = "Ready";

    /// <summary>The condition of a type, or null.</summary>
    public static V1Condition? Find(this IEnumerable<V1Condition>? conditions, string type) =>
        conditions?.FirstOrDefault(c => c.Type == type);

    /// <summary>Whether a condition is True.</summary>
    public static bool IsTrue(this IEnumerable<V1Condition>? conditions, string type) => conditions.Find(type)?.Status == "True";

    /// <summary>A copy that may be changed: what an informer holds is shared.</summary>
    public static List<V1Condition> Copy(this IEnumerable<V1Condition>? conditions) =>
        KubernetesJson.Deserialize<List<V1Condition>>(KubernetesJson.Serialize(conditions ?? []));

    /// <summary>Sets one condition; returns whether anything changed.</summary>
    public static bool Set(
        this IList<V1Condition> conditions, string type, bool? status, string reason, string message, long? generation, DateTimeOffset now)
    {
        var text = status switch { true => "True", false => "False", null => "Unknown" };
        var condition = conditions.Find(type);
        if (condition is null)
        {
            conditions.Add(new V1Condition
            {
                Type = type,
                Status = text,
                Reason = reason,
                Message = message,
                ObservedGeneration = generation,
                LastTransitionTime = now.UtcDateTime,
            });
            return true;
        }

        if (condition.Status == text && condition.Reason == reason && condition.Message == message &&
            condition.ObservedGeneration == generation)
        {
            return false;
        }

        if (condition.Status != text)
        {
            condition.LastTransitionTime = now.UtcDateTime;
        }

        (condition.Status, condition.Reason, condition.Message, condition.ObservedGeneration) = (text, reason, message, generation);
        return true;
    }

    /// <summary>Sets a condition True with reason <see cref="Reasons.Success"/> and no message.</summary>
    public static bool SetTrue(this IList<V1Condition> conditions, string type, long? generation, DateTimeOffset now) =>
        conditions.Set(type, true, Reasons.Success, "", generation, now);

    /// <summary>Sets a condition False.</summary>
    public static bool SetFalse(
        this IList<V1Condition> conditions, string type, string reason, string message, long? generation, DateTimeOffset now) =>
        conditions.Set(type, false, reason, message, generation, now);

    /// <summary>Adds those of <paramref name="types"/> that are missing, as Unknown and Pending.</summary>
    public static void Seed(this IList<V1Condition> conditions, IEnumerable<string> types, long? generation, DateTimeOffset now)
    {
        foreach (var type in types.Where(type => conditions.Find(type) is null))
        {
            conditions.Set(type, null, Reasons.Pending, "", generation, now);
        }
    }

    /// <summary>
    /// Derives <see cref="Ready"/>: True when all others are; else the worst of their reasons
    /// (AwaitingDeletion &gt; Failure &gt; Pending, anything else counts as Pending) and their names.
    /// </summary>
    public static bool Summarise(this IList<V1Condition> conditions, long? generation, DateTimeOffset now)
    {
        var missing = conditions.Where(c => c.Type != Ready && c.Status != "True").ToList();
        if (missing.Count == 0)
        {
            return conditions.SetTrue(Ready, generation, now);
        }

        var reason = missing.Select(c => c.Reason).MaxBy(Severity)!;
        return conditions.SetFalse(
            Ready, Severity(reason) == 0 ? Reasons.Pending : reason,
            "The following conditions are not ready: " + string.Join(", ", missing.Select(c => c.Type)), generation, now);
    }

    private static int Severity(string reason) => reason switch
    {
        Reasons.AwaitingDeletion => 3,
        Reasons.Failure => 2,
        Reasons.Pending => 1,
        _ => 0,
    };
}
