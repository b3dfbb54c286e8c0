using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dpf.ApiServer.Serving;

/// <summary>
/// The certificate authority of a cluster, its serving certificate and the key that signs service account tokens, kept
/// as files (keys readable by their owner only) so that a restarted server is the same one.
/// </summary>
public sealed class ClusterCertificates : IDisposable
{
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ConditionalWeakTable<X509Certificate2, Verified> _clients = [];

    private ClusterCertificates(string folder, TimeProvider time, X509Certificate2 ca, RSA serviceAccountKey)
    {
        (_folder, _time, Ca, ServiceAccountKey) = (folder, time, ca, serviceAccountKey);
        CaPem = ca.ExportCertificatePem() + "\n";
    }

    /// <summary>The authority, with its key. It signs serving and client certificates.</summary>
    public X509Certificate2 Ca { get; }

    /// <summary>The authority in PEM.</summary>
    public string CaPem { get; }

    /// <summary>Signs service account tokens.</summary>
    public RSA ServiceAccountKey { get; }

    /// <summary>Opens the folder, making what is missing.</summary>
    public static ClusterCertificates Open(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        var ca = Load(folder, "ca") ?? Save(folder, "ca", NewAuthority(time));
        var keyPath = Path.Combine(folder, "sa.key");
        var key = RSA.Create();
        if (File.Exists(keyPath))
        {
            key.ImportFromPem(File.ReadAllText(keyPath));
        }
        else
        {
            key.Dispose();
            key = RSA.Create(2048);
            WriteSecret(keyPath, key.ExportPkcs8PrivateKeyPem() + "\n");
            File.WriteAllText(Path.Combine(folder, "sa.pub"), key.ExportSubjectPublicKeyInfoPem() + "\n");
        }

        return new ClusterCertificates(folder, time, ca, key);
    }

    /// <summary>The serving certificate for these names; made anew when the stored one lacks a name or nears its end.</summary>
    public X509Certificate2 Serving(IReadOnlyCollection<string> names)
    {
        var wanted = string.Join('\n', names.Order(StringComparer.Ordinal));
        var list = Path.Combine(_folder, "apiserver.names");
        if (File.Exists(list) && File.ReadAllText(list) == wanted && Load(_folder, "apiserver") is { } stored &&
            stored.NotAfter.ToUniversalTime() > _time.GetUtcNow().UtcDateTime.AddDays(30))
        {
            return stored;
        }

        using var issued = Issue("kube-apiserver", [], names, ServerAuth, TimeSpan.FromDays(365));
        var saved = Save(_folder, "apiserver", issued);
        File.WriteAllText(list, wanted);
        return saved;
    }

    /// <summary>A client certificate for a user and groups, with its key.</summary>
    public X509Certificate2 Client(string user, IReadOnlyCollection<string> groups, TimeSpan? validity = null) =>
        Issue(user, groups, [], ClientAuth, validity ?? TimeSpan.FromDays(365));

    /// <summary>What makes a client's certificate one of this authority's: nobody else is asked, and nothing is fetched.</summary>
    public X509ChainPolicy ClientPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = _time.GetUtcNow().LocalDateTime,
        };
        policy.CustomTrustStore.Add(Ca);
        policy.ApplicationPolicy.Add(new Oid(ClientAuth));
        return policy;
    }

    /// <summary>
    /// Whether the authority signed a certificate that may be used by clients now. A connection shows the same certificate with
    /// every request: signatures are verified at the first, the time at each.
    /// </summary>
    public bool VerifyClient(X509Certificate2 certificate)
    {
        var isIssued = _clients.GetValue(certificate, c =>
        {
            using var chain = new X509Chain { ChainPolicy = ClientPolicy() };
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
            return new Verified(chain.Build(c));
        }).IsIssued;
        var now = _time.GetUtcNow().LocalDateTime;
        return isIssued && certificate.NotBefore <= now && now <= certificate.NotAfter;
    }

    /// <summary>Issues a certificate with a new key.</summary>
    public X509Certificate2 Issue(
        string commonName,
        IReadOnlyCollection<string> organizations,
        IReadOnlyCollection<string> names,
        string usage,
        TimeSpan validity)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        foreach (var organization in organizations)
        {
            subject.AddOrganizationName(organization);
        }

        subject.AddCommonName(commonName);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Ca, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (names.Count > 0)
        {
            var alternative = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
            {
                if (IPAddress.TryParse(name, out var address))
                {
                    alternative.AddIpAddress(address);
                }
                else
                {
                    alternative.AddDnsName(name);
                }
            }

            request.CertificateExtensions.Add(alternative.Build());
        }

        var now = _time.GetUtcNow();
        var end = now + validity;
        var last = new DateTimeOffset(Ca.NotAfter);
        using var certificate = request.Create(
            Ca, now.AddMinutes(-5), end < last ? end : last, RandomNumberGenerator.GetBytes(12));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Ca.Dispose();
        ServiceAccountKey.Dispose();
    }

    private static X509Certificate2 NewAuthority(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(10));
    }

    private static X509Certificate2? Load(string folder, string name)
    {
        var (certificate, key) = (Path.Combine(folder, name + ".crt"), Path.Combine(folder, name + ".key"));
        return File.Exists(certificate) && File.Exists(key)
            ? X509Certificate2.CreateFromPem(File.ReadAllText(certificate), File.ReadAllText(key))
            : null;
    }

    private static X509Certificate2 Save(string folder, string name, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        WriteSecret(Path.Combine(folder, name + ".key"), key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(Path.Combine(folder, name + ".crt"), certificate.ExportCertificatePem() + "\n");
        return Load(folder, name)!;
    }

    private static void WriteSecret(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    private sealed record Verified(bool IsIssued);
}
