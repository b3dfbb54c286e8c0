using System.Text;
using System.Text.Json.Nodes;
using Dpf.Guide.Describing;
using Dpf.Runtime.Clusters;

namespace Dpf.Guide.Commands;

/// <summary>The guide's <c>kubectl</c> commands, carried out through the Kubernetes API.</summary>
public sealed class Kubectl(KubeClient client, TimeProvider time)
{
    private const string FieldManager = "dpf-guide";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly ResourceNames _resources = new(client);

    /// <summary>Runs one command; <paramref name="readFile"/> gives the documents of a path, <paramref name="input"/> standard input.</summary>
    /// <exception cref="NotYetException">A <c>wait</c> or <c>rollout status</c> that is not true yet.</exception>
    /// <exception cref="FormatException">A command that the guide does not use.</exception>
    public async Task RunAsync(
        IReadOnlyList<string> words, string? input, Func<string, IReadOnlyList<(string Name, string Text)>> readFile,
        CancellationToken cancellation)
    {
        var arguments = new Arguments(words.Skip(1));
        switch (arguments.Words)
        {
            case ["create", "ns" or "namespace", var name]:
                await ApplyAsync(Manifest("Namespace", null, name), null, cancellation);
                break;
            case ["create", "secret", "docker-registry", var name]:
                await ApplyAsync(PullSecret(arguments, name), null, cancellation);
                break;
            case ["apply"]:
                foreach (var manifest in Read(arguments, input, readFile))
                {
                    var (_, namespaced) = await client.MapAsync((string)manifest["apiVersion"]!, (string)manifest["kind"]!, cancellation);
                    var noted = LastApplied.Noted(manifest, namespaced ? arguments.Namespace : null);
                    await ApplyAsync(noted, arguments.Namespace, cancellation);
                }

                break;
            case ["label", var resource, var name, var label]:
                await LabelAsync(resource, arguments.Namespace, name, label, cancellation);
                break;
            case ["wait", var resource, .. var names]:
                await WaitAsync(arguments, resource, names, cancellation);
                break;
            case ["rollout", "status", var resource, .. var names]:
                await RolloutAsync(arguments, resource, names, cancellation);
                break;
            case ["delete"]:
                foreach (var manifest in Read(arguments, input, readFile).Reverse())
                {
                    await DeleteAsync(manifest, arguments.Namespace, cancellation);
                }

                break;
            case ["delete", var resource, .. var names]:
                var (found, namespacedKind) = await _resources.FindAsync(resource, cancellation);
                await Task.WhenAll(names.Select(name => DeleteAsync(found, namespacedKind ? arguments.Namespace : null, name, cancellation)));
                break;
            default:
                throw new FormatException($"'{string.Join(' ', words)}' is not a command of the guide");
        }
    }

    private static IReadOnlyList<JsonObject> Read(
        Arguments arguments, string? input, Func<string, IReadOnlyList<(string Name, string Text)>> readFile)
    {
        var file = arguments["--filename"] ?? throw new FormatException("-f is missing");
        return file == "-"
            ? Manifests.Parse(input ?? "", "standard input")
            : [.. readFile(file).SelectMany(f => Manifests.Parse(f.Text, f.Name))];
    }

