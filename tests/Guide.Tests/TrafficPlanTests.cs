using Dpf.Guide.Traffic;
using k8s.Models;

namespace Dpf.Guide.Tests;

public sealed class TrafficPlanTests
{
    private static readonly V1Pod[] Pods =
    [
        Pod("server-1", "traffic-server", "worker1", "10.1.1.3"), Pod("server-2", "traffic-server", "worker2", "10.1.2.3"),
        Pod("client-1", "traffic-client", "worker1", "10.1.1.4"), Pod("client-2", "traffic-client", "worker2", "10.1.2.4"),
        Pod("cp", "traffic-control-plane", "cp1", "10.1.0.4"),
    ];

    [Fact]
    public void EveryPathOfTheGuideIsAsked()
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "traffic" },
            Spec = new V1ServiceSpec { ClusterIP = "10.9.0.9", Ports = [new V1ServicePort { Port = 8080 }] },
        };
        var probes = TrafficPlan.For(Pods, service, ["198.51.100.10"]);
        Assert.Equal(
            new Dictionary<TrafficKind, int>
            {
                [TrafficKind.PodToPodSameWorker] = 2,
                [TrafficKind.PodToPodAcrossWorkers] = 2,
                [TrafficKind.ControlPlaneToWorker] = 2,
                [TrafficKind.WorkerToControlPlane] = 2,
                [TrafficKind.PodToClusterIp] = 3,
                [TrafficKind.PodToOutside] = 3,
            },
            probes.GroupBy(p => p.Kind).ToDictionary(g => g.Key, g => g.Count()));
        Assert.All(
            probes.Where(p => p.Kind == TrafficKind.PodToClusterIp), p => Assert.Equal(["server-1", "server-2"], p.Answers!));
    }

    [Fact]
    public void ADualStackClusterIsAskedEverythingTwice()
    {
        var pods = Pods.Select((p, i) => new V1Pod
        {
            Metadata = p.Metadata,
            Spec = p.Spec,
            Status = new V1PodStatus { PodIP = p.Status.PodIP, PodIPs = [new V1PodIP { Ip = p.Status.PodIP }, new V1PodIP { Ip = $"fd00::{i + 1}" }] },
        }).ToList();
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "traffic" },
            Spec = new V1ServiceSpec { ClusterIP = "10.9.0.9", ClusterIPs = ["10.9.0.9", "fd09::9"], Ports = [new V1ServicePort { Port = 8080 }] },
        };
        string[] outside = ["198.51.100.10", "2001:db8::10"];
        var probes = TrafficPlan.For(pods, service, outside);
        Assert.Equal(2 * TrafficPlan.For(Pods, service, outside).Count, probes.Count);
        Assert.Contains(probes, p => p is { Kind: TrafficKind.PodToClusterIp, To: "service traffic over IPv6", Address: "fd09::9" });
        Assert.Contains(probes, p => p is { From: "client-1 (worker1)", To: "server-2 (worker2) over IPv6", Address: "fd00::2" });
    }

    [Fact]
    public void AcrossWorkersMeansTwoNodes() =>
        Assert.Contains(
            TrafficPlan.For(Pods, null, []),
            p => p is { Kind: TrafficKind.PodToPodAcrossWorkers, From: "client-1 (worker1)", To: "server-2 (worker2)", Address: "10.1.2.3" });

    [Fact]
    public void APodWithoutAnAddressIsNotAsked() =>
        Assert.DoesNotContain(
            TrafficPlan.For([.. Pods, Pod("late", "traffic-server", "worker1", null)], null, []), p => p.To.StartsWith("late", StringComparison.Ordinal));

    [Fact]
    public void AWorkerWithoutItsPodsIsNoGoodMatrix()
    {
        Assert.Empty(TrafficPlan.Lacking(Pods, ["worker1", "worker2"]));
        var lacking = TrafficPlan.Lacking(Pods[..2], ["worker2", "worker1", "worker3"]);
        Assert.Equal(
            [
                "traffic-client (worker1)", "traffic-client (worker2)", "traffic-client (worker3)", "traffic-server (worker3)",
                "traffic-control-plane (no node)",
            ],
            lacking.Select(cell => cell.From));
        Assert.DoesNotContain(lacking, cell => cell.Ok);
    }

    private static V1Pod Pod(string name, string app, string node, string? address) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["app"] = app } },
        Spec = new V1PodSpec { NodeName = node },
        Status = new V1PodStatus { PodIP = address },
    };
}
