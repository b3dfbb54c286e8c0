namespace Dpf.Services.Tests.DpuDeployments;

/// <summary>A DPUDeployment with one service that has an interface, and everything that it refers to.</summary>
internal static class Whole
{
    public static string Namespace(string ns) => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{ns}} }
        ---

        """;

    public static string Deployment(string ns, string name, string bfb = "bf-bundle") => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUDeployment
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec:
          dpus: {bfb: {{bfb}}, flavor: flavor, dpuSets: [{nameSuffix: dpuset1, nodeSelector: {matchLabels: {deployment: {{ns}} } } }]}
          services: {dts: {serviceTemplate: dts, serviceConfiguration: dts} }
          serviceChains: [{ports: [{serviceInterface: {matchLabels: {uplink: p0} } }, {serviceInterface: {matchLabels: {port: ovn} } }]}]
        ---

        """;

    public static string Parts(string ns, string configuration = "upgradePolicy: {}") =>
        Bfb(ns, "bf-bundle") + Flavor(ns) + Template(ns, "0.2.3") + Configuration(ns, configuration);

    public static string Bfb(string ns, string name) => $$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: BFB
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec: {url: "http://images.example/{{name}}.bfb"}
        ---

        """;

    public static string Flavor(string ns, string name = "flavor") => $$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPUFlavor
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec: {dpuResources: {cpu: 16, memory: 16Gi} }
        ---

        """;

    public static string Template(string ns, string version) => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceTemplate
        metadata: {name: dts, namespace: {{ns}} }
        spec:
          deploymentServiceName: dts
          helmChart: {source: {repoURL: "https://charts.example", chart: doca-telemetry, version: {{version}} } }
          resourceRequirements: {cpu: 1}
        ---

        """;

    public static string Configuration(string ns, string more) => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceConfiguration
        metadata: {name: dts, namespace: {{ns}} }
        spec: {deploymentServiceName: dts, interfaces: [{name: eth_0, network: mybrsfc}], {{more}} }
        ---

        """;
}
