using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Admission;

/// <summary>
/// Writes into a new CertificateSigningRequest who asked for it. Approvers trust these fields, so nobody may choose them
/// (Kubernetes API, certificates.k8s.io/v1 CertificateSigningRequestSpec).
/// </summary>
internal sealed class RequesterIdentity : IAdmission
{
    public ValueTask MutateAsync(AdmissionAttributes attributes, CancellationToken cancellation)
    {
        if (attributes is { Definition: { Group: "certificates.k8s.io", Plural: "certificatesigningrequests" }, OldObject: null, Object: { } request } &&
            request["spec"] is JsonObject spec)
        {
            var user = attributes.User;
            spec["username"] = user.Name;
            spec["groups"] = new JsonArray([.. user.Groups.Select(g => JsonValue.Create(g))]);
            spec.Remove("uid");
            spec.Remove("extra");
            if (user.Uid.Length > 0)
            {
                spec["uid"] = user.Uid;
            }

            if (user.Extra.Count > 0)
            {
                spec["extra"] = new JsonObject(user.Extra.Select(e =>
                    KeyValuePair.Create(e.Key, (JsonNode?)new JsonArray([.. e.Value.Select(v => JsonValue.Create(v))]))));
            }
        }

        return ValueTask.CompletedTask;
    }
}
