using Dpf.Api.Services;
using Dpf.Services.DpuServices;

namespace Dpf.Services.Tests.DpuServices;

/// <summary>The networks that a service's interfaces ask for.</summary>
public sealed class ServiceInterfacesTests
{
    [Fact]
    public void Interfaces_of_one_device_in_one_network_for_other_nodes_each_ask_for_it_once()
    {
        var networks = Networks(("rack-a", "ns/net", "eth1"), ("rack-b", "ns/net", "eth1"), ("all", "net", "eth2"));
        Assert.Equal(["ns/net eth1", "net eth2"], networks);
    }

    [Fact]
    public void Interfaces_of_one_device_in_two_networks_are_told_of_one_another()
    {
        var told = Assert.Throws<FormatException>(() => Networks(("rack-a", "ns/net", "eth1"), ("rack-b", "other/net", "eth1")));
        Assert.Contains("DPUServiceInterfaces rack-a and rack-b are both eth1", told.Message, StringComparison.Ordinal);
        Assert.Contains("(ns/net and other/net)", told.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Networks(params (string Name, string Network, string Device)[] interfaces)
    {
        var service = Read.Yaml<DpuService>($$"""
            metadata: {name: s, namespace: ns}
            spec: {serviceID: id, helmChart: {source: {repoURL: 'https://h', chart: c, version: '1'} }, interfaces: [{{string.Join(", ", interfaces.Select(i => i.Name))}}]}
            """);
        var all = interfaces.Select(i => Read.Yaml<DpuServiceInterface>($$"""
            metadata: {name: {{i.Name}}, namespace: ns}
            spec: {template: {spec: {template: {spec: {interfaceType: service, service: {serviceID: id, network: {{i.Network}}, interfaceName: {{i.Device}} } } } } } }
            """));
        return ServiceInterfaces.Networks(service, all.ToDictionary(i => i.Metadata.Name)).Select(n => $"{NetworkAnnotation.NetworkOf(n)} {n["interface"]}");
    }
}
