using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's random texts and certificates.</summary>
internal static class CryptoFunctions
{
    private const string Digits = "0123456789";
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    public static FunctionList All { get; } = new()
    {
        { "randAlphaNum", 1, a => RandomNumberGenerator.GetString(Letters + Digits, a.Int(0)) },
        { "randAlpha", 1, a => RandomNumberGenerator.GetString(Letters, a.Int(0)) },
        { "randNumeric", 1, a => RandomNumberGenerator.GetString(Digits, a.Int(0)) },
        { "randAscii", 1, a => RandomNumberGenerator.GetString([.. Enumerable.Range(' ', 95).Select(c => (char)c)], a.Int(0)) },
        { "randBytes", 1, a => Convert.ToBase64String(RandomNumberGenerator.GetBytes(a.Int(0))) },
        { "randInt", 2, a => RandomNumberGenerator.GetInt32(a.Int(0), a.Int(1)) },
        { "uuidv4", 0, _ => Guid.NewGuid().ToString() },
        { "genCA", 2, a => Certificate(a, a.Text(0), a.Int(1), [], [], null, authority: true) },
        { "genSelfSignedCert", 4, a => Certificate(a, a.Text(0), a.Int(3), a.List(1), a.List(2), null, authority: false) },
        { "genSignedCert", 5, a => Certificate(a, a.Text(0), a.Int(3), a.List(1), a.List(2), a.Map(4), authority: false) },
    };

    private static Dictionary<string, object?> Certificate(
        CallArguments a, string name, int days, List<object?> addresses, List<object?> names, Dictionary<string, object?>? issuer, bool authority)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | (authority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.None), true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        if (addresses.Count + names.Count > 0)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            addresses.ForEach(ip => alternatives.AddIpAddress(IPAddress.Parse(GoValue.Print(ip))));
            names.ForEach(dns => alternatives.AddDnsName(GoValue.Print(dns)));
            request.CertificateExtensions.Add(alternatives.Build());
        }

        var now = a.Execution.Host.Time.GetUtcNow();
        using var certificate = issuer is null
            ? request.CreateSelfSigned(now, now.AddDays(days))
            : Sign(request, issuer, now, days);
        return new(StringComparer.Ordinal) { ["Cert"] = certificate.ExportCertificatePem() + "\n", ["Key"] = key.ExportRSAPrivateKeyPem() + "\n" };
    }

    private static X509Certificate2 Sign(CertificateRequest request, Dictionary<string, object?> issuer, DateTimeOffset now, int days)
    {
        using var authority = X509Certificate2.CreateFromPem(
            issuer["Cert"] as string ?? throw new FunctionException("unable to decode certificate"),
            issuer["Key"] as string ?? throw new FunctionException("unable to decode private key"));
        var until = now.AddDays(days);
        var last = new DateTimeOffset(authority.NotAfter);
        return request.Create(authority, now, until < last ? until : last, RandomNumberGenerator.GetBytes(16));
    }
}
