using System.Text.Json.Nodes;
using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Serving;

/// <summary>Who changes an object and how.</summary>
public sealed record WriteOptions
{
    /// <summary>Who asks.</summary>
    public UserInfo User { get; init; } = UserInfo.Server;

    /// <summary>The field manager.</summary>
    public string FieldManager { get; init; } = "kube-apiserver";

    /// <summary><c>Strict</c>, <c>Warn</c> or <c>Ignore</c>.</summary>
    public string FieldValidation { get; init; } = "Ignore";

    /// <summary>Whether nothing is stored.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether an apply takes fields from other managers.</summary>
    public bool Force { get; init; }

    /// <summary>Texts for <c>Warning</c> headers.</summary>
    public IList<string> Warnings { get; init; } = [];
}

/// <summary>How an object is deleted.</summary>
public sealed record DeleteRequest
{
    /// <summary>Seconds that a pod has to stop.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary><c>Foreground</c>, <c>Background</c> or <c>Orphan</c>.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>The uid that the object must have.</summary>
    public string? Uid { get; init; }

    /// <summary>The resourceVersion that the object must have.</summary>
    public string? ResourceVersion { get; init; }
}

/// <summary>The verbs of the API on every resource, without HTTP and without authorisation.</summary>
public sealed partial class ResourceOperations
{
    /// <summary>The object, or null.</summary>
    public JsonObject? Find(ResourceDefinition definition, string @namespace, string name) =>
        throw new InvalidOperationException("being written");

    /// <summary>The objects of a namespace, or of all (empty). Each bears apiVersion and kind.</summary>
    public IReadOnlyList<JsonObject> List(ResourceDefinition definition, string @namespace = "") =>
        throw new InvalidOperationException("being written");

    /// <summary>Creates an object and returns it as stored.</summary>
    public Task<JsonObject> CreateAsync(
        ResourceDefinition definition,
        string @namespace,
        JsonObject value,
        WriteOptions? options = null,
        CancellationToken cancellation = default) => throw new InvalidOperationException("being written");

    /// <summary>
    /// Reads, changes and writes an object until no one interferes; <paramref name="change"/> gets a copy that it may
    /// change in place and returns the wanted object. Returns the object as stored.
    /// </summary>
    public Task<JsonObject> UpdateAsync(
        ResourceDefinition definition,
        string @namespace,
        string name,
        string subresource,
        Func<JsonObject, JsonObject> change,
        WriteOptions? options = null,
        CancellationToken cancellation = default) => throw new InvalidOperationException("being written");

    /// <summary>Server-side apply of an object; returns it as stored and whether it is new.</summary>
    public Task<(JsonObject Object, bool Created)> ApplyAsync(
        ResourceDefinition definition,
        string @namespace,
        string name,
        string subresource,
        JsonObject value,
        WriteOptions? options = null,
        CancellationToken cancellation = default) => throw new InvalidOperationException("being written");

    /// <summary>Deletes an object. Returns it when it lingers (finalizers, grace), else null.</summary>
    public Task<JsonObject?> DeleteAsync(
        ResourceDefinition definition,
        string @namespace,
        string name,
        DeleteRequest? request = null,
        WriteOptions? options = null,
        CancellationToken cancellation = default) => throw new InvalidOperationException("being written");
}
