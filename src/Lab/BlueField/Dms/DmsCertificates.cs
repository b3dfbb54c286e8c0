using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Dpf.Runtime.Tls;
namespace Dpf.Lab.BlueField.Dms;

/// <summary>
/// The certificates of both sides, read again at every handshake: they live for a day, and are renewed under a server that stays.
/// </summary>
internal sealed class DmsCertificates(string authority, string certificate, string key)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The certificate to serve with.</summary>
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="CryptographicException">A file holds something else.</exception>
    public X509Certificate2 Serving() => X509Certificate2.CreateFromPemFile(certificate, key);

    /// <summary>Whether a client's certificate is one for clients, and of the authority.</summary>
    public bool IsTrusted(X509Certificate2 client)
    {
        var policy = TlsTrust.Only(File.ReadAllText(authority));
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return policy.Trusts(client);
    }
}
