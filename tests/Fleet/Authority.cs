using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dpf.Fleet;

/// <summary>The certificate authority of a fleet. All its certificates share one key: they are made by the ten thousand.</summary>
internal sealed class Authority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly ConcurrentDictionary<string, (string Pem, X509Certificate2 Certificate)> _issued = new(StringComparer.Ordinal);

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
    public (string Pem, X509Certificate2 Certificate) Of(string address) => _issued.GetOrAdd(address, Issue);

    /// <summary>Whether a client's certificate is of this authority.</summary>
    public bool Trusts(X509Certificate2 client)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(_root);
        return chain.Build(client);
    }

    public void Dispose()
    {
        foreach (var (_, certificate) in _issued.Values)
        {
            certificate.Dispose();
        }

        _root.Dispose();
        _key.Dispose();
    }

    private (string, X509Certificate2) Issue(string address)
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
        return (made.ExportCertificatePem() + "\n", made.CopyWithPrivateKey(_key));
    }
}
