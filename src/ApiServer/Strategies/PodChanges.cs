using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>
/// What may change of a pod's spec once it is made; pure.
/// https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement
/// </summary>
internal static class PodChanges
{
    private const string Advice =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    /// <summary>What is wrong with a change of a pod's spec, both with their defaults.</summary>
    public static IEnumerable<FieldError> Validate(JsonObject spec, JsonObject old)
    {
        if (Immutable.Same(spec, old))
        {
            yield break;
        }

        foreach (var error in Deadline(spec, old).Concat(Gates(spec, old)).Concat(Tolerations(spec, old)))
        {
            yield return error;
        }

        if (!Immutable.Same(WithoutChangeable(spec, old), WithoutChangeable(old, old)))
        {
            yield return FieldError.Forbidden("spec", Advice);
        }
    }

    private static IEnumerable<FieldError> Deadline(JsonObject spec, JsonObject old)
    {
        if (old.Number("activeDeadlineSeconds") is not { } was)
        {
            yield break;
        }

        if (spec.Number("activeDeadlineSeconds") is not { } now)
        {
            yield return FieldError.Invalid("spec.activeDeadlineSeconds", null, "must not update from a positive integer to nil value");
        }
        else if (now > was)
        {
            yield return FieldError.Invalid("spec.activeDeadlineSeconds", now, "must be less than or equal to previous value");
        }
    }

    private static IEnumerable<FieldError> Gates(JsonObject spec, JsonObject old)
    {
        var were = old.Objects("schedulingGates").Select(g => g.Text("name")).ToHashSet();
        return spec.Objects("schedulingGates").Select(g => g.Text("name")).Where(g => !were.Contains(g))
            .Select(g => FieldError.Forbidden("spec.schedulingGates", $"only deletion is allowed, but found new scheduling gate '{g}'"));
    }

    private static IEnumerable<FieldError> Tolerations(JsonObject spec, JsonObject old)
    {
        var now = spec.Objects("tolerations").Select(Lasting).ToList();
        return old.Objects("tolerations").Select(Lasting).Where(was => !now.Any(n => Immutable.Same(n, was)))
            .Select(_ => FieldError.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"));
    }

    private static JsonObject Lasting(JsonObject toleration)
    {
        var copy = toleration.Copy();
        copy.Remove("tolerationSeconds");
        return copy;
    }

    /// <summary>A spec without what the change from the old one may touch.</summary>
    private static JsonObject WithoutChangeable(JsonObject spec, JsonObject old)
    {
        var copy = spec.Copy();
        foreach (var container in copy.Objects("containers").Concat(copy.Objects("initContainers")))
        {
            container.Remove("image");
        }

        foreach (var field in (string[])["activeDeadlineSeconds", "tolerations", "schedulingGates"])
        {
            copy.Remove(field);
        }

        if (old.Number("terminationGracePeriodSeconds") < 0 && spec.Number("terminationGracePeriodSeconds") == 1)
        {
            copy["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]!.DeepClone();
        }

        // Nobody chose a node yet.
        if (old.Objects("schedulingGates").Any())
        {
            copy.Remove("nodeSelector");
            copy.Remove("affinity");
        }

        return copy;
    }
}
