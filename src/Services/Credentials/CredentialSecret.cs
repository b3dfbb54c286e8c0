using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Services.Credentials;

/// <summary>The Secret that a DPUServiceCredentialRequest is answered with: pure.</summary>
internal static class CredentialSecret
{
    /// <summary>Label: the request's name.</summary>
    public const string NameLabel = "dpu.nvidia.com/dpuservicecredentialrequest-name";

    /// <summary>Label: the request's namespace.</summary>
    public const string NamespaceLabel = "dpu.nvidia.com/dpuservicecredentialrequest-namespace";

    private const string Kubeconfig = "kubeconfig";
    private const string TokenFile = "TOKEN_FILE";

    /// <summary>The Secret. Its content is a credential.</summary>
    public static V1Secret Of(DpuServiceCredentialRequest request, TargetCluster target, string token)
    {
        var labels = new Dictionary<string, string>(request.Spec.Metadata?.Labels ?? [])
        {
            [NameLabel] = request.Metadata.Name,
            [NamespaceLabel] = request.Metadata.NamespaceProperty,
        };
        var key = Names.Of(request.Spec.Secret);
        return new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Metadata = new V1ObjectMeta
            {
                Name = key.Name,
                NamespaceProperty = key.Namespace,
                Labels = labels,
                Annotations = request.Spec.Metadata?.Annotations,
            },
            Type = "Opaque",
            Data = Data(request, target, token).ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
        };
    }

    /// <summary>The token that a Secret holds, in either form; null for none.</summary>
    public static string? TokenIn(V1Secret? secret)
    {
        if (secret?.Data is not { } data)
        {
            return null;
        }

        if (data.TryGetValue(TokenFile, out var token))
        {
            return Encoding.UTF8.GetString(token);
        }

        try
        {
            return data.TryGetValue(Kubeconfig, out var text)
                ? KubeConnection.FromKubeconfig(Encoding.UTF8.GetString(text)).Token?.Invoke()
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Data(DpuServiceCredentialRequest request, TargetCluster target, string token) =>
        request.Spec.Type switch
        {
            "kubeconfig" => new() { [Kubeconfig] = KubeconfigOf(Names.Of(request.Spec.ServiceAccount), target, token) },
            "tokenFile" => new()
            {
                [TokenFile] = token,
                ["KUBERNETES_SERVICE_HOST"] = target.Server.Host,
                ["KUBERNETES_SERVICE_PORT"] = target.Server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["KUBERNETES_CA_DATA"] = target.CertificateAuthority,
            },
            var other => throw new FormatException($"spec.type '{other}': expected kubeconfig or tokenFile"),
        };

    // JSON is YAML, and every reader of kubeconfigs takes it.
    private static string KubeconfigOf(NamespacedName account, TargetCluster target, string token) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Config",
        ["clusters"] = new JsonArray(new JsonObject
        {
            ["name"] = target.Name,
            ["cluster"] = new JsonObject
            {
                ["server"] = target.Server.ToString().TrimEnd('/'),
                ["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(target.CertificateAuthority)),
            },
        }),
        ["users"] = new JsonArray(new JsonObject { ["name"] = account.Name, ["user"] = new JsonObject { ["token"] = token } }),
        ["contexts"] = new JsonArray(new JsonObject
        {
            ["name"] = account.Name,
            ["context"] = new JsonObject
            {
                ["cluster"] = target.Name, ["user"] = account.Name, ["namespace"] = account.Namespace,
            },
        }),
        ["current-context"] = account.Name,
    }.ToJsonString();
}

/// <summary>Where a token is valid.</summary>
/// <param name="Name">The cluster's name in a kubeconfig.</param>
/// <param name="Server">Its API server.</param>
/// <param name="CertificateAuthority">Whom to trust, PEM.</param>
internal sealed record TargetCluster(string Name, Uri Server, string CertificateAuthority);

/// <summary>Names that may leave out the namespace.</summary>
internal static class Names
{
    /// <summary>The namespace that is meant when none is said.</summary>
    public const string DefaultNamespace = "default";

    /// <summary>The full name.</summary>
    public static NamespacedName Of(DpuServiceCredentialRequestSecret reference) =>
        new(reference.Namespace is { Length: > 0 } ns ? ns : DefaultNamespace, reference.Name);

    /// <summary>Reads <c>namespace/name</c>; null for nothing.</summary>
    public static NamespacedName? Parse(string? text) =>
        text?.Split('/') is [var ns, var name] ? new NamespacedName(ns, name) : null;
}
