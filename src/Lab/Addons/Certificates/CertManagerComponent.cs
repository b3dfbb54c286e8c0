using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Lab.Addons.Certificates;

/// <summary>Keeps certificates in Secrets (role <c>controller</c>) and their authorities in webhooks and CRDs (role <c>cainjector</c>).</summary>
internal sealed class CertManagerComponent : IComponent
{
    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) => AddonHost.RunAsync(
        context,
        (cache, stop) => context.Option("role") == "cainjector"
            ? new AuthorityInjector(cache, context.Loggers, context.Time).Start(stop)
            : new CertificateController(cache, AddonHost.Namespace(context), context).Start(stop),
        cancellation);
}

/// <summary>Issuers and certificates.</summary>
internal sealed class CertificateController(Cache cache, string clusterNamespace, ComponentContext context)
{
    private const string NameAnnotation = "cert-manager.io/certificate-name";
    private const string SpecAnnotation = "cert-manager.io/certificate-spec-digest";
    private const string Manager = "cert-manager";

    public IEnumerable<Task> Start(CancellationToken cancellation) =>
    [
        Controller.For<Issuer>(cache, "issuers").Watches<V1Secret>(s => cache.Informer<Issuer>().All
                .Where(i => i.Spec.Ca?.SecretName == s.Metadata.Name && i.Metadata.NamespaceProperty == s.Metadata.NamespaceProperty)
                .Select(i => new NamespacedName(i.Metadata.NamespaceProperty, i.Metadata.Name)))
            .Build((key, stop) => IssuerAsync(cache.Informer<Issuer>().Get(key.Namespace, key.Name), stop), context.Loggers, context.Time)
            .RunAsync(cancellation),
        Controller.For<ClusterIssuer>(cache, "clusterissuers").Watches<V1Secret>(s => cache.Informer<ClusterIssuer>().All
                .Where(i => i.Spec.Ca?.SecretName == s.Metadata.Name).Select(i => new NamespacedName(null, i.Metadata.Name)))
            .Build((key, stop) => IssuerAsync(cache.Informer<ClusterIssuer>().Get(null, key.Name), stop), context.Loggers, context.Time)
            .RunAsync(cancellation),
        Controller.For<Certificate>(cache, "certificates")
            .WatchesForAll<Issuer>().WatchesForAll<ClusterIssuer>()
            .Watches<V1Secret>(s => cache.Informer<Certificate>().All
                .Where(c => c.Spec.SecretName == s.Metadata.Name && c.Metadata.NamespaceProperty == s.Metadata.NamespaceProperty)
                .Select(c => new NamespacedName(c.Metadata.NamespaceProperty, c.Metadata.Name)))
            .Build(CertificateAsync, context.Loggers, context.Time).RunAsync(cancellation),
    ];

