namespace Dpf.Services.Credentials;

/// <summary>Whether the token that there is will do: pure.</summary>
internal static class TokenDecision
{
    /// <summary>What is looked at.</summary>
    /// <param name="Token">The token in the Secret; null for none.</param>
    /// <param name="AccountUid">The account's uid; null while there is no account.</param>
    /// <param name="Wanted">How long tokens shall be valid; null for as long as the server likes.</param>
    /// <param name="IsNewSpec">Whether the request has changed since its token was issued.</param>
    /// <param name="Now">The time.</param>
    /// <param name="Jitter">How much earlier than due.</param>
    public readonly record struct View(
        IssuedToken? Token, string? AccountUid, TimeSpan? Wanted, bool IsNewSpec, DateTimeOffset Now, TimeSpan Jitter);

    /// <summary>Why a new token is needed; null when it is not.</summary>
    public static string? WhyNew(in View view) => view switch
    {
        { Token: null } => "there is none",
        { AccountUid: null } => "its account is gone",
        _ when view.Token.AccountUid is { } uid && uid != view.AccountUid => "its account was made anew",
        _ when view.Now >= TokenSchedule.Due(view.Token.Issued, view.Token.Expires, view.Jitter) => "it is due",

        // A server may give less than was asked for: that is no reason to ask again and again.
        { IsNewSpec: true, Wanted: { } wanted } when Math.Floor((view.Token.Expires - view.Token.Issued).TotalSeconds) !=
            Math.Floor(wanted.TotalSeconds) => "another duration is wanted",
        _ => null,
    };
}
