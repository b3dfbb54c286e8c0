using Dpf.Api.Services;
using Dpf.Services.DpuDeployments;
using Dpf.Services.DpuServices;

namespace Dpf.Services.Admission;

/// <summary>What a DPUService must not say: pure.</summary>
internal static class ServiceRules
{
    /// <summary>Looks at a DPUService and at the interfaces of its namespace.</summary>
    public static Findings Of(DpuService service, IReadOnlyCollection<DpuServiceInterface> interfaces)
    {
        var findings = new Findings();
        findings.RefuseUnlessLabel(service.Metadata.Name);
        if (service.Spec.ServiceId is { } id && (id.Length == 0 || !DeploymentNames.IsLabelValue(id)))
        {
            findings.Refuse("spec.serviceID", $"'{id}' becomes the value of a label: 1 to 63 letters, digits, '-', '_' and '.', the first and the last a letter or digit");
        }

        Source(findings, "spec.helmChart.source", service.Spec.HelmChart.Source);
        foreach (var twice in (service.Spec.Interfaces ?? []).GroupBy(i => i).Where(g => g.Count() > 1))
        {
            findings.Refuse("spec.interfaces", $"'{twice.Key}' is named {twice.Count()} times; name it once");
        }

        if (service.Spec.ServiceDaemonSet?.Annotations?.GetValueOrDefault(NetworkAnnotation.Key) is { } networks)
        {
            Try(findings.Refuse, "spec.serviceDaemonSet.annotations", () => NetworkAnnotation.Merge(networks, []));
        }

        // Interfaces may come later and may still change: only the controller can wait for that.
        if (findings.Errors.Count == 0)
        {
            Try((_, why) => findings.Warn(why), "", () => ServiceInterfaces.Networks(
                service, interfaces.ToDictionary(i => i.Metadata.Name, StringComparer.Ordinal)));
        }

        return findings;
    }

    /// <summary>Whether Argo CD could find the chart.</summary>
    public static void Source(Findings findings, string path, DpuServiceSource source)
    {
        switch (source)
        {
            case { Chart: null or "", Path: null or "" }:
                findings.Refuse(path, "one of chart (of a Helm repository) and path (in a Git repository) is needed");
                break;
            case { Chart.Length: > 0, Path.Length: > 0 }:
                findings.Refuse(path, "chart is for a Helm repository and path for a Git repository; leave out one of them");
                break;
            case { Path.Length: > 0 } when source.RepoUrl.StartsWith("oci://", StringComparison.Ordinal):
                findings.Refuse(path, "an oci:// repository has charts, not paths; use chart");
                break;
        }
    }

    private static void Try(Action<string, string> say, string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            say(path, e.Message);
        }
    }
}
