using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Dpf.Runtime.Tls;

/// <summary>
/// TLS between parties that have an authority of their own: its certificates are trusted and nobody else's. Without a policy of
/// this kind, and without a context for the own certificate, every handshake looks through all authorities of the system, which
/// costs more than the handshake.
/// </summary>
public static class TlsTrust
{
    /// <summary>Trusts the certificates of these authorities (PEM, one or more) only.</summary>
    /// <param name="authorities">PEM.</param>
    /// <param name="at">The time that certificates must be valid at; null: when they are looked at.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is no PEM.</exception>
    public static X509ChainPolicy Only(ReadOnlySpan<char> authorities, DateTimeOffset? at = null)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPem(authorities);
        if (at is { } time)
        {
            policy.VerificationTime = time.LocalDateTime;
        }

        return policy;
    }

    /// <summary>The certificate (PEM) that one side shows, with its key (PEM), for any number of handshakes.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They are no PEM, or do not belong together.</exception>
    public static SslStreamCertificateContext Own(ReadOnlySpan<char> certificate, ReadOnlySpan<char> key) =>
        Own(X509Certificate2.CreateFromPem(certificate, key));

    /// <summary>The certificate that one side shows, for any number of handshakes.</summary>
    public static SslStreamCertificateContext Own(X509Certificate2 certificate) =>
        SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);

    extension(X509ChainPolicy policy)
    {
        /// <summary>Whether the policy trusts a certificate.</summary>
        public bool Trusts(X509Certificate2 certificate)
        {
            using var chain = new X509Chain { ChainPolicy = policy };
            return chain.Build(certificate);
        }
    }
}
