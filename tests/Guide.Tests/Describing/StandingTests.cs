using System.Text.Json.Nodes;
using Dpf.Guide.Describing;

namespace Dpf.Guide.Tests.Describing;

public sealed class StandingTests
{
    [Theory]
    [InlineData("""{"kind":"DPUFlavor","metadata":{}}""", StandingKind.Ready, "", "")]
    [InlineData("""{"kind":"DPUService","metadata":{"generation":2},"status":{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True"}]}}""", StandingKind.InProgress, "not looked at since its last change", "")]
    [InlineData("""{"kind":"DPUService","metadata":{},"status":{"conditions":[{"type":"ApplicationsReady","status":"True"}]}}""", StandingKind.InProgress, "not Ready yet", "")]
    [InlineData("""{"kind":"DPUService","metadata":{},"status":{"conditions":[{"type":"Ready","status":"True","reason":"Success"}]}}""", StandingKind.Ready, "Ready", "")]
    [InlineData(
        """{"kind":"DPUService","metadata":{},"status":{"conditions":[{"type":"Ready","status":"False","reason":"Pending","message":"waits for: A, B"},{"type":"A","status":"Unknown","reason":"Pending","message":""},{"type":"B","status":"False","reason":"Error","message":"no chart"}]}}""",
        StandingKind.Failed, "B Error", "no chart")]
    [InlineData("""{"kind":"DPUService","metadata":{},"status":{"conditions":[{"type":"Ready","status":"False","reason":"Pending","message":"soon"}]}}""", StandingKind.InProgress, "Pending", "soon")]
    [InlineData("""{"kind":"X","metadata":{},"status":{"conditions":[{"type":"Stalled","status":"True","reason":"Broken","message":"for good"}]}}""", StandingKind.Failed, "Broken", "for good")]
    [InlineData("""{"kind":"X","metadata":{},"status":{"conditions":[{"type":"Reconciling","status":"True","reason":"Busy","message":"m"},{"type":"Ready","status":"True"}]}}""", StandingKind.InProgress, "Busy", "m")]
    [InlineData("""{"kind":"X","metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["a/b"]}}""", StandingKind.Terminating, "deleting", "held by a/b")]
    [InlineData("""{"kind":"DPU","metadata":{}}""", StandingKind.InProgress, "not looked at yet", "")]
    [InlineData("""{"kind":"DPU","metadata":{},"status":{"phase":"OS Installing","conditions":[{"type":"OSInstalled","status":"False","message":"34 %"}]}}""", StandingKind.InProgress, "OS Installing", "34 %")]
    [InlineData("""{"kind":"DPU","metadata":{},"status":{"phase":"Error","conditions":[{"type":"OSInstalled","status":"False","message":"DMS: no space"}]}}""", StandingKind.Failed, "Error", "DMS: no space")]
    [InlineData("""{"kind":"DPU","metadata":{},"status":{"phase":"Ready","conditions":[{"type":"Ready","status":"False","reason":"DPUNodeNotReady","message":"lost"}]}}""", StandingKind.InProgress, "DPUNodeNotReady", "lost")]
    [InlineData("""{"kind":"DPUSet","metadata":{},"status":{"dpuStatistics":{"Ready":1,"Rebooting":2}}}""", StandingKind.InProgress, "1 of 3 DPUs ready, 2 Rebooting", "")]
    [InlineData("""{"kind":"DPUSet","metadata":{},"status":{"dpuStatistics":{"Ready":2},"conditions":[{"type":"Ready","status":"False","reason":"Pending","message":"r"},{"type":"DPUsUpToDate","status":"False","reason":"Error","message":"DPUFlavor a/b does not exist; create it"}]}}""", StandingKind.Failed, "DPUsUpToDate Error, 2 of 2 DPUs ready", "DPUFlavor a/b does not exist; create it")]
    [InlineData("""{"kind":"DPUSet","metadata":{},"status":{"dpuStatistics":{"Ready":1,"Rebooting":1},"conditions":[{"type":"Ready","status":"False","reason":"Pending","message":"1 of 2"}]}}""", StandingKind.InProgress, "1 of 2 DPUs ready, 1 Rebooting", "1 of 2")]
    [InlineData("""{"kind":"DPUSet","metadata":{},"status":{"dpuStatistics":{"Ready":1,"Error":1}}}""", StandingKind.Failed, "1 of 2 DPUs ready, 1 Error", "")]
    [InlineData("""{"kind":"BFB","metadata":{},"status":{"phase":"Ready"}}""", StandingKind.Ready, "Ready", "")]
    [InlineData("""{"kind":"Application","metadata":{},"status":{"health":{"status":"Healthy"},"sync":{"status":"Synced"},"operationState":{"phase":"Succeeded","message":"ok"}}}""", StandingKind.Ready, "Synced, Healthy", "")]
    [InlineData("""{"kind":"Application","metadata":{},"status":{"health":{"status":"Degraded"},"sync":{"status":"Synced"},"resources":[{"kind":"DaemonSet","name":"x","health":{"status":"Degraded","message":"crashes"}}]}}""", StandingKind.Failed, "Synced, Degraded", "DaemonSet x: crashes")]
    [InlineData("""{"kind":"Application","metadata":{},"status":{"conditions":[{"type":"ComparisonError","message":"chart not found"}]}}""", StandingKind.InProgress, "Unknown, Unknown", "chart not found")]
    [InlineData("""{"kind":"Deployment","metadata":{},"spec":{"replicas":2},"status":{"replicas":2,"availableReplicas":1}}""", StandingKind.InProgress, "1 of 2 available", "")]
    [InlineData("""{"kind":"DaemonSet","metadata":{},"status":{"desiredNumberScheduled":3,"numberAvailable":3}}""", StandingKind.Ready, "3 of 3 available", "")]
    [InlineData("""{"kind":"Pod","metadata":{},"status":{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff","message":"denied"}}}]}}""", StandingKind.Failed, "ImagePullBackOff", "denied")]
    [InlineData("""{"kind":"Pod","metadata":{},"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","message":"no room"}]}}""", StandingKind.InProgress, "Pending", "no room")]
    [InlineData("""{"kind":"Pod","metadata":{},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", StandingKind.Ready, "Running", "")]
    public void AnObjectStandsAsItsStatusSays(string json, StandingKind kind, string text, string message) =>
        Assert.Equal(new Standing(kind, text, message), Standing.Of(JsonNode.Parse(json)!.AsObject()));
}
