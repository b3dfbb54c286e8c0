using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dpf.Runtime.Tls;

namespace Dpf.Fleet;

/// <summary>The certificate authority of a fleet. All its certificates share one key: they are made by the ten thousand.</summary>
internal sealed class Authority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly ConcurrentDictionary<string, (string Pem, SslStreamCertificateContext Certificate)> _issued = new(StringComparer.Ordinal);

    public Authority()
    {
        var request = new CertificateRequest("CN=fleet", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _root = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
        RootPem = _root.ExportCertificatePem() + "\n";
        KeyPem = _key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>The authority's own certificate.</summary>
    public string RootPem { get; }

    /// <summary>The key of every certificate. A secret, of a world that is not real.</summary>
    public string KeyPem { get; }

    /// <summary>The certificate of an address, made at the first question.</summary>
    public (string Pem, SslStreamCertificateContext Certificate) Of(string address) => _issued.GetOrAdd(address, Issue);

    /// <summary>What makes a client's certificate one of this authority's.</summary>
    public X509ChainPolicy ClientPolicy() => TlsTrust.Only(RootPem);

    public void Dispose()
    {
        foreach (var (_, certificate) in _issued.Values)
        {
            certificate.TargetCertificate.Dispose();
        }

        _root.Dispose();
        _key.Dispose();
    }

    private (string, SslStreamCertificateContext) Issue(string address)
    {
        var request = new CertificateRequest($"CN={address}", _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(address, out var ip))
        {
            names.AddIpAddress(ip);
        }
        else
        {
            names.AddDnsName(address);
        }

        request.CertificateExtensions.Add(names.Build());
        using var made = request.Create(
            _root, TimeProvider.System.GetUtcNow().AddHours(-12), TimeProvider.System.GetUtcNow().AddDays(20), RandomNumberGenerator.GetBytes(8));
        return (made.ExportCertificatePem() + "\n", TlsTrust.Own(made.CopyWithPrivateKey(_key)));
    }
}
