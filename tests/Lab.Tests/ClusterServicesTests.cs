using System.Net;
using Dpf.Lab.ControlPlane.Networking;
using Dpf.Lab.Kubelet.Networking;
using k8s.Models;

namespace Dpf.Lab.Tests;

/// <summary>What a cluster's surroundings give it: addresses for load balancers, a name server for pods.</summary>
public sealed class ClusterServicesTests
{
    private static readonly IPNetwork[] Pool = [IPNetwork.Parse("10.0.124.0/29")];
    private static readonly IPNetwork[] Both = [.. Pool, IPNetwork.Parse("fd00:124::/112")];

    [Fact]
    public void A_load_balancer_gets_the_first_free_address_and_keeps_it()
    {
        Assert.Equal(["10.0.124.1"], LoadBalancerController.Choose(Service(), Pool, new HashSet<string>()));
        Assert.Equal(["10.0.124.3"], LoadBalancerController.Choose(Service(), Pool, new HashSet<string> { "10.0.124.1", "10.0.124.2" }));
        Assert.Equal(["10.0.124.5"], LoadBalancerController.Choose(Service(given: "10.0.124.5"), Pool, new HashSet<string>()));
        Assert.Equal(["10.0.124.1"], LoadBalancerController.Choose(Service(given: "10.0.124.5"), Pool, new HashSet<string> { "10.0.124.5" }));
        Assert.Empty(LoadBalancerController.Choose(Service(), Pool, Enumerable.Range(1, 6).Select(i => $"10.0.124.{i}").ToHashSet()));
    }

    [Theory]
    [InlineData("10.0.124.1", "IPv4")]
    [InlineData("fd00:124::1", "IPv6")]
    [InlineData("fd00:124::1 10.0.124.1", "IPv6", "IPv4")]
    public void A_load_balancer_gets_an_address_of_each_of_its_families(string expected, params string[] families)
    {
        var service = Service();
        service.Spec.IpFamilies = families;
        Assert.Equal(expected.Split(' '), LoadBalancerController.Choose(service, Both, new HashSet<string>()));
    }

    [Fact]
    public void A_family_without_a_pool_has_no_address()
    {
        var service = Service();
        service.Spec.IpFamilies = ["IPv6"];
        Assert.Empty(LoadBalancerController.Choose(service, Pool, new HashSet<string>()));
        service.Spec.IpFamilies = ["IPv4", "IPv6"];
        Assert.Equal(["10.0.124.7"], LoadBalancerController.Choose(service, [IPNetwork.Parse("10.0.124.0/28")], Enumerable.Range(1, 6).Select(i => $"10.0.124.{i}").ToHashSet()));
    }

    [Fact]
    public void A_wish_is_fulfilled_or_nothing()
    {
        var service = Service();
        service.Spec.LoadBalancerIP = "10.0.124.4";
        Assert.Equal(["10.0.124.4"], LoadBalancerController.Choose(service, Pool, new HashSet<string>()));
        Assert.Empty(LoadBalancerController.Choose(service, Pool, new HashSet<string> { "10.0.124.4" }));
        service.Spec.LoadBalancerIP = "192.0.2.1";
        Assert.Empty(LoadBalancerController.Choose(service, Pool, new HashSet<string>()));
    }

    [Fact]
    public void Other_services_have_none()
    {
        var service = Service(given: "10.0.124.5");
        service.Spec.Type = "ClusterIP";
        Assert.Empty(LoadBalancerController.Choose(service, Pool, new HashSet<string>()));
    }

    [Theory]
    [InlineData(null, false, "nameserver 10.233.0.3\nsearch x.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n")]
    [InlineData("ClusterFirst", true, null)]
    [InlineData("ClusterFirstWithHostNet", true, "nameserver 10.233.0.3\nsearch x.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n")]
    [InlineData("Default", false, null)]
    [InlineData("None", false, "\n")]
    public void A_pods_resolver_follows_its_policy(string? policy, bool hostNetwork, string? expected) =>
        Assert.Equal(expected, PodResolver.Text(Pod(policy, hostNetwork), "10.233.0.3", "cluster.local"));

    [Fact]
    public void A_pods_own_configuration_comes_on_top()
    {
        var pod = Pod(null, false);
        pod.Spec.DnsConfig = new V1PodDNSConfig
        {
            Nameservers = ["192.0.2.53"],
            Searches = ["example.org"],
            Options = [new V1PodDNSConfigOption { Name = "ndots", Value = "2" }, new V1PodDNSConfigOption { Name = "rotate" }],
        };
        Assert.Equal(
            "nameserver 10.233.0.3\nnameserver 192.0.2.53\nsearch x.svc.cluster.local svc.cluster.local cluster.local example.org\noptions ndots:2 rotate\n",
            PodResolver.Text(pod, "10.233.0.3", "cluster.local"));
    }

    private static V1Pod Pod(string? policy, bool hostNetwork) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = "p" },
        Spec = new V1PodSpec { DnsPolicy = policy, HostNetwork = hostNetwork },
    };

    private static V1Service Service(string? given = null) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = "s" },
        Spec = new V1ServiceSpec { Type = "LoadBalancer" },
        Status = new V1ServiceStatus
        {
            LoadBalancer = new V1LoadBalancerStatus { Ingress = given is null ? null : [new V1LoadBalancerIngress { Ip = given }] },
        },
    };
}
