using System.Security.Authentication;
using Dpf.ApiServer.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dpf.ApiServer.Serving;

/// <summary>The way of every request: who, may they, what; failures become <c>Status</c> bodies.</summary>
internal sealed class RequestPipeline(ServerComposition server)
{
    private readonly ILogger _logger = server.Options.Loggers.CreateLogger("apiserver");
    private readonly ResourceRequests _resources = new(server);
    private readonly Permission _permission = new(server);

    public async Task HandleAsync(HttpContext http)
    {
        var cancellation = http.RequestAborted;
        try
        {
            await ServeAsync(http, cancellation);
        }
        catch (ApiException e)
        {
            await server.Responses.WriteErrorAsync(http, e, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The client went.
        }
        catch (Exception e) when (e is IOException or AuthenticationException && cancellation.IsCancellationRequested)
        {
            // The client went in the middle of a body.
        }
        catch (BadHttpRequestException e)
        {
            await server.Responses.WriteErrorAsync(http, ApiErrors.BadRequest(e.Message), cancellation);
        }
        catch (Exception e)
        {
            _logger.LogError(e, "{Method} {Path} failed", http.Request.Method, http.Request.Path);
            await server.Responses.WriteErrorAsync(http, ApiErrors.Internal(e.Message), CancellationToken.None);
        }
    }

    private async Task ServeAsync(HttpContext http, CancellationToken cancellation)
    {
        var request = new ApiRequest(http, RequestPath.Parse(http.Request)) { User = await AuthenticateAsync(http, cancellation) };
        http.Response.Headers["Audit-Id"] = Guid.NewGuid().ToString();
        request.User = await Impersonation.ApplyAsync(http.Request, request.User, _permission.RequireAsync, cancellation);
        await _permission.RequireAsync(request.User, Named(request), cancellation);
        http.Response.Headers.CacheControl = "no-cache, private";
        if (request.Info.IsResource)
        {
            http.Response.OnCompleted(() =>
            {
                server.Metrics.Count(request.Info, http.Response.StatusCode);
                return Task.CompletedTask;
            });
            await _resources.ServeAsync(request, cancellation);
            return;
        }

        var path = request.Info.Path;
        var prefix = server.Paths.Keys
            .Where(p => path == p || (p.EndsWith('/') ? path.StartsWith(p, StringComparison.Ordinal) : path.StartsWith(p + "/", StringComparison.Ordinal)))
            .MaxBy(p => p.Length);
        if (prefix is null)
        {
            await HealthPaths.NotFoundAsync(http);
            return;
        }

        await server.Paths[prefix](http);
    }

    /// <summary>Who lists or watches by <c>metadata.name</c> asks for one object, whatever the verb.</summary>
    private static RequestInfo Named(ApiRequest request) =>
        request.Info is { IsResource: true, Name.Length: 0, Verb: "list" or "watch" or "deletecollection" } info &&
        FieldSelector.NameIn(request.Parameter("fieldSelector")) is { } name ? info with { Name = name } : request.Info;

    private async Task<UserInfo> AuthenticateAsync(HttpContext http, CancellationToken cancellation)
    {
        foreach (var authenticator in server.Authenticators)
        {
            if (await authenticator.AuthenticateAsync(http, cancellation) is { } user)
            {
                return user with { Groups = [.. user.Groups.Append("system:authenticated").Distinct(StringComparer.Ordinal)] };
            }
        }

        return server.Options.AnonymousAccess && !http.Request.Headers.ContainsKey("Authorization")
            ? UserInfo.Anonymous
            : throw ApiErrors.Unauthorized();
    }
}
