using Dpf.Ovn.Dns;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Dns;

/// <summary>Names as Kubernetes' specification of DNS-based service discovery (1.1.0) has them.</summary>
public sealed class ClusterNamesTests
{
    private static readonly ClusterNames Names = ClusterNames.Of(
        "cluster.local",
        [
            Service("web", "10.233.0.10"), Service("db", "None"), Service("empty", "None"),
            new V1Service
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "both" },
                Spec = new V1ServiceSpec { ClusterIP = "10.233.0.11", ClusterIPs = ["10.233.0.11", "fd00:10:96::b"] },
            },
            new V1Service
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "elsewhere" },
                Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = "Example.org." },
            },
        ],
        [
            Slice("db", Endpoint("10.233.64.3", "db-0", true), Endpoint("10.233.65.4", null, true), Endpoint("10.233.65.9", "db-9", false)),
        ],
        [
            new V1Pod
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "p" },
                Spec = new V1PodSpec(),
                Status = new V1PodStatus { PodIP = "10.233.64.7", PodIPs = [new V1PodIP { Ip = "10.233.64.7" }, new V1PodIP { Ip = "fd00:10:233:1::7" }] },
            },
        ]);

    [Theory]
    [InlineData("web.default.svc.cluster.local", DnsType.A, "10.233.0.10")]
    [InlineData("db.default.svc.cluster.local", DnsType.A, "10.233.64.3 10.233.65.4")]
    [InlineData("db-0.db.default.svc.cluster.local", DnsType.A, "10.233.64.3")]
    [InlineData("10-233-65-4.db.default.svc.cluster.local", DnsType.A, "10.233.65.4")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", DnsType.Srv, "80 web.default.svc.cluster.local")]
    [InlineData("_http._tcp.db.default.svc.cluster.local", DnsType.Srv, "8080 db-0.db.default.svc.cluster.local 8080 10-233-65-4.db.default.svc.cluster.local")]
    [InlineData("10.0.233.10.in-addr.arpa", DnsType.Ptr, null)]
    [InlineData("10.0.233.10.in-addr.arpa", DnsType.A, null)]
    [InlineData("3.64.233.10.in-addr.arpa", DnsType.Ptr, "db-0.db.default.svc.cluster.local")]
    [InlineData("elsewhere.default.svc.cluster.local", DnsType.A, "example.org")]
    [InlineData("10-233-64-7.default.pod.cluster.local", DnsType.A, "10.233.64.7")]
    [InlineData("both.default.svc.cluster.local", DnsType.A, "10.233.0.11")]
    [InlineData("both.default.svc.cluster.local", DnsType.Aaaa, "fd00:10:96::b")]
    [InlineData("b.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", DnsType.Ptr, "both.default.svc.cluster.local")]
    [InlineData("fd00-10-233-1--7.default.pod.cluster.local", DnsType.Aaaa, "fd00:10:233:1::7")]
    [InlineData("dns-version.cluster.local", DnsType.Txt, "1.1.0")]
    [InlineData("web.default.svc.cluster.local", DnsType.Aaaa, "")]
    [InlineData("empty.default.svc.cluster.local", DnsType.A, "")]
    [InlineData("default.svc.cluster.local", DnsType.A, "")]
    [InlineData("cluster.local", DnsType.A, "")]
    [InlineData("nothing.default.svc.cluster.local", DnsType.A, "no such name")]
    [InlineData("10-233-64-8.default.pod.cluster.local", DnsType.A, "no such name")]
    [InlineData("db-9.db.default.svc.cluster.local", DnsType.A, "no such name")]
    [InlineData("example.org", DnsType.A, null)]
    [InlineData("notcluster.local", DnsType.A, null)]
    public void Names_have_what_the_specification_says(string name, DnsType type, string? expected)
    {
        if (name == "10.0.233.10.in-addr.arpa")
        {
            expected = type == DnsType.Ptr ? "web.default.svc.cluster.local" : "";
        }

        var answer = Names.Answer(new DnsQuestion(name, type));
        Assert.Equal(expected, answer is null ? null : answer.Code == DnsCode.NoSuchName ? "no such name"
            : string.Join(' ', answer.Answers.Select(a => a.Data).Select(d => d switch
            {
                DnsAddress(var address) => address.ToString(),
                DnsAlias(var target) => target,
                DnsPointer(var target) => target,
                DnsText(var text) => text,
                DnsService(var port, var target) => $"{port} {target}",
                _ => d.ToString(),
            })));
        Assert.Equal(answer is { Answers.Count: 0 }, answer?.Authority is not null);
    }

    [Fact]
    public void EveryAddressIsTheFirstInTurn() => Assert.Equal(
        ["10.233.64.3", "10.233.65.4"],
        Enumerable.Range(int.MaxValue - 1, 2).Select(t => Names.Answer(new DnsQuestion("db.default.svc.cluster.local", DnsType.A), t)!.Answers[0].Data)
            .Cast<DnsAddress>().Select(a => a.Address.ToString()).Order(StringComparer.Ordinal));

    [Fact]
    public void EndpointsThatAreNotReadyCountWhereTheServiceWantsThem()
    {
        var service = Service("db", "None");
        service.Spec.PublishNotReadyAddresses = true;
        var names = ClusterNames.Of("cluster.local", [service], [Slice("db", Endpoint("10.233.65.9", "db-9", false))], []);
        Assert.Equal(
            new DnsAddress(IpAddress.Parse("10.233.65.9")),
            Assert.Single(names.Answer(new DnsQuestion("db-9.db.default.svc.cluster.local", DnsType.A))!.Answers).Data);
    }

    private static V1Service Service(string name, string address) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = name },
        Spec = new V1ServiceSpec { ClusterIP = address, Ports = [new V1ServicePort { Name = "http", Port = 80 }] },
    };

    private static V1EndpointSlice Slice(string service, params V1Endpoint[] endpoints) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "default", Labels = new Dictionary<string, string> { [ServiceFacts.ServiceNameLabel] = service },
        },
        Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080 }],
        Endpoints = endpoints,
    };

    private static V1Endpoint Endpoint(string address, string? hostname, bool ready) => new()
    {
        Addresses = [address], Hostname = hostname, Conditions = new V1EndpointConditions { Ready = ready },
    };
}
