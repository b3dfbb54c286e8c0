using System.Text.Json.Nodes;
using Dpf.Operator.Inventory;

namespace Dpf.Operator.Tests.Inventory;

/// <summary>What the original is known to get wrong in the objects that it deploys.</summary>
public sealed class KnownWeakSpotsOfTheOperatorTests
{
    private const string All = Spec.Least + "\nstaticClusterManager: {}";

    [Fact]
    public void W8_each_component_is_in_the_inventory_once() => Assert.Equal(
        ComponentInventory.All.Count, ComponentInventory.All.Select(c => c.Name).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void NoObjectIsOfTwoComponents() => Assert.Equal(
        Everything().Count, Everything().Select(o => $"{o["kind"]} {o["metadata"]!["namespace"]} {o["metadata"]!["name"]}").Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void W7_the_labels_of_one_object_do_not_leak_to_the_next()
    {
        foreach (var value in Everything())
        {
            var labels = value["metadata"]!["labels"]!.AsObject().Select(l => l.Key);
            Assert.Equal([ApplySetLabels.Component], labels);
        }
    }

    [Fact]
    public void GeneratingTwiceGivesTheSame()
    {
        var once = new JsonArray([.. Everything().Select(o => o.DeepClone())]).ToJsonString();
        Assert.Equal(once, new JsonArray([.. Everything().Select(o => o.DeepClone())]).ToJsonString());
    }

    [Fact]
    public void NoDeploymentSelectsThePodsOfAnother()
    {
        var workloads = Everything().Where(o => (string?)o["kind"] is "Deployment" or "DaemonSet").ToList();
        foreach (var workload in workloads)
        {
            var selector = workload["spec"]!["selector"]!["matchLabels"]!.AsObject();
            Assert.Equal(
                [(string)workload["metadata"]!["name"]!],
                workloads.Where(w => selector.All(s => (string?)w["spec"]!["template"]!["metadata"]!["labels"]![s.Key] == (string?)s.Value)).Select(w => (string)w["metadata"]!["name"]!));
        }
    }

    [Fact]
    public void TheProvisioningControllerIsNotPrivilegedAndItsCredentialsAreItsOwn()
    {
        var objects = Spec.Objects("provisioning-controller");
        Assert.Null(objects.PodSpec()["containers"]![0]!["securityContext"]);
        Assert.Equal("dpf-provisioning-controller-manager", (string?)objects.PodSpec()["serviceAccountName"]);
        Assert.DoesNotContain(objects.Arguments(), a => a.StartsWith("--v=", StringComparison.Ordinal));
    }

    [Fact]
    public void TheDetectorHasAnAccountThatMayDoNothing()
    {
        var objects = Spec.Objects("dpudetector");
        Assert.Equal(("dpf-dpu-detector", false), ((string?)objects.PodSpec()["serviceAccountName"], (bool?)objects.PodSpec()["automountServiceAccountToken"]));
        Assert.DoesNotContain(objects, o => ((string)o["kind"]!).EndsWith("Binding", StringComparison.Ordinal));
    }

    [Fact]
    public void TheAuthorityOfDmsOutlivesTheCertificatesThatItIssues()
    {
        var authority = Spec.Objects("provisioning-controller").Single(o => (string?)o["metadata"]!["name"] == "dpf-provisioning-ca-cert")["spec"]!;
        Assert.Equal(("87600h0m0s", "Never"), ((string?)authority["duration"], (string?)authority["privateKey"]!["rotationPolicy"]));
    }

    [Fact]
    public void NoImageComesFromElsewhereThanTheReleaseOrTheConfiguration()
    {
        var release = new ReleaseDefaults();
        string[] known = [release.DpfSystemImage, release.HostDriverImage];
        Assert.All(
            Everything().Where(o => (string?)o["kind"] is "Deployment" or "DaemonSet").SelectMany(o => o["spec"]!["template"]!["spec"]!["containers"]!.AsArray()),
            c => Assert.Contains((string)c!["image"]!, known));
        Assert.Contains($"--keepalived-image={release.DpfSystemImage}", Spec.Objects("kamaji-cluster-manager").Arguments());
    }

    [Fact]
    public void FlashingMayBeAllowedToTakeForEver() => Assert.Contains(
        "--dms-timeout=0", Spec.Objects("provisioning-controller", "provisioningController: {bfbPVCName: p, dmsTimeout: 0}").Arguments());

    [Fact]
    public void TheOperatorsReplicasTakeTurns()
    {
        var chart = File.ReadAllText(Path.Combine(Dpf.Testing.TestFolder.Repository, "deploy/charts/dpf-operator/templates/operator.yaml"));
        Assert.Contains("- --leader-elect\n", chart, StringComparison.Ordinal);
    }

    private static List<JsonObject> Everything() => [.. ComponentInventory.All.SelectMany(c => Spec.Objects(c.Name, All))];
}
