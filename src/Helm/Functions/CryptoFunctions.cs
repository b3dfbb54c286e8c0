using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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
        { "genPrivateKey", 1, a => PrivateKey(a.Text(0)) },
        { "genCA", 2, a => Certificate(a, a.Int(1), [], [], null, null) },
        { "genCAWithKey", 3, a => Certificate(a, a.Int(1), [], [], null, a.Text(2)) },
        { "genSelfSignedCert", 4, a => Certificate(a, a.Int(3), a.List(1), a.List(2), null, null) },
        { "genSelfSignedCertWithKey", 5, a => Certificate(a, a.Int(3), a.List(1), a.List(2), null, a.Text(4)) },
        { "genSignedCert", 5, a => Certificate(a, a.Int(3), a.List(1), a.List(2), a.Map(4), null) },
        { "genSignedCertWithKey", 6, a => Certificate(a, a.Int(3), a.List(1), a.List(2), a.Map(4), a.Text(5)) },
        { "buildCustomCert", 2, a => Given(a.Text(0), a.Text(1)) },
        { "encryptAES", 2, a => a.Text(1).Length == 0 ? "" : Encrypt(a.Text(0), a.Text(1)) },
        { "decryptAES", 2, a => a.Text(1).Length == 0 ? "" : Decrypt(a.Text(0), a.Text(1)) },
    };

    private static string PrivateKey(string kind)
    {
        switch (kind)
        {
            case "" or "rsa":
                using (var rsa = RSA.Create(4096))
                {
                    return rsa.ExportRSAPrivateKeyPem() + "\n";
                }

            case "ecdsa":
                using (var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    return ecdsa.ExportECPrivateKeyPem() + "\n";
                }

            default:
                throw new FunctionException($"genPrivateKey makes rsa and ecdsa keys, none of type {GoText.Quote(kind)}");
        }
    }

    private static Dictionary<string, object?> Given(string certificate, string key)
    {
        var pair = Pair(Encoding.UTF8.GetString(Convert.FromBase64String(certificate)), Encoding.UTF8.GetString(Convert.FromBase64String(key)));
        using var parsed = X509Certificate2.CreateFromPem((string)pair["Cert"]!, (string)pair["Key"]!);
        return pair;
    }

    private static Dictionary<string, object?> Pair(string certificate, string key) =>
        new(StringComparer.Ordinal) { ["Cert"] = certificate, ["Key"] = key };

    private static string Encrypt(string password, string text)
    {
        using var aes = Cipher(password);
        return Convert.ToBase64String([.. aes.IV, .. aes.EncryptCbc(Encoding.UTF8.GetBytes(text), aes.IV)]);
    }

    private static string Decrypt(string password, string text)
    {
        using var aes = Cipher(password);
        var bytes = Convert.FromBase64String(text);
        try
        {
            return Encoding.UTF8.GetString(aes.DecryptCbc(bytes.AsSpan(16), bytes.AsSpan(0, 16)));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentOutOfRangeException)
        {
            throw new FunctionException("decryptAES: the text was not encrypted with this key");
        }
    }

    private static Aes Cipher(string password)
    {
        var aes = Aes.Create();
        var key = new byte[32];
        var bytes = Encoding.UTF8.GetBytes(password);
        bytes.AsSpan(0, Math.Min(bytes.Length, key.Length)).CopyTo(key);
        aes.Key = key;
        return aes;
    }

    private static Dictionary<string, object?> Certificate(
        CallArguments a, int days, List<object?> addresses, List<object?> names, Dictionary<string, object?>? issuer, string? keyPem)
    {
        using var key = RSA.Create(2048);
        if (keyPem is not null)
        {
            key.ImportFromPem(keyPem);
        }

        var authority = a.Count < 4;
        var request = new CertificateRequest($"CN={a.Text(0)}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
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
        return Pair(certificate.ExportCertificatePem() + "\n", key.ExportRSAPrivateKeyPem() + "\n");
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