    private static JsonObject Manifest(string kind, string? ns, string name)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns is not null)
        {
            metadata["namespace"] = ns;
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = metadata };
    }

    private static JsonObject PullSecret(Arguments arguments, string name)
    {
        var (user, password) = (arguments["--docker-username"] ?? "", arguments["--docker-password"] ?? "");
        var config = new JsonObject
        {
            ["auths"] = new JsonObject
            {
                [arguments["--docker-server"] ?? "https://index.docker.io/v1/"] = new JsonObject
                {
                    ["username"] = user,
                    ["password"] = password,
                    ["auth"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")),
                },
            },
        };
        var secret = Manifest("Secret", arguments.Namespace, name);
        secret["type"] = "kubernetes.io/dockerconfigjson";
        secret["data"] = new JsonObject
        {
            [".dockerconfigjson"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(config.ToJsonString())),
        };
        return secret;
    }

    private Task ApplyAsync(JsonObject manifest, string? ns, CancellationToken cancellation) =>
        client.ApplyAsync(manifest, FieldManager, cancellation, ns);

    private async Task LabelAsync(string resource, string ns, string name, string label, CancellationToken cancellation)
    {
        var (type, namespaced) = await _resources.FindAsync(resource, cancellation);
        var (key, value) = label.Split('=', 2) is [var left, var right] ? (left, right) : (label, "");
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [key] = value } } };
        await client.SendRawAsync(
            HttpMethod.Patch, type.Path(namespaced ? ns : null, name), patch, cancellation, "application/merge-patch+json");
    }

    private async Task WaitAsync(Arguments arguments, string resource, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var (condition, wanted) = arguments["--for"]?.Split('=') switch
        {
            ["condition", var type] => (type, "True"),
            ["condition", var type, var status] => (type, status),
            _ => throw new FormatException("--for=condition=NAME or --for=condition=NAME=STATUS is missing"),
        };
        foreach (var value in await ObjectsAsync(arguments, resource, names, cancellation))
        {
            var found = value["status"]?["conditions"]?.AsArray()
                .FirstOrDefault(c => string.Equals((string?)c!["type"], condition, StringComparison.OrdinalIgnoreCase));
            if (!string.Equals((string?)found?["status"], wanted, StringComparison.OrdinalIgnoreCase))
            {
                var not = wanted == "True" ? $"is not {condition}" : $"is not {condition}={wanted}";
                throw new NotYetException($"{resource}/{value["metadata"]!["name"]} {not}{Why(value, (string?)found?["message"])}");
            }
        }
    }

    // What the condition says, else what the object says otherwise: a pod without a node has no word on its readiness yet.
    private static string Why(JsonObject value, string? message)
    {
        if (message is { Length: > 0 })
        {
            return ": " + message;
        }

        var standing = Standing.Of(value);
        return standing.Message.Length > 0 ? $": {standing.Text}: {standing.Message}"
            : standing.Kind == StandingKind.InProgress && standing.Text.Length > 0 ? $": {standing.Text}"
            : "";
    }

    private async Task RolloutAsync(Arguments arguments, string resource, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        foreach (var value in await ObjectsAsync(arguments, resource, names, cancellation))
        {
            var name = $"{resource}/{value["metadata"]!["name"]}";
            var status = value["status"];
            if (((long?)status?["observedGeneration"] ?? 0) < ((long?)value["metadata"]!["generation"] ?? 0))
            {
                throw new NotYetException($"{name} is not observed yet");
            }

            var (wanted, updated, available) = (string?)value["kind"] == "DaemonSet"
                ? ((int?)status?["desiredNumberScheduled"] ?? 0, (int?)status?["updatedNumberScheduled"] ?? 0, (int?)status?["numberAvailable"] ?? 0)
                : ((int?)value["spec"]?["replicas"] ?? 1, (int?)status?["updatedReplicas"] ?? 0, (int?)status?["availableReplicas"] ?? 0);
            if (updated < wanted || available < wanted)
            {
                throw new NotYetException($"{name}: {available} of {wanted} pods are available");
            }
        }
    }

    private async Task<IReadOnlyList<JsonObject>> ObjectsAsync(
        Arguments arguments, string resource, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        ResourceType type;
        bool namespaced;
        try
        {
            (type, namespaced) = await _resources.FindAsync(resource, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            throw new NotYetException(e.ServerMessage);
        }

        var ns = namespaced ? arguments.Namespace : null;
        if (names.Count == 0)
        {
            var selector = arguments["--selector"] is { } labels ? "?labelSelector=" + Uri.EscapeDataString(labels) : "";
            var list = await client.GetRawAsync(type.Path(ns) + selector, cancellation);
            var items = list?["items"]?.AsArray().Select(item => WithKind(item!.AsObject(), type)).ToList() ?? [];
            return items.Count > 0 ? items : throw new NotYetException($"there are no {resource} yet");
        }

        var objects = new List<JsonObject>();
        foreach (var name in names)
        {
            objects.Add(await client.GetRawAsync(type.Path(ns, name), cancellation)
                ?? throw new NotYetException($"{resource}/{name} is not there yet"));
        }

        return objects;
    }

    private static JsonObject WithKind(JsonObject value, ResourceType type)
    {
        value["kind"] = type.Kind;
        return value;
    }

    private async Task DeleteAsync(JsonObject manifest, string defaultNamespace, CancellationToken cancellation)
    {
        try
        {
            var (type, namespaced) = await client.MapAsync((string)manifest["apiVersion"]!, (string)manifest["kind"]!, cancellation);
            var ns = namespaced ? (string?)manifest["metadata"]!["namespace"] ?? defaultNamespace : null;
            await DeleteAsync(type, ns, (string)manifest["metadata"]!["name"]!, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // The kind went with what brought it, and its objects with the kind: a deletion that is taken up again.
        }
    }

    private async Task DeleteAsync(ResourceType type, string? ns, string name, CancellationToken cancellation)
    {
        var path = type.Path(ns, name);
        var options = new JsonObject { ["propagationPolicy"] = "Background" };
        try
        {
            await client.SendRawAsync(HttpMethod.Delete, path, options, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return;
        }

        while (await client.GetRawAsync(path, cancellation) is not null)
        {
            await Task.Delay(Poll, time, cancellation);
        }
    }
}

/// <summary>What a verification looks for is not so yet.</summary>
public sealed class NotYetException(string message) : Exception(message);
