using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Authentication;

/// <summary>Issues and verifies service account tokens: JSON Web Tokens (RFC 7519) signed with RS256.</summary>
public sealed class ServiceAccountTokens(ServerComposition server) : IAuthenticator
{
    private readonly string _keyId = Url(SHA256.HashData(server.Certificates.ServiceAccountKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Who issues the tokens.</summary>
    public string Issuer { get; } = server.Options.ServiceAccountIssuer ?? $"https://kubernetes.default.svc.{server.Options.ClusterDomain}";

    /// <summary>Issues a token.</summary>
    /// <param name="ns">The account's namespace.</param>
    /// <param name="name">The account.</param>
    /// <param name="uid">Its uid; the token ends with it.</param>
    /// <param name="audiences">Whom it is for; empty: this server.</param>
    /// <param name="validity">How long; null: without end (legacy secrets).</param>
    /// <param name="pod">Name and uid of the pod that it is bound to; null for none.</param>
    public string Issue(
        string ns, string name, string uid, IReadOnlyList<string> audiences, TimeSpan? validity, (string Name, string Uid)? pod = null)
    {
        var now = server.Options.Time.GetUtcNow();
        var account = new JsonObject
        {
            ["namespace"] = ns, ["serviceaccount"] = new JsonObject { ["name"] = name, ["uid"] = uid },
        };
        if (pod is var (podName, podUid))
        {
            account["pod"] = new JsonObject { ["name"] = podName, ["uid"] = podUid };
        }

        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = $"system:serviceaccount:{ns}:{name}",
            ["aud"] = new JsonArray([.. (audiences.Count > 0 ? audiences : [Issuer]).Select(a => (JsonNode)a)]),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = account,
        };
        if (validity is { } span)
        {
            claims["exp"] = (now + span).ToUnixTimeSeconds();
        }

        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = _keyId };
        var content = $"{Url(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Url(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        var signature = server.Certificates.ServiceAccountKey.SignData(
            Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{content}.{Url(signature)}";
    }

    /// <inheritdoc />
    public ValueTask<UserInfo?> AuthenticateAsync(HttpContext context, CancellationToken cancellation)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return ValueTask.FromResult(
            header.StartsWith("Bearer ", StringComparison.Ordinal) && header.Count(c => c == '.') == 2
                ? Verify(header["Bearer ".Length..].Trim()) ?? throw ApiErrors.Unauthorized()
                : null);
    }

    /// <summary>Who a token speaks for; null when it is not valid.</summary>
    public UserInfo? Verify(string token)
    {
        var parts = token.Split('.');
        try
        {
            if (parts.Length != 3 || !server.Certificates.ServiceAccountKey.VerifyData(
                Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Bytes(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
            {
                return null;
            }

            var claims = JsonNode.Parse(Bytes(parts[1]));
            if (claims.Text("iss") != Issuer || (claims.Number("exp") is { } end && end < server.Options.Time.GetUtcNow().ToUnixTimeSeconds()))
            {
                return null;
            }

            return User(claims);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private UserInfo? User(JsonNode? claims)
    {
        var account = claims.At("kubernetes.io");
        var (ns, name, uid) = (account.Text("namespace") ?? "", account.Text("serviceaccount", "name") ?? "", account.Text("serviceaccount", "uid"));
        var accounts = server.Registry.Find("", "v1", "serviceaccounts")!;
        if (server.Objects.Find(accounts, ns, name) is not { } now || now.Text("metadata", "uid") != uid)
        {
            return null;
        }

        return new UserInfo(
            $"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", "system:serviceaccounts:" + ns])
        { Uid = uid ?? "" };
    }

    private static string Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static byte[] Bytes(string url)
    {
        var text = url.Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(text + new string('=', (4 - (text.Length % 4)) % 4));
    }
}
