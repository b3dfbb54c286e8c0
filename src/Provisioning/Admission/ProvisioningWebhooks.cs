using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Bfbs;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Admission;

/// <summary>Fills in and checks BFBs, DPUFlavors, DPUSets and DPUs before the API server stores them, and guards what is in use.</summary>
internal sealed class ProvisioningWebhooks(KubeClient client)
{
    private const string CertificateFolder = "/tmp/k8s-webhook-server/serving-certs";
    private const string Suffix = "-provisioning-dpu-nvidia-com-v1alpha1-";

    /// <summary>Whether there is a certificate to serve with.</summary>
    public static bool HasCertificate(ComponentContext context) => Directory.Exists(context.Path(CertificateFolder));

    /// <summary>Serves until cancelled; every replica does.</summary>
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) =>
        new WebhookServer(
            context, int.Parse(context.Option("webhook-port", "9443")!, System.Globalization.CultureInfo.InvariantCulture), CertificateFolder)
            .Map("/mutate" + Suffix + "bfb", (r, _) => Task.FromResult(AdmissionAnswer.Mutate(Defaults.OfBfb(r.Object!, r.Namespace, r.OldObject))))
            .Map("/mutate" + Suffix + "dpuset", (r, _) => Task.FromResult(AdmissionAnswer.Mutate(Defaults.OfDpuSet(r.Object!))))
            .Map("/validate" + Suffix + "bfb", BfbAsync)
            .Map("/validate" + Suffix + "dpuflavor", FlavorAsync)
            .Map("/validate" + Suffix + "dpu", (r, _) => Task.FromResult(Check<Dpu>(r, Rules.Of)))
            .Map("/validate" + Suffix + "dpuset", (r, _) => Task.FromResult(Check<DpuSet>(r, Rules.Of)))
            .RunAsync(cancellation);

    private async Task<AdmissionAnswer> BfbAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (request.Operation == "DELETE")
        {
            return await InUseAsync(
                request, set => set.Spec.DpuTemplate?.Spec?.Bfb?.Name == request.Name, dpu => dpu.Spec.Bfb == request.Name, cancellation);
        }

        if (request.Operation != "CREATE")
        {
            return AdmissionAnswer.Allow;
        }

        var bfb = Parse<Bfb>(request.Object!);
        bfb.Metadata.NamespaceProperty ??= request.Namespace;
        var other = (await client.ListAsync<Bfb>(null, cancellation))
            .FirstOrDefault(o => BfbFiles.NameOf(o) == BfbFiles.NameOf(bfb) && o.Spec.Url != bfb.Spec.Url);
        var errors = new FieldErrors();
        if (other is not null)
        {
            errors.Add("spec.fileName", $"{BfbFiles.NameOf(bfb)} is the file of BFB {other.Metadata.NamespaceProperty}/{other.Metadata.Name}, from another URL; choose another name");
        }

        return errors.Answer(request.Kind, request.Name);
    }

    private async Task<AdmissionAnswer> FlavorAsync(AdmissionRequest request, CancellationToken cancellation) => request.Operation switch
    {
        "DELETE" => await InUseAsync(
            request, set => set.Spec.DpuTemplate?.Spec?.DpuFlavor == request.Name, dpu => dpu.Spec.DpuFlavor == request.Name, cancellation),
        "CREATE" => Rules.Of(Parse<DpuFlavor>(request.Object!)).Answer(request.Kind, request.Name),
        _ => AdmissionAnswer.Allow,
    };

    /// <summary>Refuses to delete what a DPUSet or a DPU of the same namespace names.</summary>
    private async Task<AdmissionAnswer> InUseAsync(
        AdmissionRequest request, Func<DpuSet, bool> names, Func<Dpu, bool> isMadeFrom, CancellationToken cancellation)
    {
        var sets = (await client.ListAsync<DpuSet>(request.Namespace, cancellation)).Where(names).Select(s => $"DPUSet {s.Metadata.Name}");
        var dpus = (await client.ListAsync<Dpu>(request.Namespace, cancellation)).Where(isMadeFrom).Select(d => $"DPU {d.Metadata.Name}");
        var users = sets.Concat(dpus).ToList();
        return users.Count == 0
            ? AdmissionAnswer.Allow
            : AdmissionAnswer.Deny(
                $"{request.Kind} {request.Namespace}/{request.Name} is in use by {string.Join(", ", users.Take(5))}{(users.Count > 5 ? $" and {users.Count - 5} more" : "")}; delete those first");
    }

    private static AdmissionAnswer Check<T>(AdmissionRequest request, Func<T, FieldErrors> rules)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var value = Parse<T>(request.Object!);

        // What is on its way out, e.g. losing its finalizer, must not be held up.
        if (value.Metadata.DeletionTimestamp is not null)
        {
            return AdmissionAnswer.Allow;
        }

        var errors = rules(value);
        return (request.OldObject is { } before ? errors.Without(rules(Parse<T>(before))) : errors).Answer(request.Kind, request.Name ?? value.Metadata.Name);
    }

    private static T Parse<T>(JsonObject value)
        where T : class => KubernetesJson.Deserialize<T>(value.ToJsonString());
}
