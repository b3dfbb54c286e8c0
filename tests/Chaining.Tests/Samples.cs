using Dpf.Api.Services;
using Dpf.Chaining.Switching;
using k8s.Models;

namespace Dpf.Chaining.Tests;

/// <summary>The objects of the guide's mode 5.1 on one node, and more.</summary>
internal static class Samples
{
    public const string Namespace = "dpf-operator-system";

    public static ServiceInterface Physical(string name = "p0") => Interface(
        name + "-dpu1", ("uplink", name), new() { InterfaceType = "physical", Node = "dpu1", Physical = new() { InterfaceName = name } });

    public static ServiceInterface Ovn(string name = "ovn") =>
        Interface(name + "-dpu1", ("port", "ovn"), new() { InterfaceType = "ovn", Node = "dpu1" });

    public static ServiceInterface OfService(string service, string device) => Interface(
        $"{service}-{device}-dpu1", ("svc.dpu.nvidia.com/interface", device),
        new()
        {
            InterfaceType = "service",
            Node = "dpu1",
            Service = new() { ServiceId = service, InterfaceName = device, Network = "mybrsfc" },
        });

    public static ServiceChain Chain(string name, params (string Key, string Value)[][] switches) => new()
    {
        Metadata = Metadata(name),
        Spec = new()
        {
            Node = "dpu1",
            Switches =
            [
                .. switches.Select(ports => new ServiceChainSwitch
                {
                    Ports =
                    [
                        .. ports.Select(p => new ServiceChainPort
                        {
                            ServiceInterface = new() { MatchLabels = new() { [p.Key] = p.Value } },
                        }),
                    ],
                }),
            ],
        },
    };

    public static V1Pod Pod(string name, string service) => new()
    {
        Metadata = Metadata(name, ("svc.dpu.nvidia.com/service", service)),
        Status = new V1PodStatus { Phase = "Running" },
    };

    public static SwitchView View(params PortView[] ports) => new(
        new HashSet<string> { "br-sfc", "br-ovn", "br-hbn" }, ports.ToDictionary(p => p.Name, StringComparer.Ordinal), false);

    public static PortView Port(string name, string bridge, long? ofport) => new(name, bridge)
    {
        Ofport = ofport,
        Type = name.StartsWith("puplink", StringComparison.Ordinal) ? "patch" : "",
    };

    private static ServiceInterface Interface(string name, (string, string) label, ServiceInterfaceSpec spec) =>
        new() { Metadata = Metadata(name, label), Spec = spec };

    private static V1ObjectMeta Metadata(string name, params (string Key, string Value)[] labels) => new()
    {
        Name = name,
        NamespaceProperty = Namespace,
        Generation = 1,
        Labels = labels.ToDictionary(l => l.Key, l => l.Value),
    };
}
