using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Services.Credentials;

/// <summary>What a service account token says of itself. Nothing is trusted for it: it only tells whether it still fits.</summary>
/// <param name="Token">The token. A secret.</param>
/// <param name="Issued">When it was issued.</param>
/// <param name="Expires">When it expires.</param>
/// <param name="AccountUid">The account's uid, or null.</param>
internal sealed record IssuedToken(string Token, DateTimeOffset Issued, DateTimeOffset Expires, string? AccountUid)
{
    /// <summary>Reads a token; null when it is none.</summary>
    public static IssuedToken? Read(string? token)
    {
        if (token?.Split('.') is not [_, var claims, _])
        {
            return null;
        }

        try
        {
            var json = JsonNode.Parse(Base64Url.DecodeFromChars(claims))!;
            return (long?)json["iat"] is { } issued && (long?)json["exp"] is { } expires
                ? new IssuedToken(
                    token, DateTimeOffset.FromUnixTimeSeconds(issued), DateTimeOffset.FromUnixTimeSeconds(expires),
                    (string?)json["kubernetes.io"]?["serviceaccount"]?["uid"])
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public override string ToString() => $"token until {Expires:u}";
}
