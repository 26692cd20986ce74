using System.Text.Json;
using Lightning.Sessions.RelyingParties;

namespace Lightning.Sessions.BackChannel;

/// <summary>One named check: null where it holds, else what is wrong, in words for the sender.</summary>
delegate string? Check<in T>(T subject);

/// <summary>A logout token that the provider has signed, and what it is held against.</summary>
sealed class LogoutToken(string type, JsonElement claims, RelyingPartyOptions options, string clientId, DateTimeOffset now)
{
    /// <summary>How long one may be good (OpenID Connect Back-Channel Logout 1.0, 4): two minutes, so that replays need not be remembered for longer.</summary>
    static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(2);

    /// <summary>Longest difference of clocks that is forgiven.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    const string Event = "http://schemas.openid.net/event/backchannel-logout";
    const int LongestName = 256;

    /// <summary>OpenID Connect Back-Channel Logout 1.0, 2.6, in its order; the signature (step 2) was checked before, the replay (step 7) is where the row is written.</summary>
    static readonly Check<LogoutToken>[] Checks =
    [
        TypeIsLogoutToken,
        IssuerIsTheProvider,
        AudienceIsThisClient,
        IssuedAtIsNotToCome,
        ExpiryIsToCome,
        LifeIsShort,
        SubjectOrSessionIsThere,
        EventIsLogout,
        NonceIsAbsent,
        IdentifierIsThere,
    ];

    /// <summary>The issuer, which is the provider's.</summary>
    public string Issuer => options.Authority;

    /// <summary>Whose sessions end.</summary>
    public string? Subject { get; } = Text(claims, "sub");

    /// <summary>Which session ends.</summary>
    public string? Sid { get; } = Text(claims, "sid");

    /// <summary>Its name, used once.</summary>
    public string? Identifier { get; } = Text(claims, "jti");

    /// <summary>When it can be forgotten that it was used.</summary>
    public DateTimeOffset ForgetAt => Time("exp")!.Value + ClockSkew;

    /// <summary>The first check that does not hold.</summary>
    public string? FirstFault() => Checks.Select(check => check(this)).FirstOrDefault(fault => fault is not null);

    // 2.4 and RFC 8725, 3.11. Many providers send none (4.1), so for those there is a switch.
    static string? TypeIsLogoutToken(LogoutToken logout) =>
        string.Equals(logout.Type, "logout+jwt", StringComparison.OrdinalIgnoreCase)
        || (logout.TypeMayBeMissing && (logout.Type.Length == 0 || logout.Type.Equals("JWT", StringComparison.OrdinalIgnoreCase)))
            ? null : "typ must be logout+jwt.";

    // 2.6, step 3; OpenID Connect Core 1.0, 3.1.3.7.
    static string? IssuerIsTheProvider(LogoutToken logout) =>
        string.Equals(Text(logout.Claims, "iss"), logout.Issuer, StringComparison.Ordinal) ? null : "iss is not the provider.";

    static string? AudienceIsThisClient(LogoutToken logout) =>
        logout.Claims.TryGetProperty("aud", out var audience) && (audience.ValueKind == JsonValueKind.Array ? audience.EnumerateArray().Any(logout.IsMe) : logout.IsMe(audience))
            ? null : "aud is not this client.";

    static string? IssuedAtIsNotToCome(LogoutToken logout) =>
        logout.Time("iat") is { } issuedAt && issuedAt <= logout.Now + ClockSkew ? null : "iat must be a time that has been.";

    static string? ExpiryIsToCome(LogoutToken logout) =>
        logout.Time("exp") is { } expiry && expiry > logout.Now - ClockSkew ? null : "exp must be a time to come.";

    // 4: a token of long life would be a standing order to sign somebody out.
    static string? LifeIsShort(LogoutToken logout) =>
        logout.Time("exp") - logout.Time("iat") <= LongestLife + ClockSkew ? null : "exp may be two minutes after iat at most.";

    // 2.6, step 4.
    static string? SubjectOrSessionIsThere(LogoutToken logout) =>
        (logout.Subject ?? logout.Sid) is null ? "sub or sid is missing."
            : Is(logout.Claims, "sub", logout.Subject) && Is(logout.Claims, "sid", logout.Sid) ? null : "sub and sid must be texts of up to 256 characters.";

    // 2.6, step 5: the member's value is an object, empty as a rule.
    static string? EventIsLogout(LogoutToken logout) =>
        logout.Claims.TryGetProperty("events", out var events) && events.ValueKind == JsonValueKind.Object
            && events.TryGetProperty(Event, out var member) && member.ValueKind == JsonValueKind.Object ? null : $"events must hold an object as {Event}.";

    // 2.6, step 6: an ID token is no logout token.
    static string? NonceIsAbsent(LogoutToken logout) => logout.Claims.TryGetProperty("nonce", out _) ? "nonce must not be there." : null;

    // 2.4; without it a replay could not be told from another.
    static string? IdentifierIsThere(LogoutToken logout) => logout.Identifier is { Length: > 0 } ? null : "jti is missing.";

    JsonElement Claims => claims;

    string Type => type;

    DateTimeOffset Now => now;

    bool TypeMayBeMissing => options.AcceptUntypedLogoutTokens;

    bool IsMe(JsonElement audience) => audience.ValueKind == JsonValueKind.String && audience.ValueEquals(clientId);

    /// <summary>Whether a claim is what was read of it: absent, or a text that fits.</summary>
    static bool Is(JsonElement claims, string name, string? read) => read is not null || !claims.TryGetProperty(name, out _);

    static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= LongestName } text ? text : null;

    DateTimeOffset? Time(string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 32_503_680_000
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds) : null;
}
