using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Services.DpuDeployments;
using Dpf.Services.Ipam;
using k8s;
using k8s.Models;

namespace Dpf.Services.Admission;

/// <summary>Checks objects of the services' group before the API server stores them, and tells who uses what is deleted.</summary>
internal sealed class ServiceWebhooks(KubeClient client)
{
    private const string CertificateFolder = "/tmp/k8s-webhook-server/serving-certs";
    private const string Prefix = "/validate-svc-dpu-nvidia-com-v1alpha1-";
    private readonly CredentialPolicy _policy = new(client);

    /// <summary>Serves until cancelled; every replica does.</summary>
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) =>
        new WebhookServer(context, int.Parse(context.Option("webhook-port", "9443")!, CultureInfo.InvariantCulture), CertificateFolder)
            .Map(Prefix + "dpuservice", AnswerAsync)
            .Map(Prefix + "dpudeployment", AnswerAsync)
            .Map(Prefix + "dpuserviceinterface", AnswerAsync)
            .Map(Prefix + "dpuservicechain", AnswerAsync)
            .Map(IpamWebhook.Path, AnswerAsync)
            .Map(Prefix + "dpuservicecredentialrequest", AnswerAsync)
            .Map(Prefix + "dpuservicetemplate", AnswerAsync)
            .Map(Prefix + "dpuserviceconfiguration", AnswerAsync)
            .RunAsync(cancellation);

    /// <summary>The answer to a request.</summary>
    public async Task<AdmissionAnswer> AnswerAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if ((request.OldObject ?? request.Object)?["metadata"]?["deletionTimestamp"] is not null)
        {
            // What is on its way out, e.g. losing its finalizer, must not be held up.
            return AdmissionAnswer.Allow;
        }

        if (request.Operation == "DELETE")
        {
            return await OfDeletionAsync(request, cancellation);
        }

        // One whose metadata alone change must not be held by a rule that is younger than it.
        return request.Object is null || JsonNode.DeepEquals(request.Object["spec"], request.OldObject?["spec"])
            ? AdmissionAnswer.Allow
            : await OfChangeAsync(request, cancellation);
    }

    private async Task<AdmissionAnswer> OfChangeAsync(AdmissionRequest request, CancellationToken cancellation) => request.Kind switch
    {
        "DPUService" => ServiceRules.Of(
            New<DpuService>(request), await client.ListAsync<DpuServiceInterface>(request.Namespace, cancellation)).Answer(request),
        "DPUDeployment" => await OfDeploymentAsync(request, cancellation),
        "DPUServiceInterface" => SetRules.Of(New<DpuServiceInterface>(request)).Answer(request),
        "DPUServiceChain" => SetRules.Of(New<DpuServiceChain>(request)).Answer(request),
        "DPUServiceIPAM" => IpamWebhook.Answer(
            request, (await ConfigAsync(cancellation))?.Metadata.NamespaceProperty ?? DpfOperatorConfigs.Namespace),
        "DPUServiceCredentialRequest" => await _policy.AnswerAsync(New<DpuServiceCredentialRequest>(request), request, cancellation),
        "DPUServiceTemplate" => OfTemplate(request),
        _ => AdmissionAnswer.Allow,
    };

    private async Task<AdmissionAnswer> OfDeploymentAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var bfbs = await client.ListAsync<Bfb>(request.Namespace, cancellation);
        var flavors = await client.ListAsync<DpuFlavor>(request.Namespace, cancellation);
        var templates = await client.ListAsync<DpuServiceTemplate>(request.Namespace, cancellation);
        var configurations = await client.ListAsync<DpuServiceConfiguration>(request.Namespace, cancellation);
        var dependencies = new Dependencies(Find(bfbs), Find(flavors), Find(templates), Find(configurations));
        return DeploymentRules.Of(
            New<DpuDeployment>(request), await client.ListAsync<DpuDeployment>(request.Namespace, cancellation), dependencies).Answer(request);
    }

    private static AdmissionAnswer OfTemplate(AdmissionRequest request)
    {
        var findings = new Findings();
        ServiceRules.Source(findings, "spec.helmChart.source", New<DpuServiceTemplate>(request).Spec.HelmChart.Source);
        return findings.Answer(request);
    }

    private async Task<AdmissionAnswer> OfDeletionAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var ns = request.Namespace;
        switch (request.Kind)
        {
            case "DPUServiceInterface":
                return await OfInterfaceAsync(Old<DpuServiceInterface>(request), request, cancellation);
            case "DPUServiceChain":
                var connected = Users.Interfaces(
                    Old<DpuServiceChain>(request), await client.ListAsync<DpuServiceInterface>(ns, cancellation));
                return Told(request, connected, "it connects");
            case "DPUServiceIPAM":
                return Told(
                    request, Users.Chains(Old<DpuServiceIpam>(request), await client.ListAsync<DpuServiceChain>(null, cancellation)),
                    "addresses come from it for");
            case "DPUServiceTemplate":
                return Told(request, Users.Deployments(ns!, s => s.ServiceTemplate == request.Name, await DeploymentsAsync()), "it goes only after");
            case "DPUServiceConfiguration":
                return Told(
                    request, Users.Deployments(ns!, s => s.ServiceConfiguration == request.Name, await DeploymentsAsync()), "it goes only after");
            default:
                return AdmissionAnswer.Allow;
        }

        Task<IReadOnlyList<DpuDeployment>> DeploymentsAsync() => client.ListAsync<DpuDeployment>(ns, cancellation);
    }

    /// <summary>
    /// Refuses to take an interface from the pods of a service that stays. Its owner would make it anew, and whoever removes
    /// the whole system removes interfaces before services: neither is kept from it.
    /// </summary>
    private async Task<AdmissionAnswer> OfInterfaceAsync(DpuServiceInterface value, AdmissionRequest request, CancellationToken cancellation)
    {
        var services = Users.Services(value, await client.ListAsync<DpuService>(request.Namespace, cancellation));
        var chains = Users.Chains(value, await client.ListAsync<DpuServiceChain>(request.Namespace, cancellation));
        var isOwned = value.Metadata.OwnerReferences?.Any(o => o.Controller == true) == true;
        if (services.Count > 0 && !isOwned && await ConfigAsync(cancellation) is { Metadata.DeletionTimestamp: null })
        {
            return AdmissionAnswer.Deny(
                $"DPUServiceInterface {request.Namespace}/{request.Name} is in use by {Users.List([.. services, .. chains])}; " +
                $"delete {Users.List(services)} first, or take the interface from its spec.interfaces");
        }

        return Told(request, [.. services, .. chains], "it is used by");
    }

    private async Task<DpfOperatorConfig?> ConfigAsync(CancellationToken cancellation) =>
        (await client.ListAsync<DpfOperatorConfig>(null, cancellation)).Singleton();

    private static AdmissionAnswer Told(AdmissionRequest request, IReadOnlyList<string> users, string what) => users.Count == 0
        ? AdmissionAnswer.Allow
        : AdmissionAnswer.Warn($"{request.Kind} {request.Namespace}/{request.Name}: {what} {Users.List(users)}");

    private static Func<string, T?> Find<T>(IReadOnlyList<T> all)
        where T : class, IKubernetesObject<V1ObjectMeta> => name => all.FirstOrDefault(v => v.Metadata.Name == name);

    private static T New<T>(AdmissionRequest request)
        where T : class, IKubernetesObject<V1ObjectMeta> => Read<T>(request.Object!, request);

    private static T Old<T>(AdmissionRequest request)
        where T : class, IKubernetesObject<V1ObjectMeta> => Read<T>(request.OldObject!, request);

    private static T Read<T>(JsonObject json, AdmissionRequest request)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var value = KubernetesJson.Deserialize<T>(json.ToJsonString());
        value.Metadata.NamespaceProperty ??= request.Namespace;
        return value;
    }
}
