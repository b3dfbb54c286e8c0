using System.Text.Json.Nodes;
using Dpf.Operator.Inventory;
using Dpf.Runtime.Clusters;

namespace Dpf.Operator.Tests.Inventory;

/// <summary>Configurations from YAML, and what they make of a component.</summary>
internal static class Spec
{
    public const string Least = "provisioningController: {bfbPVCName: bfb-pvc}";

    public static SystemSettings Of(string spec = Least, string ns = "dpf-operator-system") =>
        SystemSettings.Read(ns, (JsonObject)Manifests.Parse($"apiVersion: v1\nkind: X\nmetadata: {{name: x}}\nspec:\n  {spec.ReplaceLineEndings("\n  ")}", "spec")[0]["spec"]!);

    public static IReadOnlyList<JsonObject> Objects(string component, string spec = Least, string ns = "dpf-operator-system") =>
        ComponentInventory.All.Single(c => c.Name == component).Desired(Of(spec, ns), new ReleaseDefaults());

    public static JsonObject Kind(this IEnumerable<JsonObject> objects, string kind) => objects.Single(o => (string?)o["kind"] == kind);

    public static JsonObject PodSpec(this IEnumerable<JsonObject> objects) =>
        objects.Single(o => (string?)o["kind"] is "Deployment" or "DaemonSet")["spec"]!["template"]!["spec"]!.AsObject();

    public static IEnumerable<string> Arguments(this IEnumerable<JsonObject> objects) =>
        objects.PodSpec()["containers"]![0]!["args"]!.AsArray().Select(a => (string)a!);
}
