using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Reporting;
using k8s.Models;

namespace Dpf.Services.Credentials;

/// <content>Revoking: tokens live as long as their account, so the account goes.</content>
internal sealed partial class CredentialReconciler
{
    /// <summary>Revokes what a request got; false while its cluster cannot be told.</summary>
    private async Task<bool> RevokeAsync(DpuServiceCredentialRequest request, StatusDraft draft, CancellationToken cancellation)
    {
        try
        {
            if (Names.Parse(request.Status?.Secret) is { } secret)
            {
                await DeleteSecretAsync(request, secret, cancellation);
            }

            await DeleteSecretAsync(request, Names.Of(request.Spec.Secret), cancellation);
            var recorded = Names.Parse(request.Status?.ServiceAccount);
            var (account, cluster) = recorded is { } known
                ? (known, Names.Parse(request.Status?.TargetCluster))
                : (Names.Of(request.Spec.ServiceAccount), CredentialTargets.Wanted(request));
            await DeleteAccountAsync(request, account, cluster, cancellation);
            return true;
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(AccountReconciled, Reasons.AwaitingDeletion, "Error occurred: " + Failures.Describe(e));
            return false;
        }
    }

    /// <summary>Revokes the account of an earlier version of the request, in the cluster where that was.</summary>
    private async Task LeaveFormerAccountAsync(
        DpuServiceCredentialRequest request, NamespacedName account, NamespacedName? cluster, CancellationToken cancellation)
    {
        if (Names.Parse(request.Status?.ServiceAccount) is { } former &&
            (former, Names.Parse(request.Status?.TargetCluster)) is var was && was != (account, cluster))
        {
            await DeleteAccountAsync(request, was.former, was.Item2, cancellation);
        }
    }

    private async Task DeleteAccountAsync(
        DpuServiceCredentialRequest request, NamespacedName account, NamespacedName? cluster, CancellationToken cancellation)
    {
        if (targets.IsGone(cluster) || _requests.All.Any(other =>
            other.Metadata.Uid != request.Metadata.Uid && !other.IsDeleting() &&
            Names.Of(other.Spec.ServiceAccount) == account && CredentialTargets.Wanted(other) == cluster))
        {
            // Gone with its cluster, or still somebody's.
            return;
        }

        var (client, _) = targets.Get(cluster);
        var present = await client.GetAsync<V1ServiceAccount>(account.Namespace, account.Name, cancellation);
        if (present?.Metadata.ManagedFields?.Any(f => f.Manager == FieldManager) == true)
        {
            await client.DeleteAsync<V1ServiceAccount>(account.Namespace, account.Name, cancellation);
        }
    }

    private async Task DeleteSecretAsync(DpuServiceCredentialRequest request, NamespacedName secret, CancellationToken cancellation)
    {
        if (IsAnswer(request, await _client.GetAsync<V1Secret>(secret.Namespace, secret.Name, cancellation)))
        {
            await _client.DeleteAsync<V1Secret>(secret.Namespace, secret.Name, cancellation);
        }
    }
}
