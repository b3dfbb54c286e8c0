using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dpf.Lab.Addons.Certificates;

/// <summary>A certificate, its key and the authority to trust, in PEM.</summary>
internal sealed record IssuedCertificate(string Certificate, string Key, string Authority);

/// <summary>Makes certificates: everything in memory.</summary>
internal static class Issuance
{
    private static readonly TimeSpan DefaultDuration = TimeSpan.FromDays(90);

    /// <summary>Issues what a spec asks for, signed by an authority or (null) by itself.</summary>
    public static IssuedCertificate Issue(CertificateSpec spec, (string Certificate, string Key)? authority, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = (string?)spec.PrivateKey?["algorithm"] == "RSA" ? RSA.Create((int?)spec.PrivateKey["size"] ?? 2048) : null;
        var name = Subject(spec);
        var request = rsa is null
            ? new CertificateRequest(name, key, HashAlgorithmName.SHA256)
            : new CertificateRequest(name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Extend(request, spec);
        var end = now + Duration(spec);
        var keyPem = (rsa?.ExportPkcs8PrivateKeyPem() ?? key.ExportPkcs8PrivateKeyPem()) + "\n";
        if (authority is null)
        {
            using var self = request.CreateSelfSigned(now.AddMinutes(-5), end);
            var pem = self.ExportCertificatePem() + "\n";
            return new IssuedCertificate(pem, keyPem, pem);
        }

        using var ca = X509Certificate2.CreateFromPem(authority.Value.Certificate, authority.Value.Key);
        using var caEc = ca.GetECDsaPrivateKey();
        using var caRsa = ca.GetRSAPrivateKey();
        var generator = caEc is not null
            ? X509SignatureGenerator.CreateForECDsa(caEc)
            : X509SignatureGenerator.CreateForRSA(caRsa!, RSASignaturePadding.Pkcs1);
        if (ca.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Any())
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca, true, false));
        }

        var limit = new DateTimeOffset(ca.NotAfter.ToUniversalTime());
        using var certificate = request.Create(
            ca.SubjectName, generator, now.AddMinutes(-5), end < limit ? end : limit, RandomNumberGenerator.GetBytes(12));
        return new IssuedCertificate(certificate.ExportCertificatePem() + "\n", keyPem, authority.Value.Certificate);
    }

    /// <summary>Go's notation of a duration, as far as certificates use it: <c>2160h</c>, <c>90m</c>, <c>24h0m0s</c>.</summary>
    internal static TimeSpan Duration(CertificateSpec spec)
    {
        if (string.IsNullOrEmpty(spec.Duration))
        {
            return DefaultDuration;
        }

        var total = TimeSpan.Zero;
        var number = "";
        foreach (var c in spec.Duration)
        {
            if (char.IsAsciiDigit(c) || c == '.')
            {
                number += c;
                continue;
            }

            var value = double.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
            total += c switch { 'h' => TimeSpan.FromHours(value), 'm' => TimeSpan.FromMinutes(value), _ => TimeSpan.FromSeconds(value) };
            number = "";
        }

        return total;
    }

    private static X500DistinguishedName Subject(CertificateSpec spec)
    {
        var subject = new X500DistinguishedNameBuilder();
        foreach (var organization in spec.Subject?["organizations"]?.AsArray() ?? [])
        {
            subject.AddOrganizationName((string)organization!);
        }

        if (spec.CommonName is { Length: > 0 } name)
        {
            subject.AddCommonName(name);
        }
        else if (!(spec.DnsNames?.Count > 0))
        {
            // Without a name an issuer and a subject could not be told from each other.
            subject.AddCommonName(spec.SecretName);
        }

        return subject.Build();
    }

    private static void Extend(CertificateRequest request, CertificateSpec spec)
    {
        var authority = spec.IsCa == true;
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment |
            (authority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.None), true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (!authority)
        {
            var usages = new OidCollection();
            if (spec.Usages?.Contains("client auth") == true)
            {
                usages.Add(new Oid("1.3.6.1.5.5.7.3.2"));
            }

            if (usages.Count == 0 || spec.Usages!.Contains("server auth"))
            {
                usages.Add(new Oid("1.3.6.1.5.5.7.3.1"));
            }

            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, false));
        }

        if (spec.DnsNames?.Count > 0 || spec.IpAddresses?.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var dns in spec.DnsNames ?? [])
            {
                names.AddDnsName(dns);
            }

            foreach (var address in spec.IpAddresses ?? [])
            {
                names.AddIpAddress(IPAddress.Parse(address));
            }

            request.CertificateExtensions.Add(names.Build());
        }
    }
}
