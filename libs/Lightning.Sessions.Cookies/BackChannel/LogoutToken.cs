using System.Text.Json;
using Lightning.Sessions.Cookies.Provider;

namespace Lightning.Sessions.Cookies.BackChannel;

/// <summary>A logout token with a valid signature, and the validation of its claims.</summary>
sealed class LogoutToken(
    string type,
    JsonElement claims,
    RelyingPartyOptions options,
    string clientId,
    DateTimeOffset now
)
{
    /// <summary>
    /// The longest accepted lifetime (OpenID Connect Back-Channel Logout 1.0, 4). Used tokens are stored no longer.
    /// </summary>
    static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(2);

    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    const string Event = "http://schemas.openid.net/event/backchannel-logout";
    const int MaxLength = 256;

    /// <summary>
    /// The steps of OpenID Connect Back-Channel Logout 1.0, 2.6, in their order. Each returns null or an error for the
    /// sender. <see cref="BackChannelLogout"/> checks the signature (step 2), <see cref="LogoutTokenHandler"/> the
    /// replay (step 7).
    /// </summary>
    static readonly Func<LogoutToken, string?>[] Checks =
    [
        TypeIsLogoutToken,
        IssuerIsTheProvider,
        AudienceIsThisClient,
        IssuedAtIsNotInTheFuture,
        ExpiryIsInTheFuture,
        LifetimeIsShort,
        SubjectOrSidIsPresent,
        EventIsLogout,
        NonceIsAbsent,
        IdentifierIsPresent,
    ];

    /// <summary>The provider's issuer, as configured.</summary>
    public string Issuer => options.Authority;

    /// <summary>The <c>sub</c> claim; null if the token has none.</summary>
    public string? Subject { get; } = Text(claims, "sub");

    /// <summary>The <c>sid</c> claim; null if the token has none.</summary>
    public string? Sid { get; } = Text(claims, "sid");

    /// <summary>The <c>jti</c> claim, unique to the token.</summary>
    public string? Identifier { get; } = Text(claims, "jti");

    /// <summary>When a replay is refused as expired, so that the stored use can be deleted.</summary>
    public DateTimeOffset ReplayableUntil => Time("exp")!.Value + ClockSkew;

    /// <summary>The error of the first check that fails; null if the token is valid.</summary>
    public string? FirstError() => Checks.Select(check => check(this)).FirstOrDefault(error => error is not null);

    // 2.4 and RFC 8725, 3.11. Many providers send no typ (4.1): see AcceptUntypedLogoutTokens.
    static string? TypeIsLogoutToken(LogoutToken logout) =>
        string.Equals(logout.Type, "logout+jwt", StringComparison.OrdinalIgnoreCase)
        || (
            logout.AcceptsUntyped
            && (logout.Type.Length == 0 || logout.Type.Equals("JWT", StringComparison.OrdinalIgnoreCase))
        )
            ? null
            : "typ must be logout+jwt.";

    // 2.6, step 3; OpenID Connect Core 1.0, 3.1.3.7.
    static string? IssuerIsTheProvider(LogoutToken logout) =>
        string.Equals(Text(logout.Claims, "iss"), logout.Issuer, StringComparison.Ordinal)
            ? null
            : "iss is not the provider.";

    static string? AudienceIsThisClient(LogoutToken logout) =>
        logout.Claims.TryGetProperty("aud", out var audience)
        && (
            audience.ValueKind == JsonValueKind.Array
                ? audience.EnumerateArray().Any(logout.IsThisClient)
                : logout.IsThisClient(audience)
        )
            ? null
            : "aud is not this client.";

    static string? IssuedAtIsNotInTheFuture(LogoutToken logout) =>
        logout.Time("iat") is { } issuedAt && issuedAt <= logout.Now + ClockSkew
            ? null
            : "iat must be a time in the past.";

    static string? ExpiryIsInTheFuture(LogoutToken logout) =>
        logout.Time("exp") is { } expiry && expiry > logout.Now - ClockSkew
            ? null
            : "exp must be a time in the future.";

    // 4: a stolen token with a long lifetime could sign a user out later.
    static string? LifetimeIsShort(LogoutToken logout) =>
        logout.Time("exp") - logout.Time("iat") <= MaxLifetime + ClockSkew
            ? null
            : "exp must be at most two minutes after iat.";

    // 2.6, step 4.
    static string? SubjectOrSidIsPresent(LogoutToken logout) =>
        (logout.Subject ?? logout.Sid) is null ? "sub or sid is missing."
        : IsAbsentOrValid(logout.Claims, "sub", logout.Subject) && IsAbsentOrValid(logout.Claims, "sid", logout.Sid)
            ? null
        : "sub and sid must be strings of up to 256 characters.";

    // 2.6, step 5: the member's value is an object, usually empty.
    static string? EventIsLogout(LogoutToken logout) =>
        logout.Claims.TryGetProperty("events", out var events)
        && events.ValueKind == JsonValueKind.Object
        && events.TryGetProperty(Event, out var member)
        && member.ValueKind == JsonValueKind.Object
            ? null
            : $"events must have an object as {Event}.";

    // 2.6, step 6: an ID token is not a logout token.
    static string? NonceIsAbsent(LogoutToken logout) =>
        logout.Claims.TryGetProperty("nonce", out _) ? "nonce must not be present." : null;

    // 2.4; without jti a replay cannot be detected.
    static string? IdentifierIsPresent(LogoutToken logout) =>
        logout.Identifier is { Length: > 0 } ? null : "jti is missing.";

    JsonElement Claims => claims;

    string Type => type;

    DateTimeOffset Now => now;

    bool AcceptsUntyped => options.AcceptUntypedLogoutTokens;

    bool IsThisClient(JsonElement audience) =>
        audience.ValueKind == JsonValueKind.String && audience.ValueEquals(clientId);

    /// <summary>Whether a claim is absent, or a string of a valid length.</summary>
    static bool IsAbsentOrValid(JsonElement claims, string name, string? value) =>
        value is not null || !claims.TryGetProperty(name, out _);

    static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 and <= MaxLength } text
            ? text
            : null;

    DateTimeOffset? Time(string name) =>
        claims.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out var seconds)
        && seconds is >= 0 and < 32_503_680_000
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
}
