using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Injector;

/// <summary>
/// <c>ovn-resource-injector</c>: gives every pod that may land on a worker a VF and the network attachment that uses it.
/// </summary>
public sealed class InjectorComponent : IComponent
{
    private const string ResourceAnnotation = "k8s.v1.cni.cncf.io/resourceName";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("injector");
        var nadName = context.Option("nad-name") ?? context.Variable("NAD_NAME", "dpf-ovn-kubernetes")!;
        var nadNamespace = context.Option("nad-namespace") ?? context.Variable("NAD_NAMESPACE", "ovn-kubernetes")!;
        var port = int.Parse(
            context.Option("webhook-port") ?? context.Variable("WEBHOOK_PORT", "9443")!, System.Globalization.CultureInfo.InvariantCulture);
        var certificates = context.Option("webhook-cert-dir") ??
            context.Variable("WEBHOOK_CERT_DIR", "/tmp/k8s-webhook-server/serving-certs")!;
        using var client = context.InCluster();
        await new WebhookServer(context, port, certificates)
            .Map("/mutate--v1-pod", async (request, stop) =>
            {
                if (request.Object is not { } pod || await InjectionRules.SkipsAsync(pod, name => LabelsAsync(client, name, stop)))
                {
                    return AdmissionAnswer.Allow;
                }

                var path = $"/apis/k8s.cni.cncf.io/v1/namespaces/{nadNamespace}/network-attachment-definitions/{nadName}";
                var network = await client.GetRawAsync(path, stop);
                if ((string?)network?["metadata"]?["annotations"]?[ResourceAnnotation] is not { Length: > 0 } resource)
                {
                    return AdmissionAnswer.Deny(
                        $"NetworkAttachmentDefinition {nadNamespace}/{nadName}: missing, or without the annotation {ResourceAnnotation} " +
                        "that names the VFs' resource",
                        500);
                }

                logger.LogDebug("pod {Namespace}/{Name}: one {Resource}", request.Namespace, request.Name, resource);
                return AdmissionAnswer.Mutate(InjectionRules.Inject(pod, resource, $"{nadNamespace}/{nadName}"));
            })
            .RunAsync(cancellation);
    }

    private static async Task<IReadOnlyCollection<string>?> LabelsAsync(KubeClient client, string name, CancellationToken cancellation) =>
        await client.GetAsync<V1Node>(null, name, cancellation) is { } node
            ? [.. node.Metadata.Labels?.Keys ?? []]
            : null;
}
