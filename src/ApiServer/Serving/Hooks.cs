using System.Text.Json.Nodes;
using Dpf.ApiServer.Authorization;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>Tells who sends a request.</summary>
public interface IAuthenticator
{
    /// <summary>
    /// The user; null when the request bears no credential of this kind.
    /// </summary>
    /// <exception cref="ApiException">A credential of this kind is there and wrong (401).</exception>
    ValueTask<UserInfo?> AuthenticateAsync(HttpContext context, CancellationToken cancellation);
}

/// <summary>A verb on a resource or a path, for an authorizer.</summary>
public sealed record AuthorizationAttributes(UserInfo User, RequestInfo Request);

/// <summary>What an authorizer says, and why.</summary>
public readonly record struct AuthorizationDecision(bool Allowed, string Reason);

/// <summary>Tells who may do what.</summary>
public interface IAuthorizer
{
    /// <summary>Whether the request is allowed.</summary>
    ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation);

    /// <summary>All that a user may do in a namespace.</summary>
    ValueTask<IReadOnlyList<PolicyRule>> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation);
}

/// <summary>What an admission check looks at.</summary>
public enum AdmissionOperation
{
    /// <summary>A new object.</summary>
    Create,

    /// <summary>A changed object.</summary>
    Update,

    /// <summary>An object's end.</summary>
    Delete,

    /// <summary>A connection such as exec.</summary>
    Connect,
}

/// <summary>A change on its way to storage.</summary>
public sealed class AdmissionAttributes
{
    /// <summary>What happens.</summary>
    public required AdmissionOperation Operation { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceDefinition Definition { get; init; }

    /// <summary>The subresource; empty: none.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The namespace; empty: cluster scope.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The name; empty when the server has yet to make it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The new object, of which a mutating check changes what it likes; null on delete.</summary>
    public JsonObject? Object { get; set; }

    /// <summary>The object as it is; null on create. Not to be changed.</summary>
    public JsonObject? OldObject { get; init; }

    /// <summary>The options of the request, e.g. a <c>CreateOptions</c>.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>Whether nothing will be stored.</summary>
    public bool DryRun { get; init; }

    /// <summary>Who asks.</summary>
    public required UserInfo User { get; init; }

    /// <summary>Texts for <c>Warning</c> headers.</summary>
    public IList<string> Warnings { get; init; } = [];
}

/// <summary>A check of changes. Deny by throwing an <see cref="ApiException"/>.</summary>
public interface IAdmission
{
    /// <summary>Changes the new object.</summary>
    ValueTask MutateAsync(AdmissionAttributes attributes, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Looks at the final object.</summary>
    ValueTask ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellation) => ValueTask.CompletedTask;
}

/// <summary>Reads and writes bodies of a media type.</summary>
public interface IBodyCodec
{
    /// <summary>The media type, e.g. <c>application/json</c>.</summary>
    string MediaType { get; }

    /// <summary>Whether an object of the apiVersion and kind can be written; false: the next in Accept is tried.</summary>
    bool CanWrite(string apiVersion, string kind);

    /// <summary>Reads an object. <paramref name="expected"/> tells the kind that the path implies.</summary>
    /// <exception cref="ApiException">The body is broken.</exception>
    JsonNode? Read(ReadOnlyMemory<byte> body, ResourceDefinition? expected);

    /// <summary>Writes an object.</summary>
    byte[] Write(JsonNode value);

    /// <summary>The media type of a watch of this codec, or null when it can not frame events.</summary>
    string? WatchMediaType { get; }

    /// <summary>Writes a watch event, framed.</summary>
    byte[] WriteEvent(string type, JsonNode value);
}

/// <summary>Makes tables of objects (the human output of kubectl get).</summary>
public interface ITableConverter
{
    /// <summary>
    /// A <c>meta.k8s.io/v1</c> Table of objects. <paramref name="metadata"/> becomes the table's own metadata;
    /// <paramref name="includeObject"/> is <c>None</c>, <c>Metadata</c> or <c>Object</c>. Without columns when told so.
    /// </summary>
    JsonObject Convert(
        ResourceDefinition definition,
        IReadOnlyList<JsonObject> items,
        JsonObject metadata,
        string includeObject,
        bool columns = true);
}

/// <summary>
/// Serves a subresource (<c>pods/exec</c>) or a resource that is never stored (<c>tokenreviews</c>) by itself.
/// Authentication and authorisation are done.
/// </summary>
public interface IResourceHandler
{
    /// <summary>Answers the request; throws <see cref="ApiException"/> for errors.</summary>
    Task HandleAsync(ApiRequest request, CancellationToken cancellation);
}

/// <summary>Something that runs as long as the server does.</summary>
public interface IBackgroundService
{
    /// <summary>Runs until cancelled.</summary>
    Task RunAsync(CancellationToken cancellation);
}
