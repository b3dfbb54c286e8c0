using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Services.Argo;

/// <summary>The Secret by which Argo CD knows a DPU cluster: pure.</summary>
internal static class ClusterSecret
{
    /// <summary>Label of Argo CD's own: what a Secret describes.</summary>
    public const string TypeLabel = "argocd.argoproj.io/secret-type";

    /// <summary>The Secret. Its content is a credential.</summary>
    /// <param name="cluster">The DPUCluster.</param>
    /// <param name="destination">The name that Applications use.</param>
    /// <param name="ns">Argo CD's namespace.</param>
    /// <param name="connection">How the cluster is reached.</param>
    public static V1Secret Of(NamespacedName cluster, string destination, string ns, KubeConnection connection)
    {
        var name = NameOf(cluster.Namespace!, cluster.Name);
        var tls = new JsonObject();
        Add(tls, "caData", connection.CertificateAuthority);
        Add(tls, "certData", connection.ClientCertificate?.Certificate);
        Add(tls, "keyData", connection.ClientCertificate?.Key);
        var config = new JsonObject { ["tlsClientConfig"] = tls };
        if (connection.ClientCertificate is null && connection.Token?.Invoke() is { Length: > 0 } token)
        {
            config["bearerToken"] = token;
        }

        return new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = ns,
                Labels = new Dictionary<string, string>
                {
                    [TypeLabel] = "cluster",
                    [ArgoObjects.ClusterLabel] = name,
                    [ArgoObjects.ComponentLabel] = ArgoObjects.Component,
                },
            },
            Type = "Opaque",
            Data = new Dictionary<string, byte[]>
            {
                ["name"] = Encoding.UTF8.GetBytes(destination),
                ["server"] = Encoding.UTF8.GetBytes(connection.Server.ToString().TrimEnd('/')),
                ["config"] = Encoding.UTF8.GetBytes(config.ToJsonString()),
            },
        };
    }

    /// <summary>The Secret's name.</summary>
    public static string NameOf(string ns, string name) => $"{ns}-{name}";

    /// <summary>The name that Applications use; null where the Secret has none.</summary>
    public static string? DestinationIn(V1Secret secret) =>
        secret.Data?.TryGetValue("name", out var name) == true && name.Length > 0 ? Encoding.UTF8.GetString(name) : null;

    private static void Add(JsonObject tls, string field, string? pem)
    {
        if (pem is not null)
        {
            tls[field] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
        }
    }
}
