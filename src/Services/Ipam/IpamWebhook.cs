using Dpf.Api.Services;
using Dpf.Runtime.Admission;
using k8s;

namespace Dpf.Services.Ipam;

/// <summary>Refuses DPUServiceIPAMs that could not work.</summary>
internal static class IpamWebhook
{
    /// <summary>Where the API server asks.</summary>
    public const string Path = "/validate-svc-dpu-nvidia-com-v1alpha1-dpuserviceipam";

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
            ? AdmissionAnswer.Warn(IpamValidation.Warnings(value, before))
            : AdmissionAnswer.Deny($"DPUServiceIPAM {request.Name}: {string.Join("; ", problems)}", 400);
    }

    private static DpuServiceIpam Read(System.Text.Json.Nodes.JsonObject value) => KubernetesJson.Deserialize<DpuServiceIpam>(value.ToJsonString());
}
