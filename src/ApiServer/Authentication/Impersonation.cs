using Dpf.ApiServer.Serving;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Authentication;

/// <summary>Requests in another user's name (the headers <c>Impersonate-*</c>), as far as the real user may.</summary>
internal static class Impersonation
{
    private const string ExtraPrefix = "Impersonate-Extra-";
    private const string AccountPrefix = "system:serviceaccount:";

    /// <summary>Who the request is carried out as.</summary>
    /// <exception cref="ApiException">The user may not speak for the other, or the headers name nobody.</exception>
    public static async Task<UserInfo> ApplyAsync(
        HttpRequest request, UserInfo user, Func<UserInfo, RequestInfo, CancellationToken, Task> authorize, CancellationToken cancellation)
    {
        var headers = request.Headers;
        var name = headers["Impersonate-User"].ToString();
        var groups = headers["Impersonate-Group"].OfType<string>().ToList();
        var uid = headers["Impersonate-Uid"].ToString();
        var extra = headers.Where(h => h.Key.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)).ToDictionary(
            h => Uri.UnescapeDataString(h.Key[ExtraPrefix.Length..]).ToLowerInvariant(), h => (IReadOnlyList<string>)[.. h.Value.OfType<string>()],
            StringComparer.Ordinal);
        if (name.Length == 0)
        {
            return groups.Count == 0 && uid.Length == 0 && extra.Count == 0
                ? user
                : throw ApiErrors.Internal("a group, a uid or extra values were to be impersonated without a user");
        }

        Task MayAsync(string resource, string of, string ns = "", string group = "", string sub = "") => authorize(
            user,
            new RequestInfo
            {
                IsResource = true, Path = request.Path, Verb = "impersonate", Resource = resource, Name = of, Namespace = ns, Group = group, Subresource = sub,
            },
            cancellation);
        if (name.StartsWith(AccountPrefix, StringComparison.Ordinal) && name[AccountPrefix.Length..].Split(':') is [var ns, var account])
        {
            await MayAsync("serviceaccounts", account, ns);
            groups = groups.Count > 0 ? groups : ["system:serviceaccounts", "system:serviceaccounts:" + ns];
        }
        else
        {
            await MayAsync("users", name);
        }

        foreach (var group in groups)
        {
            await MayAsync("groups", group);
        }

        if (uid.Length > 0)
        {
            await MayAsync("uids", uid, group: "authentication.k8s.io");
        }

        foreach (var (key, values) in extra)
        {
            foreach (var value in values)
            {
                await MayAsync("userextras", value, group: "authentication.k8s.io", sub: key);
            }
        }

        return new UserInfo(name, [.. groups.Append(name == "system:anonymous" ? "system:unauthenticated" : "system:authenticated").Distinct(StringComparer.Ordinal)])
        {
            Uid = uid, Extra = extra,
        };
    }
}
