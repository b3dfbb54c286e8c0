using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Tls;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Nodes;

/// <summary>The node's own credentials: those it was given, or a certificate got with a bootstrap token.</summary>
internal static class NodeIdentity
{
    private const string Signer = "kubernetes.io/kube-apiserver-client-kubelet";
    private const string File = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    /// <summary>A connection as <c>system:node:&lt;name&gt;</c>.</summary>
    public static async Task<KubeConnection> EnsureAsync(KubeletOptions options, CancellationToken cancellation)
    {
        var given = options.Connection with { Network = options.Machine.Network };
        if (given.ClientCertificate is not null)
        {
            return given;
        }

        var file = options.Machine.Path(File);
        if (Load(file, given.CertificateAuthority, options) is { } kept)
        {
            return given with { ClientCertificate = kept, Token = null };
        }

        var logger = options.Loggers.CreateLogger($"kubelet.{options.NodeName}");
        using var client = new KubeClient(given);
        while (true)
        {
            try
            {
                var identity = await RequestAsync(client, options, cancellation);
                Save(file, identity);
                logger.LogInformation("joined with a certificate of its own");
                return given with { ClientCertificate = identity, Token = null };
            }
            catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or IOException)
            {
                logger.LogWarning("asking for a certificate: {Message}; again soon", e.Message);
                await Task.Delay(Retry, options.Time, cancellation);
            }
        }
    }

    /// <summary>The request for a node's client certificate.</summary>
    public static string SigningRequest(string node, ECDsa key)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName("system:nodes");
        subject.AddCommonName("system:node:" + node);
        return new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
    }

    private static async Task<(string Certificate, string Key)> RequestAsync(
        KubeClient client, KubeletOptions options, CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var created = await client.CreateAsync(
            new V1CertificateSigningRequest
            {
                Metadata = new V1ObjectMeta { GenerateName = "csr-" },
                Spec = new V1CertificateSigningRequestSpec
                {
                    SignerName = Signer,
                    Request = Encoding.UTF8.GetBytes(SigningRequest(options.NodeName, key)),
                    Usages = ["digital signature", "client auth"],
                },
            }, cancellation);
        var name = created.Metadata.Name;
        var signed = new TaskCompletionSource<V1CertificateSigningRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        var informer = new Informer<V1CertificateSigningRequest>(
            client, new InformerScope(FieldSelector: "metadata.name=" + name), options.Time, options.Loggers.CreateLogger("informer"));
        informer.Changed += change =>
        {
            if (change.After is { } request && request.Metadata.Name == name &&
                (request.Status?.Certificate is { Length: > 0 } || Refusal(request) is not null))
            {
                signed.TrySetResult(request);
            }
        };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watching = informer.RunAsync(ended.Token);
        try
        {
            var request = await signed.Task.WaitAsync(cancellation);
            return Refusal(request) is { } refusal
                ? throw new IOException($"certificate signing request {name}: {refusal}")
                : (Encoding.UTF8.GetString(request.Status.Certificate), key.ExportPkcs8PrivateKeyPem());
        }
        finally
        {
            await ended.CancelAsync();
            await watching;
        }
    }

    private static string? Refusal(V1CertificateSigningRequest request) => request.Status?.Conditions?
        .FirstOrDefault(c => c.Type is "Denied" or "Failed") is { } condition
            ? $"{condition.Type}: {condition.Message}"
            : null;

    private static void Save(string file, (string Certificate, string Key) identity)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var stream = new FileStream(file, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(Encoding.UTF8.GetBytes(identity.Certificate.TrimEnd() + "\n" + identity.Key + "\n"));
    }

    private static (string Certificate, string Key)? Load(string file, string? authority, KubeletOptions options)
    {
        if (!System.IO.File.Exists(file) || authority is null)
        {
            return null;
        }

        try
        {
            var pem = System.IO.File.ReadAllText(file);
            using var certificate = X509Certificate2.CreateFromPem(pem, pem);
            return TlsTrust.Only(authority, options.Time.GetUtcNow()).Trusts(certificate) &&
                certificate.GetNameInfo(X509NameType.SimpleName, false) == "system:node:" + options.NodeName
                    ? (pem, pem)
                    : null;
        }
        catch (CryptographicException)
        {
            // Half written, or another cluster's: a new one is asked for.
            return null;
        }
    }
}
