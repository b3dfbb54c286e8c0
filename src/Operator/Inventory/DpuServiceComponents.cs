using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.Operator.Inventory;

/// <summary>The components that run on every DPU, each a DPUService of one chart with many sub-charts.</summary>
internal static class DpuServiceComponents
{
    /// <summary>A component's DPUService.</summary>
    /// <param name="settings">The configuration.</param>
    /// <param name="release">The release's images and chart.</param>
    /// <param name="name">The component, and its sub-chart.</param>
    /// <param name="field">Its field in the configuration.</param>
    /// <param name="imagePaths">Where the sub-chart's values take the image, e.g. <c>nvIpam.image</c>.</param>
    /// <param name="mtu">Where the values take an MTU, and which; null for nowhere.</param>
    public static JsonObject Generate(
        SystemSettings settings, ReleaseDefaults release, string name, string field, IReadOnlyList<string> imagePaths,
        (string Path, JsonNode Value)? mtu = null)
    {
        var component = settings.Component(field);
        var chart = ChartReference.Parse(component.HelmChart ?? release.DpuNetworkingHelmChart);
        var values = new JsonObject { ["enabled"] = true };
        if (settings.ImagePullSecrets is { } secrets)
        {
            values["imagePullSecrets"] = new JsonArray([.. secrets.Select(s => new JsonObject { ["name"] = s })]);
        }

        var (repository, tag) = ImageReference.Parse(component.Image ?? release.DpfSystemImage);
        foreach (var path in imagePaths)
        {
            Set(values, path + ".repository", repository);
            Set(values, path + ".tag", tag);
        }

        if (mtu is { } m)
        {
            Set(values, m.Path, m.Value);
        }

        return new JsonObject
        {
            ["apiVersion"] = "svc.dpu.nvidia.com/v1alpha1",
            ["kind"] = "DPUService",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = settings.Namespace },
            ["spec"] = new JsonObject
            {
                ["helmChart"] = new JsonObject
                {
                    ["source"] = new JsonObject
                    {
                        ["repoURL"] = chart.RepositoryUrl, ["chart"] = chart.Chart, ["version"] = chart.Version,
                    },
                    ["values"] = new JsonObject { [name] = values },
                },
            },
        };
    }

    /// <summary>Flannel's MTU is a text in its chart.</summary>
    public static JsonNode Text(long mtu) => mtu.ToString(CultureInfo.InvariantCulture);

    private static void Set(JsonObject values, string path, JsonNode value)
    {
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            if (values[name] is not JsonObject child)
            {
                values[name] = child = [];
            }

            values = child;
        }

        values[names[^1]] = value;
    }
}
