using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Tables;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.ApiServer.Tests;

/// <summary>What <c>kubectl get -o wide</c> shows of a kind, cell by cell; the ages are of 2026-05-04, 12:00.</summary>
public sealed class TableCellTests
{
    private static readonly TableCells Cells = new(new FakeTimeProvider(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero)));

    [Theory]
    [InlineData(
        "jobs.batch",
        """{"spec": {"parallelism": 3, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}, "status": {"succeeded": 1, "startTime": "2026-05-04T11:00:00Z", "completionTime": "2026-05-04T11:00:50Z", "conditions": [{"type": "Complete", "status": "True"}]}}""",
        "Complete|1/1 of 3|50s|60m|c|i|<none>")]
    [InlineData("jobs.batch", """{"spec": {"completions": 2}, "status": {"conditions": [{"type": "Suspended", "status": "True"}]}}""", "Suspended|0/2||60m|<none>|<none>|<none>")]
    [InlineData("events", """{"type": "Warning", "reason": "R", "message": " m ", "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{c}"}, "source": {"component": "kubelet", "host": "w"}, "firstTimestamp": "2026-05-04T11:00:00Z", "lastTimestamp": "2026-05-04T11:59:00Z", "count": 4}""", "60s|Warning|R|pod/p|spec.containers{c}|kubelet, w|m|60m|4|x")]
    [InlineData("events.events.k8s.io", """{"type": "Normal", "reason": "R", "note": "m", "regarding": {"kind": "Node"}, "reportingController": "c", "reportingInstance": "i", "eventTime": "2026-05-04T11:00:00.5Z"}""", "59m|Normal|R|node||c, i|m|59m|1|x")]
    [InlineData("ingresses.networking.k8s.io", """{"spec": {"rules": [{"host": "a"}, {"host": "b"}, {"host": "c"}, {"host": "d"}], "tls": [{}]}}""", "<none>|a,b,c + 1 more...||80, 443|60m")]
    [InlineData("ingressclasses.networking.k8s.io", """{"spec": {"controller": "k", "parameters": {"kind": "P", "apiGroup": "g", "name": "n"}}}""", "k|P.g/n|60m")]
    [InlineData(
        "horizontalpodautoscalers.autoscaling",
        """{"spec": {"maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "d"}, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}, {"type": "Pods", "pods": {"target": {"averageValue": "10"}}}, {"type": "Resource", "resource": {"name": "memory", "target": {"averageUtilization": 1}}}]}, "status": {"currentReplicas": 2, "currentMetrics": [{"resource": {"current": {"averageUtilization": 10}}}]}}""",
        "Deployment/d|cpu: 10%/80%, <unknown>/10 + 1 more...|<unset>|5|2|60m")]
    [InlineData(
        "horizontalpodautoscalers.autoscaling",
        """{"spec": {"minReplicas": 2, "maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "d"}, "metrics": [{"type": "External", "external": {"target": {"averageValue": "10"}}}, {"type": "Object", "object": {"target": {"value": "7"}}}]}, "status": {"currentMetrics": [{"external": {"current": {"averageValue": "4"}}}, {"object": {"current": {"value": "3"}}}]}}""",
        "Deployment/d|4/10 (avg), 3/7|2|5|0|60m")]
    [InlineData("resourcequotas", """{"status": {"hard": {"pods": "10", "limits.cpu": "4", "configmaps": "2"}, "used": {"pods": "3", "limits.cpu": "1"}}}""", "configmaps: 0/2, pods: 3/10|limits.cpu: 1/4|60m")]
    [InlineData("priorityclasses.scheduling.k8s.io", """{"value": 1000, "globalDefault": true, "preemptionPolicy": "Never"}""", "1000|true|60m|Never")]
    [InlineData("storageclasses.storage.k8s.io", """{"provisioner": "p"}""", "p|Delete|Immediate|false|60m")]
    [InlineData("persistentvolumeclaims", """{"spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Block"}, "status": {"phase": "Pending"}}""", "Pending|||RWO||<unset>|60m|Block")]
    [InlineData("rolebindings.rbac.authorization.k8s.io", """{"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}, {"kind": "User", "name": "v"}, {"kind": "ServiceAccount", "namespace": "n", "name": "s"}]}""", "Role/r|60m|u, v||n/s")]
    [InlineData("controllerrevisions.apps", """{"revision": 2, "metadata": {"name": "x", "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "controller": true}]}}""", "DaemonSet.apps/d|2|<unknown>")]
    [InlineData("apiservices.apiregistration.k8s.io", """{"spec": {"service": {"namespace": "n", "name": "s"}}, "status": {"conditions": [{"type": "Available", "status": "False", "reason": "Gone"}]}}""", "n/s|False (Gone)|60m")]
    [InlineData("validatingadmissionpolicybindings.admissionregistration.k8s.io", """{"spec": {"policyName": "p", "paramRef": {"namespace": "n", "name": "m"}}}""", "p|n/m|60m")]
    [InlineData("certificatesigningrequests.certificates.k8s.io", """{"spec": {"signerName": "s", "username": "u", "expirationSeconds": 3600}, "status": {"conditions": [{"type": "Approved", "status": "True"}, {"type": "Failed", "status": "True"}]}}""", "60m|s|u|60m|Approved,Failed")]
    public void AKindsCells(string resource, string json, string cells)
    {
        var value = JsonNode.Parse(json)!.AsObject();
        value["metadata"] ??= new JsonObject { ["name"] = "x", ["creationTimestamp"] = "2026-05-04T11:00:00Z" };
        var columns = Cells.Own(Resource(resource))!;
        Assert.Equal(cells, string.Join('|', columns.Select(c => c.Value(value)?.ToString())));
    }

    [Theory]
    [InlineData("storageclasses.storage.k8s.io", "storageclass.kubernetes.io/is-default-class", "x (default)")]
    [InlineData("ingressclasses.networking.k8s.io", "ingressclass.kubernetes.io/is-default-class", "x (default)")]
    [InlineData("configmaps", "storageclass.kubernetes.io/is-default-class", "x")]
    public void TheDefaultClassIsToldByItsName(string resource, string annotation, string name)
    {
        var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "x", ["annotations"] = new JsonObject { [annotation] = "true" } } };
        Assert.Equal(name, TableCells.Name(Resource(resource)).Value(value)?.ToString());
    }

    private static GroupResource Resource(string text) => text.Split('.', 2) is [var resource, var group] ? new(group, resource) : new("", text);
}
