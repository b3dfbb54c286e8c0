using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dpf.Lab.ControlPlane.Networking;
using Dpf.Lab.ControlPlane.Nodes;
using Dpf.Lab.ControlPlane.Scheduling;
using Dpf.Lab.ControlPlane.Storage;
using Dpf.Lab.ControlPlane.Workloads;
using k8s.Models;

namespace Dpf.Lab.Tests;

public sealed class ControlPlaneTests
{
    [Fact]
    public void A_rolling_update_never_goes_below_what_must_be_available()
    {
        var deployment = Deployment(replicas: 4, surge: "1", unavailable: "0");
        var old = Set("old", replicas: 4, available: 4);
        var current = Set("new", replicas: 0, available: 0);

        Assert.Equal([("new", 1)], Steps(deployment, current, old));

        current = Set("new", replicas: 1, available: 1);
        Assert.Equal([("old", 3)], Steps(deployment, current, old));

        var stuck = Set("new", replicas: 1, available: 0);
        Assert.Empty(Steps(deployment, stuck, old));
    }

    [Fact]
    public void Recreate_waits_for_the_last_old_pod_to_be_gone()
    {
        var deployment = Deployment(replicas: 1, surge: "1", unavailable: "0");
        deployment.Spec.Strategy = new V1DeploymentStrategy { Type = "Recreate" };
        var current = Set("new", replicas: 0, available: 0);

        Assert.Equal([("old", 0)], Steps(deployment, current, Set("old", replicas: 1, available: 1), podsOfOld: 1));
        Assert.Empty(Steps(deployment, current, Set("old", replicas: 0, available: 0), podsOfOld: 1));
        Assert.Equal([("new", 1)], Steps(deployment, current, Set("old", replicas: 0, available: 0), podsOfOld: 0));
    }

    [Fact]
    public void A_taint_keeps_out_who_does_not_tolerate_it()
    {
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta { Name = "cp1", Labels = new Dictionary<string, string> { ["role"] = "control" } },
            Spec = new V1NodeSpec { Taints = [new V1Taint { Key = "node-role.kubernetes.io/control-plane", Effect = "NoSchedule" }] },
        };
        var pod = Pod();

        Assert.Equal("node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }", NodeFit.Obstacle(pod, node));

        pod.Spec.Tolerations = [new V1Toleration { Key = "node-role.kubernetes.io/control-plane", OperatorProperty = "Exists", Effect = "NoSchedule" }];
        Assert.Null(NodeFit.Obstacle(pod, node));

