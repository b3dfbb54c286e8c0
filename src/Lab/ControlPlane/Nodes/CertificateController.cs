using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Nodes;

/// <summary>Approves what kubelets ask for themselves, and signs whatever is approved.</summary>
internal sealed class CertificateController(Cache cache, Func<string, string> sign, ILoggerFactory loggers, TimeProvider time)
{
    private static readonly string[] Signers =
    [
        "kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving",
    ];

    private readonly ILogger _logger = loggers.CreateLogger("certificates");

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1CertificateSigningRequest>(cache, "certificates").Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1CertificateSigningRequest>().Get(null, key.Name) is not { } request || request.IsDeleting() ||
            !Signers.Contains(request.Spec.SignerName) || request.Status?.Certificate is { Length: > 0 } ||
            Has(request, "Denied") || Has(request, "Failed"))
        {
            return Result.Done;
        }

        if (!Has(request, "Approved"))
        {
            if (!MayApprove(request))
            {
                return Result.Done;
            }

            var now = time.GetUtcNow().UtcDateTime;
            request.Status ??= new V1CertificateSigningRequestStatus();
            request.Status.Conditions =
            [
                .. request.Status.Conditions ?? [],
                new V1CertificateSigningRequestCondition
                {
                    Type = "Approved",
                    Status = "True",
                    Reason = "AutoApproved",
                    Message = "Auto approving kubelet client certificate after SubjectAccessReview.",
                    LastUpdateTime = now,
                    LastTransitionTime = now,
                },
            ];
            await cache.Client.UpdateAsync(request, cancellation, "approval");
            return Result.Done;
        }

        string chain;
        try
        {
            chain = sign(Encoding.UTF8.GetString(request.Spec.Request));
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            _logger.LogWarning("certificate signing request {Name}: cannot be signed: {Message}", key.Name, e.Message);
            return Result.Done;
        }

        await cache.Client.PatchStatusAsync<V1CertificateSigningRequest>(
            null, key.Name,
            new JsonObject { ["status"] = new JsonObject { ["certificate"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(chain)) } },
            cancellation);
        return Result.Done;
    }

    /// <summary>Kubelets: a bootstrapping one for its first certificate, a node for its own next ones.</summary>
    internal static bool MayApprove(V1CertificateSigningRequest request)
    {
        var bootstrapping = request.Spec.Groups?.Contains("system:bootstrappers") == true ||
            request.Spec.Username?.StartsWith("system:bootstrap:", StringComparison.Ordinal) == true;
        var node = request.Spec.Username?.StartsWith("system:node:", StringComparison.Ordinal) == true;
        return request.Spec.SignerName switch
        {
            "kubernetes.io/kube-apiserver-client-kubelet" => bootstrapping || node,
            "kubernetes.io/kubelet-serving" => node,
            _ => false,
        };
    }

    private static bool Has(V1CertificateSigningRequest request, string type) =>
        request.Status?.Conditions?.Any(c => c.Type == type && c.Status is "True" or null) == true;
}
