using System.Text.Json.Nodes;
using Dpf.ApiServer.Patching;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Admission;

/// <summary>Asks the webhooks that are configured for a change.</summary>
internal sealed class WebhookAdmission(ServerComposition server) : IAdmission
{
    private const string Group = "admissionregistration.k8s.io";
    private readonly WebhookCaller _caller = new(server);

    public async ValueTask MutateAsync(AdmissionAttributes attributes, CancellationToken cancellation)
    {
        foreach (var hook in Matching("mutatingwebhookconfigurations", attributes))
        {
            if (await CallAsync(hook, attributes, cancellation) is not { } response)
            {
                continue;
            }

            if (response.Text("patch") is { Length: > 0 } patch)
            {
                var changes = JsonReading.Parse(Convert.FromBase64String(patch));
                attributes.Object = JsonPatch.Apply(attributes.Object!.Copy(), changes) as JsonObject
                    ?? throw ApiErrors.Internal($"webhook {hook.Text("name")} left no object");
            }
        }
    }

    public async ValueTask ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellation)
    {
        foreach (var hook in Matching("validatingwebhookconfigurations", attributes))
        {
            await CallAsync(hook, attributes, cancellation);
        }
    }

    private IEnumerable<JsonObject> Matching(string plural, AdmissionAttributes attributes)
    {
        // Webhooks must not be able to lock the door to themselves.
        if (attributes.Definition.Group == Group)
        {
            yield break;
        }

        foreach (var configuration in server.Store.List(new GroupResource(Group, plural)).Items)
        {
            foreach (var hook in configuration.ToObject().Objects("webhooks"))
            {
                if (hook.Objects("rules").Any(r => Fits(r, attributes)) && FitsNamespace(hook, attributes) && FitsObject(hook, attributes))
                {
                    yield return hook;
                }
            }
        }
    }

    private static bool Fits(JsonObject rule, AdmissionAttributes attributes)
    {
        var definition = attributes.Definition;
        var resource = attributes.Subresource.Length > 0 ? $"{definition.Plural}/{attributes.Subresource}" : definition.Plural;
        bool Has(string field, string value) => rule.Texts(field).Any(v => v == "*" || v == value);
        var scope = rule.Text("scope") ?? "*";
        return Has("operations", attributes.Operation.ToString().ToUpperInvariant()) && Has("apiGroups", definition.Group) &&
            Has("apiVersions", definition.Version) &&
            rule.Texts("resources").Any(r => r == resource || r == "*/*" || (r == "*" && attributes.Subresource.Length == 0) ||
                (attributes.Subresource.Length > 0 && (r == $"{definition.Plural}/*" || r == $"*/{attributes.Subresource}"))) &&
            (scope == "*" || (scope == "Namespaced") == definition.Namespaced);
    }

    private bool FitsNamespace(JsonObject hook, AdmissionAttributes attributes)
    {
        if (hook["namespaceSelector"] is not JsonObject { Count: > 0 } selector || LabelSelector.From(selector) is not { } wanted)
        {
            return true;
        }

        var name = attributes.Definition is { Kind: "Namespace", Group: "" } ? attributes.Name : attributes.Namespace;
        var home = name.Length == 0 ? null : attributes.Definition.Kind == "Namespace" ? attributes.Object ?? attributes.OldObject
            : server.Objects.Find(server.Registry.Find("", "v1", "namespaces")!, "", name);
        return name.Length == 0 || wanted.Matches(key => home.Text("metadata", "labels", key));
    }

    private static bool FitsObject(JsonObject hook, AdmissionAttributes attributes) =>
        hook["objectSelector"] is not JsonObject { Count: > 0 } selector || LabelSelector.From(selector) is not { } wanted ||
        (attributes.Object is { } now && wanted.Matches(now)) || (attributes.OldObject is { } old && wanted.Matches(old));

    private async Task<JsonObject?> CallAsync(JsonObject hook, AdmissionAttributes attributes, CancellationToken cancellation)
    {
        var name = hook.Text("name") ?? "";
        JsonObject response;
        try
        {
            response = await _caller.CallAsync(hook, Review(attributes), cancellation);
        }
        catch (Exception e) when (e is not ApiException && !cancellation.IsCancellationRequested)
        {
            if (hook.Text("failurePolicy") == "Ignore")
            {
                attributes.Warnings.Add($"webhook {name} could not be asked: {e.Message}");
                return null;
            }

            throw ApiErrors.Internal($"failed calling webhook \"{name}\": {e.Message}");
        }

        foreach (var warning in response.Texts("warnings"))
        {
            attributes.Warnings.Add(warning);
        }

        if (response.Flag("allowed"))
        {
            return response;
        }

        var message = response.Text("status", "message") ?? response.Text("status", "reason") ?? "without explanation";
        throw new ApiException(
            (int)(response.Number("status", "code") ?? 403), response.Text("status", "reason") ?? "Forbidden",
            $"admission webhook \"{name}\" denied the request: {message}");
    }

    private static JsonObject Review(AdmissionAttributes attributes)
    {
        var definition = attributes.Definition;
        JsonObject Kind() => new() { ["group"] = definition.Group, ["version"] = definition.Version, ["kind"] = definition.Kind };
        JsonObject Resource() => new() { ["group"] = definition.Group, ["version"] = definition.Version, ["resource"] = definition.Plural };
        return new JsonObject
        {
            ["kind"] = "AdmissionReview",
            ["apiVersion"] = "admission.k8s.io/v1",
            ["request"] = new JsonObject
            {
                ["uid"] = Guid.NewGuid().ToString(),
                ["kind"] = Kind(),
                ["resource"] = Resource(),
                ["subResource"] = attributes.Subresource,
                ["requestKind"] = Kind(),
                ["requestResource"] = Resource(),
                ["name"] = attributes.Name,
                ["namespace"] = attributes.Namespace,
                ["operation"] = attributes.Operation.ToString().ToUpperInvariant(),
                ["userInfo"] = new JsonObject
                {
                    ["username"] = attributes.User.Name, ["groups"] = new JsonArray([.. attributes.User.Groups.Select(g => (JsonNode)g)]),
                },
                ["object"] = attributes.Object?.DeepClone(),
                ["oldObject"] = attributes.OldObject?.DeepClone(),
                ["dryRun"] = attributes.DryRun,
                ["options"] = attributes.Options?.DeepClone(),
            },
        };
    }
}
