using System.Text.Json.Nodes;
using Dpf.Operator.Inventory;

namespace Dpf.Operator.Tests.Inventory;

public sealed class ReadinessTests
{
    [Theory]
    [InlineData("Deployment", null, "Deployment x is not there yet")]
    [InlineData("Deployment", """{"metadata": {"generation": 2}, "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1}}""", "Deployment x is not rolled out yet")]
    [InlineData("Deployment", """{"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "replicas": 1}}""", "Deployment x has 0 of 1 pods ready")]
    [InlineData("Deployment", """{"metadata": {"generation": 1}, "status": {"observedGeneration": 1}}""", "Deployment x has 0 of 1 pods ready")]
    [InlineData("Deployment", """{"spec": {"replicas": 2}, "status": {"replicas": 1, "readyReplicas": 1}}""", "Deployment x has 1 of 2 pods ready")]
    [InlineData("Deployment", """{"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}}""", null)]
    [InlineData("Deployment", """{"spec": {"replicas": 2}, "status": {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1}}""", "Deployment x has 1 of 3 pods rolled out")]
    [InlineData("DaemonSet", """{"metadata": {"generation": 1}, "status": {}}""", "DaemonSet x is not rolled out yet")]
    [InlineData("DaemonSet", """{"metadata": {"generation": 1}, "status": {"observedGeneration": 1}}""", null)]
    [InlineData("DaemonSet", """{"status": {"desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 1}}""", "DaemonSet x has 1 of 2 pods rolled out")]
    [InlineData("DaemonSet", """{"status": {"desiredNumberScheduled": 3, "numberReady": 2}}""", "DaemonSet x has 2 of 3 pods ready")]
    [InlineData("DaemonSet", """{"status": {"desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3}}""", null)]
    [InlineData("DPUService", """{}""", "DPUService x has not reported yet")]
    [InlineData("DPUService", """{"status": {"conditions": [{"type": "Ready", "status": "False", "message": "two are missing"}]}}""", "DPUService x: two are missing")]
    [InlineData("DPUService", """{"status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]}}""", null)]
    public void AWorkloadIsReadyWhenItSaysSo(string kind, string? value, string? problem) =>
        Assert.Equal(problem, Readiness.Problem(new Workload("v", kind, "x"), value is null ? null : (JsonObject)JsonNode.Parse(value)!));
}
