using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dpf.Lab.ControlPlane.Nodes;

/// <summary>Signs certificate signing requests with a cluster's authority.</summary>
public static class CertificateSigner
{
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    /// <summary>A function for <see cref="ControlPlaneOptions.Sign"/>.</summary>
    /// <param name="authority">The authority with its key (RSA or elliptic curve).</param>
    /// <param name="time">The clock.</param>
    public static Func<string, string> For(X509Certificate2 authority, TimeProvider time) => pem => Sign(authority, pem, time);

    /// <summary>Signs one request: its subject and names, for clients and servers, for a year at most.</summary>
    /// <exception cref="CryptographicException">It is no request, or its own signature is wrong.</exception>
    public static string Sign(X509Certificate2 authority, string pem, TimeProvider time)
    {
        var asked = CertificateRequest.LoadSigningRequestPem(
            pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        var request = new CertificateRequest(asked.SubjectName, asked.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ClientAuth), new Oid(ServerAuth)], false));
        foreach (var names in asked.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            request.CertificateExtensions.Add(names);
        }

        using var ecdsa = authority.GetECDsaPrivateKey();
        using var rsa = authority.GetRSAPrivateKey();
        var generator = ecdsa is not null
            ? X509SignatureGenerator.CreateForECDsa(ecdsa)
            : X509SignatureGenerator.CreateForRSA(
                rsa ?? throw new CryptographicException("the authority's key is not at hand"), RSASignaturePadding.Pkcs1);
        var now = time.GetUtcNow();
        var limit = new DateTimeOffset(authority.NotAfter);
        var end = now.AddYears(1) < limit ? now.AddYears(1) : limit;
        using var certificate = request.Create(
            authority.SubjectName, generator, now.AddMinutes(-5), end, RandomNumberGenerator.GetBytes(12));
        return certificate.ExportCertificatePem() + "\n";
    }
}
