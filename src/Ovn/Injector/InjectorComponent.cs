using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
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
        var dpuLabel = Label(context.Option("dpu-host-label") ?? context.Variable("DPU_HOST_LABEL", "k8s.ovn.org/dpu-host")!);
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var nodes = cache.Informer<V1Node>();
        await cache.WaitForSyncAsync(cancellation);
        await new WebhookServer(context, port, certificates)
            .Map("/mutate--v1-pod", async (request, stop) =>
            {
                if (request.Object is not { } pod || await InjectionRules.SkipsAsync(pod, name => LabelsAsync(client, name, stop)) ||
                    InjectionRules.StaysOffDpus(pod, nodes.All.Select(Candidate), node => Has(node, dpuLabel)))
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

    private static CandidateNode Candidate(V1Node node) =>
        new(node.Metadata.Name, node.Metadata.Labels?.AsReadOnly() ?? new Dictionary<string, string>().AsReadOnly());

    private static (string Key, string? Value) Label(string text) => text.Split('=', 2) is [var key, var value] ? (key, value) : (text, null);

    private static bool Has(CandidateNode node, (string Key, string? Value) label) =>
        node.Labels.TryGetValue(label.Key, out var value) && (label.Value is null || label.Value == value);

    private static async Task<IReadOnlyCollection<string>?> LabelsAsync(KubeClient client, string name, CancellationToken cancellation) =>
        await client.GetAsync<V1Node>(null, name, cancellation) is { } node
            ? [.. node.Metadata.Labels?.Keys ?? []]
            : null;
}
