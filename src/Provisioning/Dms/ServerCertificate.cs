using System.Net;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using k8s.Models;

namespace Dpf.Provisioning.Dms;

/// <summary>The certificate that a DPU's DMS serves with, as cert-manager is asked for it.</summary>
internal static class ServerCertificate
{
    /// <summary>The Certificate's API version.</summary>
    public const string ApiVersion = "cert-manager.io/v1";

    /// <summary>The Certificate's kind.</summary>
    public const string Kind = "Certificate";

    /// <summary>The Certificate of a DPU: good for every address of its host, since the pod has the host's.</summary>
    public static JsonObject Plan(Dpu dpu, V1Node host)
    {
        var name = DpuNames.ServerCertificate(dpu);
        return new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["kind"] = Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = dpu.Metadata.NamespaceProperty,
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = dpu.ApiVersion,
                    ["kind"] = dpu.Kind,
                    ["name"] = dpu.Metadata.Name,
                    ["uid"] = dpu.Metadata.Uid,
                    ["controller"] = true,
                    ["blockOwnerDeletion"] = true,
                }),
            },
            ["spec"] = new JsonObject
            {
                ["secretName"] = DpuNames.ServerSecret(dpu),
                ["duration"] = "24h0m0s",
                ["renewBefore"] = "8h0m0s",
                ["usages"] = new JsonArray("server auth"),
                ["commonName"] = name.Length <= 64 ? name : name[..64],
                ["ipAddresses"] = new JsonArray([.. Addresses(host).Select(a => (JsonNode)a)]),
                ["issuerRef"] = new JsonObject { ["name"] = DpuNames.Issuer, ["kind"] = "Issuer" },
            },
        };
    }

    /// <summary>The IP addresses of a host.</summary>
    public static IReadOnlyList<string> Addresses(V1Node host) =>
        [.. (host.Status?.Addresses ?? []).Select(a => a.Address).Where(a => IPAddress.TryParse(a, out _)).Distinct(StringComparer.Ordinal)];
}