    private async Task<Result> IssuerAsync<T>(T? issuer, CancellationToken cancellation)
        where T : Api.Schemas.CustomObject<IssuerSpec, CertificateStatus>
    {
        if (issuer is null || issuer.IsDeleting())
        {
            return Result.Done;
        }

        var ns = issuer.Metadata.NamespaceProperty ?? clusterNamespace;
        var ready = issuer.Spec.SelfSigned is not null || (issuer.Spec.Ca is { } ca && await AuthorityAsync(ns, ca.SecretName, cancellation) is not null);
        List<V1Condition> conditions = [.. issuer.Status?.Conditions ?? []];
        var changed = ready
            ? conditions.Set("Ready", true, issuer.Spec.Ca is null ? "IsReady" : "KeyPairVerified", issuer.Spec.Ca is null ? "" : "Signing CA verified",
                issuer.Metadata.Generation, context.Time.GetUtcNow())
            : conditions.Set("Ready", false, "ErrGetKeyPair",
                issuer.Spec.Ca is { } missing ? $"secret \"{missing.SecretName}\" not found" : "only selfSigned and ca issuers are known here",
                issuer.Metadata.Generation, context.Time.GetUtcNow());
        if (changed)
        {
            await cache.Client.PatchStatusAsync<T>(
                issuer.Metadata.NamespaceProperty, issuer.Metadata.Name,
                new JsonObject { ["status"] = new JsonObject { ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions)) } }, cancellation);
        }

        return Result.Done;
    }

    private async Task<Result> CertificateAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<Certificate>().Get(key.Namespace, key.Name) is not { } certificate || certificate.IsDeleting())
        {
            return Result.Done;
        }

        var reference = certificate.Spec.IssuerRef;
        var issuer = reference.Kind == "ClusterIssuer"
            ? cache.Informer<ClusterIssuer>().Get(null, reference.Name)?.Spec
            : cache.Informer<Issuer>().Get(key.Namespace, reference.Name)?.Spec;
        if (issuer is null)
        {
            await ReportAsync(certificate, false, "IssuerNotFound", $"{reference.Kind ?? "Issuer"} \"{reference.Name}\" not found", null, cancellation);
            return Result.Done;
        }

        (string Certificate, string Key)? authority = null;
        if (issuer.Ca is { } ca)
        {
            authority = await AuthorityAsync(reference.Kind == "ClusterIssuer" ? clusterNamespace : key.Namespace!, ca.SecretName, cancellation);
            if (authority is null)
            {
                await ReportAsync(certificate, false, "IssuerNotReady", $"issuer \"{reference.Name}\" has no key pair yet", null, cancellation);
                return Result.Done;
            }
        }

        var digest = Digest(certificate.Spec, authority?.Certificate);
        var now = context.Time.GetUtcNow();
        var secret = await cache.Client.GetAsync<V1Secret>(key.Namespace, certificate.Spec.SecretName, cancellation);
        var end = secret is not null && secret.Metadata.Annotations?.TryGetValue(SpecAnnotation, out var d) == true && d == digest ? EndOf(secret) : null;
        var revision = certificate.Status?.Revision ?? 0;
        if (end is null || end - now < Issuance.Duration(certificate.Spec) / 3)
        {
            var issued = Issuance.Issue(certificate.Spec, authority, now);
            await cache.Client.ApplyAsync(SecretOf(certificate, issued, digest), Manager, cancellation);
            using var parsed = X509Certificate2.CreateFromPem(issued.Certificate);
            end = new DateTimeOffset(parsed.NotAfter);
            revision++;
        }

        await ReportAsync(certificate, true, "Ready", "Certificate is up to date and has not expired", (end.Value, revision), cancellation);
        return Result.RequeueAfter(TimeSpan.FromHours(12));
    }

    private static string Digest(CertificateSpec spec, string? authority) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(KubernetesJson.Serialize(spec) + authority)))[..32];

    private static DateTimeOffset? EndOf(V1Secret secret)
    {
        if (secret.Data?.TryGetValue("tls.crt", out var pem) != true || !secret.Data.ContainsKey("tls.key"))
        {
            return null;
        }

        using var certificate = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(pem!));
        return new DateTimeOffset(certificate.NotAfter);
    }

    private static V1Secret SecretOf(Certificate certificate, IssuedCertificate issued, string digest)
    {
        var annotations = Texts(certificate.Spec.SecretTemplate?["annotations"]);
        annotations[NameAnnotation] = certificate.Metadata.Name;
        annotations[SpecAnnotation] = digest;
        annotations["cert-manager.io/issuer-name"] = certificate.Spec.IssuerRef.Name;
        annotations["cert-manager.io/issuer-kind"] = certificate.Spec.IssuerRef.Kind ?? "Issuer";
        var labels = Texts(certificate.Spec.SecretTemplate?["labels"]);
        labels["controller.cert-manager.io/fao"] = "true";
        return new V1Secret
        {
            Metadata = new V1ObjectMeta
            {
                Name = certificate.Spec.SecretName,
                NamespaceProperty = certificate.Metadata.NamespaceProperty,
                Annotations = annotations,
                Labels = labels,
            },
            Type = "kubernetes.io/tls",
            Data = new Dictionary<string, byte[]>
            {
                ["tls.crt"] = Encoding.UTF8.GetBytes(issued.Certificate),
                ["tls.key"] = Encoding.UTF8.GetBytes(issued.Key),
                ["ca.crt"] = Encoding.UTF8.GetBytes(issued.Authority),
            },
        };
    }

    private static Dictionary<string, string> Texts(JsonNode? map) =>
        (map as JsonObject)?.ToDictionary(p => p.Key, p => (string?)p.Value ?? "") ?? [];

    private async Task<(string Certificate, string Key)?> AuthorityAsync(string ns, string name, CancellationToken cancellation) =>
        await cache.Client.GetAsync<V1Secret>(ns, name, cancellation) is { Data: { } data } &&
        data.TryGetValue("tls.crt", out var certificate) && data.TryGetValue("tls.key", out var key)
            ? (Encoding.UTF8.GetString(certificate), Encoding.UTF8.GetString(key))
            : null;

    private async Task ReportAsync(
        Certificate certificate, bool ready, string reason, string message, (DateTimeOffset End, int Revision)? issued,
        CancellationToken cancellation)
    {
        List<V1Condition> conditions = [.. certificate.Status?.Conditions ?? []];
        var changed = conditions.Set("Ready", ready, reason, message, certificate.Metadata.Generation, context.Time.GetUtcNow());
        if (!changed && (issued is null || issued.Value.Revision == certificate.Status?.Revision))
        {
            return;
        }

        var status = new JsonObject { ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions)) };
        if (issued is var (end, revision))
        {
            status["notAfter"] = end.ToRfc3339();
            status["revision"] = revision;
        }

        await cache.Client.PatchStatusAsync<Certificate>(
            certificate.Metadata.NamespaceProperty, certificate.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
    }
}
