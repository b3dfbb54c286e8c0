namespace Dpf.ApiServer.Serving;

/// <summary>Asks the authorizer, and says no in Kubernetes' words.</summary>
internal sealed class Permission(ServerComposition server)
{
    /// <summary>Lets a request pass that its user may make.</summary>
    /// <exception cref="ApiException">They may not (403).</exception>
    public async Task RequireAsync(UserInfo user, RequestInfo info, CancellationToken cancellation)
    {
        if (server.Authorizer is not { } authorizer)
        {
            return;
        }

        var decision = await authorizer.AuthorizeAsync(new AuthorizationAttributes(user, info), cancellation);
        if (decision.Allowed)
        {
            return;
        }

        var what = info.IsResource
            ? $"cannot {info.Verb} resource \"{info.Resource}{(info.Subresource.Length > 0 ? "/" + info.Subresource : "")}\" in API group \"{info.Group}\" " +
              (info.Namespace.Length > 0 && info.Resource != "namespaces" ? $"in the namespace \"{info.Namespace}\"" : "at the cluster scope")
            : $"cannot {info.Verb} path \"{info.Path}\"";
        var why = $"User \"{user.Name}\" {what}{(decision.Reason.Length > 0 ? ": " + decision.Reason : "")}";
        throw info.IsResource
            ? ApiErrors.Forbidden(new GroupResource(info.Group, info.Resource), info.Name, why)
            : new ApiException(403, "Forbidden", $"forbidden: {why}") { HasDetails = true };
    }
}
