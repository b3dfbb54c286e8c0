using System.Text.Json.Nodes;
using Dpf.ApiServer.Authorization;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authentication;

/// <summary><c>serviceaccounts/token</c>: a fresh token for an account.</summary>
internal sealed class TokenRequestHandler(ServerComposition server, ServiceAccountTokens tokens) : IResourceHandler
{
    private const long ShortestSeconds = 600;

    public async Task HandleAsync(ApiRequest request, CancellationToken cancellation)
    {
        var body = await server.Responses.ReadAsync(request.Http, null, cancellation) as JsonObject ?? [];
        var info = request.Info;
        var account = server.Objects.Find(request.Definition!, info.Namespace, info.Name)
            ?? throw ApiErrors.NotFound(request.Definition!.GroupResource, info.Name);
        var seconds = body.Number("spec", "expirationSeconds") ?? 3600;
        if (seconds < ShortestSeconds)
        {
            throw ApiErrors.Invalid(
                "TokenRequest", "authentication.k8s.io", "", [FieldError.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]);
        }

        (string, string)? pod = body.Text("spec", "boundObjectRef", "kind") == "Pod"
            ? (body.Text("spec", "boundObjectRef", "name") ?? "", body.Text("spec", "boundObjectRef", "uid") ?? "")
            : null;
        var token = tokens.Issue(
            info.Namespace, info.Name, account.Text("metadata", "uid")!, [.. body.Texts("spec", "audiences")], TimeSpan.FromSeconds(seconds), pod);
        body["kind"] = "TokenRequest";
        body["apiVersion"] = "authentication.k8s.io/v1";
        body.Map("metadata")["name"] = info.Name;
        body.Map("metadata")["namespace"] = info.Namespace;
        body.Map("spec")["expirationSeconds"] = seconds;
        body["status"] = new JsonObject
        {
            ["token"] = token,
            ["expirationTimestamp"] = Timestamp.Text(server.Options.Time.GetUtcNow().AddSeconds(seconds)),
        };
        await server.Responses.WriteAsync(request.Http, 201, body, cancellation);
    }
}

/// <summary>The reviews: who a token is, who I am, what one may.</summary>
internal sealed class ReviewHandler(ServerComposition server, ServiceAccountTokens tokens) : IResourceHandler
{
    public async Task HandleAsync(ApiRequest request, CancellationToken cancellation)
    {
        var body = await server.Responses.ReadAsync(request.Http, request.Definition, cancellation) as JsonObject ?? [];
        var definition = request.Definition!;
        body["kind"] = definition.Kind;
        body["apiVersion"] = definition.ApiVersion;
        body.Map("metadata");
        body["status"] = definition.Kind switch
        {
            "TokenReview" => tokens.Verify(body.Text("spec", "token") ?? "") is { } user
                ? new JsonObject { ["authenticated"] = true, ["user"] = User(user) }
                : new JsonObject { ["authenticated"] = false },
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = User(request.User) },
            "SelfSubjectRulesReview" => await RulesAsync(request.User, body, cancellation),
            "SelfSubjectAccessReview" => await AccessAsync(request.User, body, cancellation),
            _ => await AccessAsync(
                new UserInfo(body.Text("spec", "user") ?? "", [.. body.Texts("spec", "groups")]), body, cancellation),
        };
        await server.Responses.WriteAsync(request.Http, 201, body, cancellation);
    }

    private async Task<JsonObject> RulesAsync(UserInfo user, JsonObject body, CancellationToken cancellation)
    {
        var ns = body.Text("spec", "namespace") is { Length: > 0 } text ? text : throw ApiErrors.BadRequest("spec.namespace is missing: name the namespace whose rules are asked for");
        return PolicyRule.Status(server.Authorizer is { } authorizer ? await authorizer.RulesAsync(user, ns, cancellation) : PolicyRule.Everything);
    }

    private async Task<JsonObject> AccessAsync(UserInfo user, JsonObject body, CancellationToken cancellation)
    {
        var resource = body.At("spec", "resourceAttributes");
        var path = body.At("spec", "nonResourceAttributes");
        if (resource is null == path is null)
        {
            throw ApiErrors.Invalid(
                "", "authorization.k8s.io", "",
                [FieldError.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")]);
        }

        var info = resource is not null
            ? new RequestInfo
            {
                IsResource = true,
                Path = "",
                Verb = resource.Text("verb") ?? "",
                Group = resource.Text("group") ?? "",
                Version = resource.Text("version") ?? "",
                Resource = resource.Text("resource") ?? "",
                Subresource = resource.Text("subresource") ?? "",
                Namespace = resource.Text("namespace") ?? "",
                Name = resource.Text("name") ?? "",
            }
            : new RequestInfo { Path = path.Text("path") ?? "", Verb = path.Text("verb") ?? "" };
        var decision = server.Authorizer is null
            ? new AuthorizationDecision(true, "")
            : await server.Authorizer.AuthorizeAsync(new AuthorizationAttributes(user, info), cancellation);
        var status = new JsonObject { ["allowed"] = decision.Allowed };
        if (decision.Reason.Length > 0)
        {
            status["reason"] = decision.Reason;
        }

        return status;
    }

    private static JsonObject User(UserInfo user) => new()
    {
        ["username"] = user.Name, ["uid"] = user.Uid, ["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)g)]),
    };
}
