using System.Text;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using Dpf.Fleet.Hardware;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Fleet.Clusters;

/// <summary>cert-manager: a Secret for every Certificate.</summary>
internal sealed class CertManager(Authority authority, Machines machines) : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Controller.For<Certificate>(cache, "cert-manager").Workers(8)
            .Build(
                async (key, stop) =>
                {
                    if (cache.Informer<Certificate>().Get(key.Namespace, key.Name) is { } certificate && !certificate.IsDeleting())
                    {
                        await IssueAsync(client, key.Namespace!, certificate.Spec, stop);
                    }

                    return Result.Done;
                },
                context.Loggers, context.Time)
            .RunAsync(cancellation);
    }

    /// <summary>The Secret that a certificate is kept in.</summary>
    public static V1Secret SecretOf(Authority authority, string ns, string name, string subject) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        Data = new Dictionary<string, byte[]>
        {
            ["ca.crt"] = Encoding.UTF8.GetBytes(authority.RootPem),
            ["tls.crt"] = Encoding.UTF8.GetBytes(authority.Of(subject).Pem),
            ["tls.key"] = Encoding.UTF8.GetBytes(authority.KeyPem),
        },
    };

    private async Task IssueAsync(KubeClient client, string ns, CertificateSpec spec, CancellationToken cancellation)
    {
        try
        {
            await client.CreateAsync(SecretOf(authority, ns, spec.SecretName, spec.Addresses![0]), cancellation);
            machines.Wrote();
        }
        catch (KubeException e) when (e.Reason == "AlreadyExists")
        {
            // Issued before: the addresses of a host do not change.
        }
    }

    /// <summary>A Certificate.</summary>
    [KubernetesEntity(Group = "cert-manager.io", ApiVersion = "v1", Kind = "Certificate", PluralName = "certificates")]
    internal sealed class Certificate : CustomObject<CertificateSpec, Anything>;

    /// <summary>What is wanted of it.</summary>
    internal sealed class CertificateSpec
    {
        [JsonPropertyName("secretName")]
        public string SecretName { get; set; } = "";

        [JsonPropertyName("ipAddresses")]
        public IList<string>? Addresses { get; set; }
    }
}
