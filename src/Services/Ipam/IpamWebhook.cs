using Dpf.Api.Services;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Hosting;
using k8s;

namespace Dpf.Services.Ipam;

/// <summary>Refuses DPUServiceIPAMs that could not work.</summary>
internal static class IpamWebhook
{
    /// <summary>Where the API server asks.</summary>
    public const string Path = "/validate-svc-dpu-nvidia-com-v1alpha1-dpuserviceipam";

    /// <summary>Where the serving certificate is.</summary>
    public const string CertificateFolder = "/tmp/k8s-webhook-server/serving-certs";

    private const string DefaultPort = "9443";

    /// <summary>Serves until cancelled.</summary>
    /// <param name="context">The component.</param>
    /// <param name="allowedNamespace">The one namespace whose pools are used.</param>
    /// <param name="cancellation">Ends it.</param>
    public static Task ServeAsync(ComponentContext context, Func<string> allowedNamespace, CancellationToken cancellation) =>
        new WebhookServer(
                context, int.Parse(context.Option("webhook-port", DefaultPort)!, System.Globalization.CultureInfo.InvariantCulture), CertificateFolder)
            .Map(Path, (request, _) => Task.FromResult(Answer(request, allowedNamespace())))
            .RunAsync(cancellation);

    /// <summary>The answer to a request.</summary>
    public static AdmissionAnswer Answer(AdmissionRequest request, string allowedNamespace)
    {
        if (request.Operation is not ("CREATE" or "UPDATE") || request.Object is null)
        {
            return AdmissionAnswer.Allow;
        }

        var value = Read(request.Object);
        value.Metadata.NamespaceProperty ??= request.Namespace;

        // One on its way out, or one whose metadata alone change, must not be held by a rule that is younger than it.
        var before = request.OldObject is null ? null : Read(request.OldObject);
        if (value.Metadata.DeletionTimestamp is not null ||
            (before is not null && KubernetesJson.Serialize(before.Spec) == KubernetesJson.Serialize(value.Spec)))
        {
            return AdmissionAnswer.Allow;
        }

        var problems = IpamValidation.Problems(value, before, allowedNamespace);
        return problems.Count == 0
            ? AdmissionAnswer.Allow
            : AdmissionAnswer.Deny($"DPUServiceIPAM {request.Name}: {string.Join("; ", problems)}", 400);
    }

    private static DpuServiceIpam Read(System.Text.Json.Nodes.JsonObject value) => KubernetesJson.Deserialize<DpuServiceIpam>(value.ToJsonString());
}
