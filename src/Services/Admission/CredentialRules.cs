using Dpf.Api.Services;
using Dpf.Services.Credentials;

namespace Dpf.Services.Admission;

/// <summary>What a DPUServiceCredentialRequest must not say, and which rights its author needs: pure.</summary>
internal static class CredentialRules
{
    // What API servers demand of tokens.
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1L << 32);

    /// <summary>Looks at a request.</summary>
    public static Findings Of(DpuServiceCredentialRequest request)
    {
        var findings = new Findings();
        findings.RefuseUnlessLabel(request.Metadata.Name);
        if (request.Spec.Duration is { } text)
        {
            try
            {
                if (GoDuration.Parse(text) is var duration && (duration < Shortest || duration > Longest))
                {
                    findings.Refuse("spec.duration", $"'{text}': API servers issue tokens for 10m at least and {Longest.TotalHours:0}h at most");
                }
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                findings.Refuse("spec.duration", e.Message);
            }
        }

        return findings;
    }

    /// <summary>
    /// What the author of a request must be allowed to do without it, since it does that on the author's behalf: to have a
    /// token of the account, or of the whole DPU cluster; and to write the Secret.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="kubeconfigOf">The Secret with a DPUCluster's kubeconfig; empty while it is not known.</param>
    public static IReadOnlyList<NeededRight> Rights(DpuServiceCredentialRequest request, string kubeconfigOf)
    {
        var (account, secret) = (Names.Of(request.Spec.ServiceAccount), Names.Of(request.Spec.Secret));
        return
        [
            CredentialTargets.Wanted(request) is { } cluster
                ? new NeededRight("get", "secrets", "", cluster.Namespace!, kubeconfigOf, "read the kubeconfig of the target cluster")
                : new NeededRight("create", "serviceaccounts", "token", account.Namespace!, account.Name, "create tokens of the service account"),
            new NeededRight("create", "secrets", "", secret.Namespace!, "", "create the Secret"),
            new NeededRight("update", "secrets", "", secret.Namespace!, secret.Name, "change the Secret"),
        ];
    }
}

/// <summary>A right that somebody needs in the management cluster; of the core group.</summary>
/// <param name="Verb">What to do.</param>
/// <param name="Resource">With what.</param>
/// <param name="Subresource">With which part of it, or empty.</param>
/// <param name="Namespace">Where.</param>
/// <param name="Name">With which one; empty for any.</param>
/// <param name="Purpose">In words.</param>
internal sealed record NeededRight(string Verb, string Resource, string Subresource, string Namespace, string Name, string Purpose);
