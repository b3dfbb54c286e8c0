using System.Text.Json.Nodes;
using Dpf.Api.Services;
using k8s;

namespace Dpf.Services.DpuServices;

/// <summary>The Helm values of a DPUService: pure.</summary>
internal static class ServiceValues
{
    /// <summary>Label of a service's pods: the service.</summary>
    public const string ServiceLabel = "svc.dpu.nvidia.com/service";

    /// <summary>
    /// The chart's values, under the settings of the service's DaemonSet, which win: they carry the service's label and the
    /// networks of its interfaces.
    /// </summary>
    /// <param name="service">The DPUService.</param>
    /// <param name="networks">What its interfaces ask for.</param>
    /// <exception cref="FormatException">The networks that the DPUService itself asks for cannot be read.</exception>
    public static JsonObject Of(DpuService service, IReadOnlyCollection<JsonObject> networks)
    {
        var settings = service.Spec.ServiceDaemonSet is { } given ? JsonNode.Parse(KubernetesJson.Serialize(given))!.AsObject() : [];
        if (networks.Count > 0)
        {
            var annotations = Table(settings, "annotations");
            annotations[NetworkAnnotation.Key] = NetworkAnnotation.Merge((string?)annotations[NetworkAnnotation.Key], networks);
        }

        if (service.Spec.ServiceId is { Length: > 0 } id)
        {
            Table(settings, "labels")[ServiceLabel] = id;
        }

        return Values.Merge(new JsonObject { ["serviceDaemonSet"] = settings }, service.Spec.HelmChart.Values);
    }

    private static JsonObject Table(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject table)
        {
            parent[name] = table = [];
        }

        return table;
    }
}
