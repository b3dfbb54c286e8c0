using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dpf.ApiServer.Serving;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Authentication;

/// <summary>Client certificates: the common name is the user, organizations are groups.</summary>
internal sealed class CertificateAuthenticator(ServerComposition server) : IAuthenticator
{
    public ValueTask<UserInfo?> AuthenticateAsync(HttpContext context, CancellationToken cancellation)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
        {
            return ValueTask.FromResult<UserInfo?>(null);
        }

        if (!server.Certificates.VerifyClient(certificate))
        {
            throw ApiErrors.Unauthorized();
        }

        var groups = new List<string>();
        var user = "";
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            switch (part.GetSingleElementType().Value)
            {
                case "2.5.4.3":
                    user = part.GetSingleElementValue() ?? "";
                    break;
                case "2.5.4.10":
                    groups.Add(part.GetSingleElementValue() ?? "");
                    break;
            }
        }

        return ValueTask.FromResult<UserInfo?>(new UserInfo(user, groups));
    }
}

/// <summary>Bootstrap tokens (<c>id.secret</c>), as secrets in kube-system hold them, for nodes that join.</summary>
internal sealed class BootstrapTokenAuthenticator(ServerComposition server) : IAuthenticator
{
    public ValueTask<UserInfo?> AuthenticateAsync(HttpContext context, CancellationToken cancellation)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.Ordinal) || header["Bearer ".Length..].Trim().Split('.') is not [{ Length: 6 } id, { Length: 16 } secret])
        {
            return ValueTask.FromResult<UserInfo?>(null);
        }

        var secrets = server.Registry.Find("", "v1", "secrets")!;
        var stored = server.Objects.Find(secrets, "kube-system", "bootstrap-token-" + id)
            ?? throw ApiErrors.Unauthorized();
        string Value(string key) => stored.Text("data", key) is { } text ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : "";
        var isValid = stored.Text("type") == "bootstrap.kubernetes.io/token" &&
            CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Value("token-secret")), Encoding.UTF8.GetBytes(secret)) &&
            Value("usage-bootstrap-authentication") == "true" &&
            (Value("expiration") is not { Length: > 0 } end ||
                (DateTimeOffset.TryParse(end, CultureInfo.InvariantCulture, out var until) && until > server.Options.Time.GetUtcNow()));
        if (!isValid)
        {
            throw ApiErrors.Unauthorized();
        }

        var groups = Value("auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return ValueTask.FromResult<UserInfo?>(new UserInfo("system:bootstrap:" + id, ["system:bootstrappers", .. groups]));
    }
}
