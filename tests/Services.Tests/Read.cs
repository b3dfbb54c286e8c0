using Dpf.Runtime.Clusters;
using k8s;

namespace Dpf.Services.Tests;

/// <summary>Values of our types from YAML.</summary>
internal static class Read
{
    /// <summary>A part of an object.</summary>
    public static T Yaml<T>(string text)
    {
        var indented = string.Join('\n', text.Split('\n').Select(line => "  " + line));
        var document = Manifests.Parse($"apiVersion: v1\nkind: Part\nmetadata: {{name: part}}\npart:\n{indented}\n", "test")[0];
        return KubernetesJson.Deserialize<T>(document["part"]!.ToJsonString());
    }
}
