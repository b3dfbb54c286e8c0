using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Services.Credentials;

namespace Dpf.Services.Admission;

/// <summary>
/// Who may ask for which credentials: whoever could get them by other means. The API server is asked, so there is nothing
/// to configure but its own roles.
/// </summary>
internal sealed class CredentialPolicy(KubeClient client)
{
    /// <summary>The answer to the author of a request.</summary>
    public async Task<AdmissionAnswer> AnswerAsync(
        DpuServiceCredentialRequest value, AdmissionRequest request, CancellationToken cancellation)
    {
        var findings = CredentialRules.Of(value);
        if (findings.Errors.Count > 0)
        {
            return findings.Answer(request);
        }

        if (request.User is not { } user)
        {
            return AdmissionAnswer.Deny("the API server did not say who asks for these credentials");
        }

        foreach (var right in CredentialRules.Rights(value, await KubeconfigOfAsync(value, cancellation)))
        {
            if (!await HasAsync(user, right, cancellation))
            {
                return AdmissionAnswer.Deny(
                    $"user {user.Name} may not {right.Purpose}: verb {right.Verb} on {right.Resource}{(right.Subresource.Length > 0 ? "/" + right.Subresource : "")} " +
                    $"{right.Name} in namespace {right.Namespace}. Ask an administrator for that right, or to make this request");
            }
        }

        return findings.Answer(request);
    }

    private async Task<string> KubeconfigOfAsync(DpuServiceCredentialRequest value, CancellationToken cancellation) =>
        CredentialTargets.Wanted(value) is { } cluster
            ? (await client.GetAsync<DpuCluster>(cluster.Namespace, cluster.Name, cancellation))?.Spec.Kubeconfig ?? ""
            : "";

    private async Task<bool> HasAsync(AdmissionUser user, NeededRight right, CancellationToken cancellation)
    {
        var answer = await client.SendRawAsync(
            HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            new JsonObject
            {
                ["apiVersion"] = "authorization.k8s.io/v1",
                ["kind"] = "SubjectAccessReview",
                ["spec"] = new JsonObject
                {
                    ["user"] = user.Name,
                    ["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)g)]),
                    ["resourceAttributes"] = new JsonObject
                    {
                        ["verb"] = right.Verb,
                        ["resource"] = right.Resource,
                        ["subresource"] = right.Subresource,
                        ["namespace"] = right.Namespace,
                        ["name"] = right.Name,
                    },
                },
            },
            cancellation);
        return (bool?)answer?["status"]?["allowed"] == true;
    }
}