        pod.Spec.NodeSelector = new Dictionary<string, string> { ["role"] = "worker" };
        Assert.Equal("node(s) didn't match Pod's node affinity/selector", NodeFit.Obstacle(pod, node));
    }

    [Fact]
    public void An_extended_resource_that_a_node_does_not_report_is_lacking()
    {
        var pod = Pod();
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity> { ["nvidia.com/bf3-p0-vfs"] = new("1") },
        };
        var demand = ResourceDemand.Of(pod);
        var node = new V1Node { Status = new V1NodeStatus { Allocatable = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("2") } } };

        Assert.Equal(["nvidia.com/bf3-p0-vfs"], ResourceDemand.Lacking(node, [], demand));

        node.Status.Allocatable["nvidia.com/bf3-p0-vfs"] = new ResourceQuantity("1");
        Assert.Empty(ResourceDemand.Lacking(node, [], demand));
        Assert.Equal(["nvidia.com/bf3-p0-vfs"], ResourceDemand.Lacking(node, demand, demand));
    }

    [Fact]
    public void A_service_sends_to_ready_pods_at_their_named_port()
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "u" },
            Spec = new V1ServiceSpec
            {
                Selector = new Dictionary<string, string> { ["app"] = "web" },
                Ports = [new V1ServicePort { Port = 443, TargetPort = "https", Protocol = "TCP" }],
            },
        };
        var ready = Pod("10.0.0.1", ready: true);
        var starting = Pod("10.0.0.2", ready: false);

        var slice = Assert.Single(ServiceBackends.Slices(service, [starting, ready]));
        var endpoints = ServiceBackends.Endpoints(service, [slice]);

        Assert.Equal(9443, Assert.Single(slice.Ports).Port);
        Assert.Equal([true, false], slice.Endpoints.Select(e => e.Conditions.Ready));
        Assert.Equal("10.0.0.1", Assert.Single(endpoints.Subsets[0].Addresses).Ip);
        Assert.Equal("10.0.0.2", Assert.Single(endpoints.Subsets[0].NotReadyAddresses).Ip);
    }

    [Fact]
    public void A_dual_stack_service_has_a_slice_of_each_family()
    {
        var pod = Pod("10.0.0.1", ready: true);
        pod.Status.PodIPs = [new V1PodIP { Ip = "10.0.0.1" }, new V1PodIP { Ip = "fd00::1" }];
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "u" },
            Spec = new V1ServiceSpec { IpFamilies = ["IPv4", "IPv6"], Ports = [new V1ServicePort { Port = 443 }] },
        };

        var slices = ServiceBackends.Slices(service, [pod]);
        Assert.Equal(["IPv4 10.0.0.1", "IPv6 fd00::1"], slices.Select(s => $"{s.AddressType} {s.Endpoints[0].Addresses[0]}").Order(StringComparer.Ordinal));
        Assert.Equal(2, slices.Select(s => s.Metadata.Name).Distinct(StringComparer.Ordinal).Count());

        // The older form knows of one family.
        Assert.Equal("10.0.0.1", Assert.Single(Assert.Single(ServiceBackends.Endpoints(service, slices).Subsets).Addresses).Ip);

        service.Spec.IpFamilies = ["IPv6"];
        Assert.Equal("IPv6", Assert.Single(ServiceBackends.Slices(service, [pod])).AddressType);
    }

    [Fact]
    public void A_signed_request_keeps_its_subject_and_chains_to_the_authority()
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=kubernetes", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = authorityRequest.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("O=system:nodes, CN=system:node:dpu1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        using var signed = X509Certificate2.CreateFromPem(
            CertificateSigner.Sign(authority, request.CreateSigningRequestPem(), TimeProvider.System));

        Assert.Contains("CN=system:node:dpu1", signed.Subject, StringComparison.Ordinal);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(signed));
    }

    [Theory]
    [InlineData("NoSchedule", false, true)]
    [InlineData("PreferNoSchedule", true, true)]
    [InlineData("NoExecute", false, false)]
    public void A_taint_that_only_keeps_pods_from_coming_drives_none_of_a_DaemonSet_away(string effect, bool comes, bool stays)
    {
        var set = new V1DaemonSet { Spec = new V1DaemonSetSpec { Template = new V1PodTemplateSpec { Spec = new V1PodSpec { Containers = [] } } } };
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta { Name = "worker1" },
            Spec = new V1NodeSpec { Taints = [new V1Taint { Key = "node.kubernetes.io/network-unavailable", Effect = effect }] },
        };
        Assert.Equal((comes, stays), (DaemonSetController.ShouldRun(set, Pod(), node), DaemonSetController.MayStay(set, Pod(), node)));
    }

    [Fact]
    public void A_claim_takes_the_smallest_volume_that_is_large_enough()
    {
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "bfb-pvc", NamespaceProperty = "dpf-operator-system", Uid = "c" },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteMany"],
                Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("10Gi") } },
            },
        };

        var match = VolumeBinder.Match(claim, [Volume("small", "1Gi"), Volume("large", "100Gi"), Volume("bfb-pv", "10Gi")]);

        Assert.Equal("bfb-pv", match!.Metadata.Name);
        Assert.Null(VolumeBinder.Match(claim, [Volume("small", "1Gi")]));
    }

    [Fact]
    public void A_ready_node_loses_its_not_ready_taints_and_keeps_others()
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var mine = new V1Taint { Key = "dpu", Value = "provisioning", Effect = "NoSchedule" };
        var node = new V1Node { Spec = new V1NodeSpec { Taints = [mine, new V1Taint { Key = "node.kubernetes.io/not-ready", Effect = "NoSchedule" }] } };

        Assert.Equal([mine], NodeLifecycle.Taints(node, "True", now)!);
        Assert.Equal(3, NodeLifecycle.Taints(node, "Unknown", now)!.Count);
        Assert.Equal(["10.244.1.0/24"], NodeNetworks.Next("10.244.0.0/16", new HashSet<string> { "10.244.0.0/24" }));
        Assert.Equal(
            ["10.244.1.0/24", "fd00:10:244:2::/64"],
            NodeNetworks.Next("10.244.0.0/16,fd00:10:244::/48", new HashSet<string> { "10.244.0.0/24", "fd00:10:244::/64", "fd00:10:244:1::/64" }));
        Assert.Null(NodeNetworks.Next("10.244.0.0/24,fd00:10:244::/48", new HashSet<string> { "10.244.0.0/24" }));
    }

    [Fact]
    public void A_node_without_a_network_takes_no_pods_until_it_has_one()
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var condition = new V1NodeCondition { Type = "NetworkUnavailable", Status = "True" };
        var node = new V1Node { Spec = new V1NodeSpec(), Status = new V1NodeStatus { Conditions = [condition] } };

        var taint = Assert.Single(NodeLifecycle.Taints(node, "True", now)!);
        Assert.Equal(("node.kubernetes.io/network-unavailable", "NoSchedule"), (taint.Key, taint.Effect));

        node.Spec.Taints = [taint];
        Assert.Null(NodeLifecycle.Taints(node, "True", now));
        condition.Status = "False";
        Assert.Empty(NodeLifecycle.Taints(node, "True", now)!);
    }

    private static List<(string, int)> Steps(V1Deployment deployment, V1ReplicaSet current, V1ReplicaSet old, int podsOfOld = 0) =>
        [.. Rollout.Plan(deployment, current, [old], new Dictionary<string, int> { ["old"] = podsOfOld }).Select(s => (s.Set.Metadata.Name, s.Replicas))];

    private static V1Deployment Deployment(int replicas, string surge, string unavailable) => new()
    {
        Spec = new V1DeploymentSpec
        {
            Replicas = replicas,
            Strategy = new V1DeploymentStrategy
            {
                Type = "RollingUpdate",
                RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = surge, MaxUnavailable = unavailable },
            },
        },
    };

    private static V1ReplicaSet Set(string name, int replicas, int available) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1ReplicaSetSpec { Replicas = replicas },
        Status = new V1ReplicaSetStatus { Replicas = replicas, AvailableReplicas = available },
    };

    private static V1Pod Pod(string? address = null, bool ready = false) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p" + address, NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["app"] = "web" } },
        Spec = new V1PodSpec
        {
            Containers = [new V1Container { Name = "c", Ports = [new V1ContainerPort { Name = "https", ContainerPort = 9443, Protocol = "TCP" }] }],
        },
        Status = new V1PodStatus
        {
            Phase = "Running",
            PodIP = address,
            Conditions = [new V1PodCondition { Type = "Ready", Status = ready ? "True" : "False" }],
        },
    };

    private static V1PersistentVolume Volume(string name, string size) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = ["ReadWriteMany"],
            Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
        },
        Status = new V1PersistentVolumeStatus { Phase = "Available" },
    };
}
