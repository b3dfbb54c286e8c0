using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dpf.ApiServer.Serving;

/// <summary>Kubeconfig files, as text.</summary>
internal static class Kubeconfigs
{
    /// <summary>Without a user: what a node that joins starts from.</summary>
    public static string Anonymous(string caPem, string server) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: ""
          cluster:
            certificate-authority-data: {Encode(caPem)}
            server: {server}
        contexts: null
        current-context: ""
        users: null

        """;

    /// <summary>With a client certificate.</summary>
    public static string Of(string caPem, string server, string cluster, string user, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: {cluster}
              cluster:
                certificate-authority-data: {Encode(caPem)}
                server: {server}
            contexts:
            - name: {user}@{cluster}
              context:
                cluster: {cluster}
                user: {user}
            current-context: {user}@{cluster}
            users:
            - name: {user}
              user:
                client-certificate-data: {Encode(certificate.ExportCertificatePem())}
                client-key-data: {Encode(key.ExportPkcs8PrivateKeyPem())}

            """;
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
