using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Services.DpuDeployments;

namespace Dpf.Services.Tests.DpuDeployments;

/// <summary>A DPUDeployment like the guide's, with a service that has an interface.</summary>
internal static class Sample
{
    public static DpuDeployment Deployment() => Read.Yaml<DpuDeployment>("""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUDeployment
        metadata: {name: ovn, namespace: system, uid: u}
        spec:
          dpus:
            bfb: bf-bundle
            flavor: flavor
            dpuSets: [{nameSuffix: dpuset1, nodeSelector: {matchLabels: {feature.node.kubernetes.io/dpu-enabled: "true"} } }]
          services:
            ovn: {serviceTemplate: ovn, serviceConfiguration: ovn}
            hbn: {serviceTemplate: hbn, serviceConfiguration: hbn}
          serviceChains:
          - ports:
            - serviceInterface: {matchLabels: {uplink: p0} }
            - service: {name: hbn, interface: p0_if, ipam: {matchLabels: {pool: a}, defaultGateway: true} }
        """);

    public static DeploymentInputs Inputs(string configuration = "helmChart: {values: {a: 2} }, serviceDaemonSet: {labels: {l: v} }")
    {
        var deployment = Deployment();
        var dependencies = new Dependencies(
            _ => new Bfb(), _ => new DpuFlavor(),
            name => Read.Yaml<DpuServiceTemplate>($$"""
                metadata: {name: {{name}} }
                spec:
                  deploymentServiceName: {{name}}
                  helmChart: {source: {repoURL: "https://charts.example", chart: {{name}}, version: 1.0.0}, values: {a: 1, b: 3} }
                """),
            name => Read.Yaml<DpuServiceConfiguration>(name == "hbn"
                ? $$"""
                  metadata: {name: hbn}
                  spec:
                    deploymentServiceName: hbn
                    serviceConfiguration: { {{configuration}} }
                    interfaces: [{name: p0_if, network: mybrhbn}]
                  """
                : """
                  metadata: {name: ovn}
                  spec: {deploymentServiceName: ovn}
                  """));
        return dependencies.Resolve(deployment).Inputs!;
    }
}
