using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Lab.Addons.Certificates;

/// <summary>Signs certificates in its namespace.</summary>
[KubernetesEntity(Group = "cert-manager.io", ApiVersion = "v1", Kind = "Issuer", PluralName = "issuers")]
internal sealed class Issuer : CustomObject<IssuerSpec, CertificateStatus>;

/// <summary>Signs certificates anywhere.</summary>
[KubernetesEntity(Group = "cert-manager.io", ApiVersion = "v1", Kind = "ClusterIssuer", PluralName = "clusterissuers")]
internal sealed class ClusterIssuer : CustomObject<IssuerSpec, CertificateStatus>;

/// <summary>A certificate that is kept in a Secret.</summary>
[KubernetesEntity(Group = "cert-manager.io", ApiVersion = "v1", Kind = "Certificate", PluralName = "certificates")]
internal sealed class Certificate : CustomObject<CertificateSpec, CertificateStatus>;

/// <summary>How an issuer signs.</summary>
internal sealed class IssuerSpec
{
    [JsonPropertyName("selfSigned")]
    public JsonObject? SelfSigned { get; set; }

    [JsonPropertyName("ca")]
    public AuthorityReference? Ca { get; set; }
}

/// <summary>The Secret with an authority's certificate and key.</summary>
internal sealed class AuthorityReference
{
    [JsonPropertyName("secretName")]
    public string SecretName { get; set; } = "";
}

/// <summary>What a certificate says.</summary>
internal sealed class CertificateSpec
{
    [JsonPropertyName("secretName")]
    public string SecretName { get; set; } = "";

    [JsonPropertyName("commonName")]
    public string? CommonName { get; set; }

    [JsonPropertyName("dnsNames")]
    public IList<string>? DnsNames { get; set; }

    [JsonPropertyName("ipAddresses")]
    public IList<string>? IpAddresses { get; set; }

    [JsonPropertyName("isCA")]
    public bool? IsCa { get; set; }

    [JsonPropertyName("duration")]
    public string? Duration { get; set; }

    [JsonPropertyName("usages")]
    public IList<string>? Usages { get; set; }

    [JsonPropertyName("subject")]
    public JsonObject? Subject { get; set; }

    [JsonPropertyName("privateKey")]
    public JsonObject? PrivateKey { get; set; }

    [JsonPropertyName("secretTemplate")]
    public JsonObject? SecretTemplate { get; set; }

    [JsonPropertyName("issuerRef")]
    public IssuerReference IssuerRef { get; set; } = new();
}

/// <summary>Who signs.</summary>
internal sealed class IssuerReference
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("kind")]
    public string? Kind { get; set; }

    [JsonPropertyName("group")]
    public string? Group { get; set; }
}

/// <summary>Whether there is a certificate.</summary>
internal sealed class CertificateStatus
{
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    [JsonPropertyName("notAfter")]
    public string? NotAfter { get; set; }

    [JsonPropertyName("revision")]
    public int? Revision { get; set; }
}
