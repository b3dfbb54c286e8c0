using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.DpuSets;
using k8s.Models;

namespace Dpf.Provisioning.Admission;

/// <summary>What the kinds of provisioning have to fulfil beyond their schemas: pure.</summary>
internal static class Rules
{
    private static readonly string[] TaintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    /// <summary>A DPUSet.</summary>
    public static FieldErrors Of(DpuSet set)
    {
        var errors = new FieldErrors();
        if (set.Spec.Strategy is { Type: "RollingUpdate", RollingUpdate.MaxUnavailable: { } limit } && RollingUpdatePlan.Parse(limit) is null)
        {
            errors.Add(
                "spec.strategy.rollingUpdate.maxUnavailable", $"{limit.ToJsonString()}: use a number above 0, or a percentage from \"1%\" to \"100%\"");
        }

        if (set.Spec.DpuSelector is { Count: > 0 } selector && !selector.Keys.Any(key => HostDpu.IndexOf(key) is not null))
        {
            errors.Warn(
                "spec.dpuSelector",
                "means no card of any node: a card is meant by a label of its node that speaks of it, e.g. feature.node.kubernetes.io/dpu-0-pci-address: 0000-03-00; without dpuSelector the first card of each node is meant");
        }

        CheckEffect(set.Spec.DpuTemplate?.Spec?.NodeEffect, "spec.dpuTemplate.spec.nodeEffect", errors);
        CheckLabels(set.Spec.DpuTemplate?.Spec?.Cluster?.NodeLabels, "spec.dpuTemplate.spec.cluster.nodeLabels", errors);
        CheckAnnotations(set.Spec.DpuTemplate?.Annotations, "spec.dpuTemplate.annotations", errors);
        return errors;
    }

    /// <summary>A DPU.</summary>
    public static FieldErrors Of(Dpu dpu)
    {
        var errors = new FieldErrors();
        CheckEffect(dpu.Spec.NodeEffect, "spec.nodeEffect", errors);
        CheckLabels(dpu.Spec.Cluster?.NodeLabels, "spec.cluster.nodeLabels", errors);
        CheckAnnotations(dpu.Metadata.Annotations, "metadata.annotations", errors);
        return errors;
    }

    /// <summary>A new DPUFlavor.</summary>
    public static FieldErrors Of(DpuFlavor flavor)
    {
        var errors = new FieldErrors();
        CheckResources(flavor.Spec, errors);
        var nvconfig = flavor.Spec.Nvconfig ?? [];
        if (nvconfig.Count > 1)
        {
            errors.Add("spec.nvconfig", "only one entry is supported");
        }

        if (nvconfig.Any(n => n.Device is { } device && device.Trim() != "*"))
        {
            errors.Add("spec.nvconfig[0].device", "only \"*\" is supported, which is every device");
        }

        foreach (var (file, i) in (flavor.Spec.ConfigFiles ?? []).Select((f, i) => (f, i)))
        {
            if (!string.IsNullOrEmpty(file.Path) && file.Path[0] != '/')
            {
                errors.Add($"spec.configFiles[{i}].path", $"'{file.Path}' is no absolute path");
            }

            if (!string.IsNullOrEmpty(file.Permissions) && !file.Permissions.All(c => c is >= '0' and <= '7'))
            {
                errors.Add($"spec.configFiles[{i}].permissions", $"'{file.Permissions}' is no octal mode, e.g. \"0644\"");
            }
        }

        return errors;
    }

    private static void CheckEffect(NodeEffect? effect, string path, FieldErrors errors)
    {
        if (effect is null)
        {
            return;
        }

        var set = new[] { effect.NoEffect == true, effect.CustomLabel is { Count: > 0 }, effect.Taint is not null, effect.Drain is not null };
        switch (set.Count(s => s))
        {
            case 0:
                errors.Warn(path, "says nothing, so workloads stay on the host while its DPU is installed and the host restarts; write noEffect: true if that is meant");
                break;
            case > 1:
                errors.Add(path, "choose only one of noEffect, customLabel, taint and drain");
                break;
        }

        CheckLabels(effect.CustomLabel, path + ".customLabel", errors);
        if (effect.Taint is { } taint)
        {
            AddProblem(LabelSyntax.ProblemOfKey(taint.Key), path + ".taint.key", errors);
            AddProblem(LabelSyntax.ProblemOfValue(taint.Value), path + ".taint.value", errors);
            if (!TaintEffects.Contains(taint.Effect))
            {
                errors.Add(path + ".taint.effect", $"'{taint.Effect}': use one of {string.Join(", ", TaintEffects)}");
            }
        }
    }

    /// <summary>Labels that a node could not be given would be found out only after the host was drained, or the card flashed.</summary>
    private static void CheckLabels(Dictionary<string, string>? labels, string path, FieldErrors errors)
    {
        foreach (var (key, value) in labels ?? [])
        {
            AddProblem(LabelSyntax.ProblemOfKey(key) ?? LabelSyntax.ProblemOfValue(value), $"{path}[{key}]", errors);
        }
    }

    private static void AddProblem(string? problem, string path, FieldErrors errors)
    {
        if (problem is not null)
        {
            errors.Add(path, problem);
        }
    }

    private static void CheckAnnotations(IDictionary<string, string>? annotations, string path, FieldErrors errors)
    {
        if (annotations?.TryGetValue(ProvisioningLabels.PowerCycleRequired, out var text) == true && GoBool.Parse(text) is null)
        {
            errors.Add($"{path}[{ProvisioningLabels.PowerCycleRequired}]", $"'{text}' is neither true nor false");
        }

        if (annotations?.TryGetValue(ProvisioningLabels.AutomaticRetries, out var retries) == true &&
            !(int.TryParse(retries, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= AutomaticRetry.Most))
        {
            errors.Add($"{path}[{ProvisioningLabels.AutomaticRetries}]", $"'{retries}' is no number from 0 to {AutomaticRetry.Most}");
        }
    }

    private static void CheckResources(DpuFlavorSpec flavor, FieldErrors errors)
    {
        var reserved = flavor.SystemReservedResources ?? [];
        var total = flavor.DpuResources ?? [];
        if (reserved.Count > 0 && total.Count == 0)
        {
            errors.Add("spec.systemReservedResources", "needs spec.dpuResources, from which they are taken");
            return;
        }

        foreach (var (name, value) in reserved)
        {
            var (wanted, has) = (Amount(value), total.TryGetValue(name, out var there) ? Amount(there) : 0);
            if (wanted is null || has is null)
            {
                errors.Add($"spec.systemReservedResources[{name}]", "no quantity, e.g. 2 or 512Mi");
            }
            else if (wanted > has)
            {
                errors.Add($"spec.systemReservedResources[{name}]", $"{value} is more than spec.dpuResources has ({there?.ToString() ?? "0"})");
            }
        }
    }

    private static decimal? Amount(System.Text.Json.Nodes.JsonNode value)
    {
        try
        {
            return new ResourceQuantity(value.ToString()).ToDecimal();
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }
}
