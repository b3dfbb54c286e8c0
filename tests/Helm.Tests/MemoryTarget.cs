using System.Text.Json.Nodes;
using Dpf.Helm.Releases;
using Dpf.Helm.Rendering;

namespace Dpf.Helm.Tests;

/// <summary>A cluster that is a dictionary.</summary>
internal sealed class MemoryTarget : IReleaseTarget
{
    private readonly Dictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);

    /// <summary>What was applied, in order; Helm's own Secrets left out.</summary>
    public List<string> Applied { get; } = [];

    /// <summary>What was applied and deleted, in order, deletions with a minus; Helm's own Secrets left out.</summary>
    public List<string> Changes { get; } = [];

    /// <summary>An object that cannot be applied.</summary>
    public string? Refused { get; set; }

    /// <summary>Why objects cannot be listed.</summary>
    public Exception? Unanswered { get; set; }

    /// <summary>Called before an object is applied.</summary>
    public Action<string>? Applying { get; set; }

    public IEnumerable<string> Objects => _objects.Keys.Where(k => !k.StartsWith("Secret/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>The release's revisions and their states.</summary>
    public IEnumerable<string> Releases => _objects.Values.Where(o => (string?)o["kind"] == "Secret")
        .Select(o => $"v{o["metadata"]!["labels"]!["version"]} {o["metadata"]!["labels"]!["status"]}").Order(StringComparer.Ordinal);

    public JsonObject? Find(string kind, string name) => _objects.GetValueOrDefault($"{kind}/{name}");

    /// <summary>Lets a Job end as soon as it is there.</summary>
    public void Finish(string name, bool succeeded)
    {
        if (name.StartsWith("Job/", StringComparison.Ordinal))
        {
            Ends[name] = succeeded;
        }
    }

    public Task<Capabilities> CapabilitiesAsync(CancellationToken cancellation) => Task.FromResult(Capabilities.Default);

    public Task<JsonObject?> GetAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation)
    {
        var value = Find(kind, name);
        if (value is not null && Ends.TryGetValue($"{kind}/{name}", out var succeeded))
        {
            value["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = succeeded ? "Complete" : "Failed", ["status"] = "True" }),
            };
        }

        return Task.FromResult(value);
    }

    public Task<JsonObject?> ListAsync(string apiVersion, string kind, string ns, CancellationToken cancellation) => Unanswered is { } failure
        ? Task.FromException<JsonObject?>(failure)
        : Task.FromResult<JsonObject?>(new JsonObject
        {
            ["kind"] = kind + "List",
            ["items"] = new JsonArray([.. _objects.Where(o => o.Key.StartsWith(kind + "/", StringComparison.Ordinal)).Select(o => o.Value.DeepClone())]),
        });

    public Task ApplyAsync(JsonObject value, CancellationToken cancellation)
    {
        var name = $"{value["kind"]}/{value["metadata"]!["name"]}";
        if ((string?)value["kind"] != "Secret")
        {
            Applying?.Invoke(name);
            cancellation.ThrowIfCancellationRequested();
            Applied.Add(name);
            Changes.Add(name);
        }

        if (name == Refused)
        {
            throw new InvalidOperationException($"{name} is refused");
        }

        _objects[name] = (JsonObject)value.DeepClone();
        return Task.CompletedTask;
    }

    public Task DeleteAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation)
    {
        if (_objects.Remove($"{kind}/{name}") && kind != "Secret")
        {
            Changes.Add($"-{kind}/{name}");
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<JsonObject>> SecretsAsync(string ns, string selector, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<JsonObject>>(
        [
            .. _objects.Values.Where(o => (string?)o["kind"] == "Secret" && selector.Split(',').Select(l => l.Split('=')).All(
                l => (string?)o["metadata"]!["labels"]![l[0]] == l[1])),
        ]);

    private Dictionary<string, bool> Ends { get; } = new(StringComparer.Ordinal);
}
