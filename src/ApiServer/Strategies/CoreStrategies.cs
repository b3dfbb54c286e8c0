using System.Text;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Namespaces: kept until their content is gone.</summary>
internal sealed class NamespaceStrategy : ResourceStrategy
{
    public override NameRule Names => NameRule.Label;

    public override ValueTask PrepareForCreateAsync(JsonObject value, bool dryRun, CancellationToken cancellation)
    {
        value.Map("spec")["finalizers"] = new JsonArray("kubernetes");
        value["status"] = new JsonObject { ["phase"] = "Active" };
        value.Map("metadata").Map("labels")["kubernetes.io/metadata.name"] = value.Name();
        return ValueTask.CompletedTask;
    }

    public override ValueTask PrepareForUpdateAsync(
        JsonObject value, JsonObject old, string subresource, bool dryRun, CancellationToken cancellation)
    {
        if (subresource.Length == 0)
        {
            value["spec"] = old["spec"]?.DeepClone();
        }

        value.Map("metadata").Map("labels")["kubernetes.io/metadata.name"] = value.Name();
        return ValueTask.CompletedTask;
    }

    public override void CheckDelete(JsonObject value)
    {
        if (value.Name() is "default" or "kube-system" or "kube-public")
        {
            throw ApiErrors.Forbidden(new GroupResource("", "namespaces"), value.Name(), "this namespace may not be deleted");
        }
    }

    public override bool LingersOnDelete(JsonObject value) => value.At("spec", "finalizers") is JsonArray { Count: > 0 };

    public override void MarkDeleted(JsonObject value) => value.Map("status")["phase"] = "Terminating";
}

/// <summary>Nodes: a kubelet's first object brings its status.</summary>
internal sealed class NodeStrategy : ResourceStrategy
{
    public override bool KeepsStatusOnCreate => true;
}

/// <summary>Config maps: data that stays when it says so.</summary>
internal sealed class ConfigMapStrategy : ResourceStrategy
{
    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old) => Immutable.Data(value, old);
}

/// <summary>Secrets: a type, and texts in plain that become data.</summary>
internal sealed class SecretStrategy : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        value.Default("type", "Opaque");
        if (value["stringData"] is JsonObject texts)
        {
            foreach (var (name, text) in texts)
            {
                value.Map("data")[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text.Text() ?? ""));
            }

            value.Remove("stringData");
        }
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        foreach (var (name, data) in value["data"] as JsonObject ?? [])
        {
            if (data.Text() is not { } text || !Convert.TryFromBase64String(text, new byte[text.Length], out _))
            {
                yield return FieldError.Invalid($"data[{name}]", "<hidden>", "illegal base64 data");
            }
        }

        if (old is not null && old.Text("type") != value.Text("type"))
        {
            yield return FieldError.Invalid("type", value.Text("type"), "field is immutable");
        }

        foreach (var error in Immutable.Data(value, old))
        {
            yield return error;
        }
    }
}

/// <summary>Certificate requests: who asked is the server's to say.</summary>
internal sealed class CertificateRequestStrategy : ResourceStrategy
{
    public override ValueTask PrepareForCreateAsync(JsonObject value, bool dryRun, CancellationToken cancellation)
    {
        value["status"] = new JsonObject();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Webhooks: how they are called.</summary>
internal sealed class WebhookStrategy : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        foreach (var hook in value.Objects("webhooks"))
        {
            hook.Default("failurePolicy", "Fail");
            hook.Default("matchPolicy", "Equivalent");
            hook.Default("timeoutSeconds", 10);
            hook.Default("namespaceSelector", new JsonObject());
            hook.Default("objectSelector", new JsonObject());
            if (value.Text("kind") == "MutatingWebhookConfiguration")
            {
                hook.Default("reinvocationPolicy", "Never");
            }

            if (hook.At("clientConfig", "service") is JsonObject service)
            {
                service.Default("port", 443);
            }

            foreach (var rule in hook.Objects("rules"))
            {
                rule.Default("scope", "*");
            }
        }
    }
}
