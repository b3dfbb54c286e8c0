using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Applying;
using Dpf.Services.Reporting;
using k8s.Models;

namespace Dpf.Services.Credentials;

/// <summary>
/// Keeps a fresh token of a service account of one cluster in a Secret of the management cluster. The Secret itself says which
/// token there is; the status only tells users.
/// </summary>
internal sealed partial class CredentialReconciler(
    Cache management, CredentialTargets targets, EventRecorder events, TimeProvider time, Random random) : IReconciler
{
    internal const string Finalizer = "dpu.nvidia.com/dpuservicecredentialrequest";
    internal const string AccountReconciled = "ServiceAccountReconciled";
    internal const string SecretReconciled = "SecretReconciled";
    internal const string FieldManager = "dpuservicecredentialrequestcontroller";

    /// <summary>The Secrets that answer requests.</summary>
    public static InformerScope Answers { get; } = new(LabelSelector: CredentialSecret.NameLabel);

    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);
    private static readonly string[] Types = [ConditionExtensions.Ready, AccountReconciled, SecretReconciled];

    private readonly KubeClient _client = management.Client;
    private readonly Informer<DpuServiceCredentialRequest> _requests = management.Informer<DpuServiceCredentialRequest>();
    private readonly Applier _applier = new(FieldManager);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_requests.Get(key.Namespace, key.Name) is not { } request || (request.IsDeleting() && !request.HasFinalizer(Finalizer)))
        {
            return Result.Done;
        }

        var draft = new StatusDraft(request, request.Status?.Conditions, request.Status?.ObservedGeneration, Types, time);
        Result result;
        if (request.IsDeleting())
        {
            if (await RevokeAsync(request, draft, cancellation))
            {
                await _client.RemoveFinalizerAsync(request, Finalizer, cancellation);
                return Result.Done;
            }

            result = Result.RequeueAfter(Again);
        }
        else
        {
            await _client.AddFinalizerAsync(request, Finalizer, cancellation);
            result = await IssueAsync(request, draft, cancellation);
        }

        await draft.SaveAsync<DpuServiceCredentialRequest>(_client, events, cancellation);
        return result;
    }

    private async Task<Result> IssueAsync(DpuServiceCredentialRequest request, StatusDraft draft, CancellationToken cancellation)
    {
        var (account, cluster, secret) =
            (Names.Of(request.Spec.ServiceAccount), CredentialTargets.Wanted(request), Names.Of(request.Spec.Secret));
        var present = await _client.GetAsync<V1Secret>(secret.Namespace, secret.Name, cancellation);
        IssuedToken token;
        TargetCluster target;
        try
        {
            await LeaveFormerAccountAsync(request, account, cluster, cancellation);
            (var client, target) = targets.Get(cluster);
            token = await TokenAsync(request, client, account, IsAnswer(request, present) ? present : null, draft, cancellation);
            draft.True(AccountReconciled);
            draft.Field("serviceAccount", account.ToString());
            draft.Field("targetCluster", cluster?.ToString());
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(AccountReconciled, Reasons.Error, "Error occurred: " + Failures.Describe(e));
            return Result.RequeueAfter(Again);
        }

        try
        {
            await WriteAsync(request, present, CredentialSecret.Of(request, target, token.Token), cancellation);
            draft.True(SecretReconciled);
            draft.Field("secret", secret.ToString());
            draft.Field("issuedAt", token.Issued.ToRfc3339());
            draft.Field("expirationTimestamp", token.Expires.ToRfc3339());
        }
        catch (NotOursException e)
        {
            draft.False(SecretReconciled, Reasons.Failure, e.Message);
            return Result.RequeueAfter(TimeSpan.FromSeconds(30));
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(SecretReconciled, Reasons.Error, "Error occurred: " + Failures.Describe(e));
            return Result.RequeueAfter(Again);
        }

        var due = TokenSchedule.Due(token.Issued, token.Expires, TimeSpan.Zero);
        return Result.RequeueAfter(TokenSchedule.Delay(due, time.GetUtcNow()) + (random.NextDouble() * TokenSchedule.MaxJitter));
    }

    private async Task<IssuedToken> TokenAsync(
        DpuServiceCredentialRequest request, KubeClient client, NamespacedName account, V1Secret? secret, StatusDraft draft,
        CancellationToken cancellation)
    {
        var present = await client.GetAsync<V1ServiceAccount>(account.Namespace, account.Name, cancellation);
        var wanted = request.Spec.Duration is { Length: > 0 } text ? GoDuration.Parse(text) : (TimeSpan?)null;
        var honoured = request.Status?.Conditions.Find(SecretReconciled) is { Status: "True" } condition &&
            condition.ObservedGeneration == request.Metadata.Generation;
        var token = IssuedToken.Read(CredentialSecret.TokenIn(secret));
        var view = new TokenDecision.View(
            token, present?.Metadata.Uid, wanted, !honoured, time.GetUtcNow(), TimeSpan.Zero);
        if (TokenDecision.WhyNew(view) is null)
        {
            return token!;
        }

        await EnsureNamespaceAsync(client, account.Namespace!, cancellation);
        await _applier.ApplyAsync(
            client,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ServiceAccount",
                ["metadata"] = new JsonObject { ["name"] = account.Name, ["namespace"] = account.Namespace },
                ["automountServiceAccountToken"] = false,
            },
            present, cancellation);
        var answer = await client.SendRawAsync(
            HttpMethod.Post, ResourceType.Of<V1ServiceAccount>().Path(account.Namespace, account.Name, "token"),
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = wanted is { } life ? new JsonObject { ["expirationSeconds"] = (long)life.TotalSeconds } : [],
            },
            cancellation);
        return Read(answer, draft);
    }

    private static IssuedToken Read(JsonObject? answer, StatusDraft draft)
    {
        var token = (string?)answer?["status"]?["token"] ?? throw new InvalidOperationException("the API server answered without a token");
        var expires = DateTimeOffset.Parse((string)answer!["status"]!["expirationTimestamp"]!, CultureInfo.InvariantCulture);
        var issued = expires - TimeSpan.FromSeconds((long?)answer["spec"]?["expirationSeconds"] ?? 3600);
        draft.Field("issuedAt", issued.ToRfc3339());
        draft.Field("expirationTimestamp", expires.ToRfc3339());
        return IssuedToken.Read(token) ?? new IssuedToken(token, issued, expires, null);
    }

    private async Task WriteAsync(
        DpuServiceCredentialRequest request, V1Secret? present, V1Secret wanted, CancellationToken cancellation)
    {
        if (present is not null && !IsAnswer(request, present))
        {
            throw new NotOursException(
                $"Secret {wanted.Metadata.NamespaceProperty}/{wanted.Metadata.Name} exists and is not this request's; " +
                "delete it, or name another in spec.secret");
        }

        if (Names.Parse(request.Status?.Secret) is { } former &&
            former != new NamespacedName(wanted.Metadata.NamespaceProperty, wanted.Metadata.Name))
        {
            await DeleteSecretAsync(request, former, cancellation);
        }

        await _applier.ApplyAsync(_client, Applier.Json(wanted), present, cancellation);
    }

    // Nobody gets to write over a Secret of others by naming it in a request.
    private static bool IsAnswer(DpuServiceCredentialRequest request, V1Secret? secret) =>
        secret?.Metadata.ManagedFields?.Any(f => f.Manager == FieldManager) == true &&
        (secret.Metadata.Labels?.TryGetValue(CredentialSecret.NameLabel, out var name) != true ||
            (name == request.Metadata.Name &&
            secret.Metadata.Labels.TryGetValue(CredentialSecret.NamespaceLabel, out var ns) && ns == request.Metadata.NamespaceProperty));

    private static async Task EnsureNamespaceAsync(KubeClient client, string ns, CancellationToken cancellation)
    {
        try
        {
            if (await client.GetAsync<V1Namespace>(null, ns, cancellation) is null)
            {
                await client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = ns } }, cancellation);
            }
        }
        catch (KubeException e) when (e.IsConflict)
        {
            // Somebody else was quicker.
        }
    }

    private sealed class NotOursException(string message) : Exception(message);
}
