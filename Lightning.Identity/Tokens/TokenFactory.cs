using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tokens;

/// <summary>Makes signed tokens, and reads its own.</summary>
sealed class TokenFactory(SigningKeys keys, IOptions<ProviderOptions> options, TimeProvider clock)
{
    public const string Audience = "lightning-api";
    public const string AccessTokenType = "at+jwt";
    public const string LogoutTokenType = "logout+jwt";
    const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
    const int UniqueSize = 16;
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>OpenID Connect Back-Channel Logout 1.0, 4: two minutes at the most.</summary>
    static readonly TimeSpan LogoutLifetime = TimeSpan.FromMinutes(2);
    static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };

    /// <summary>A JWT access token (RFC 9068, 2). Without a session it is the client's own: its subject is the client, and it has no sid.</summary>
    public Task<string> AccessTokenAsync(Client client, Grant grant, CancellationToken cancellationToken) =>
        SignAsync(AccessTokenType, grant.Session, grant.Session?.Subject ?? client.Id, Audience, Lifetime, new(StringComparer.Ordinal)
        {
            ["client_id"] = client.Id,
            ["scope"] = grant.Scope,
            ["jti"] = UniqueId(grant.Id),
        }, cancellationToken);

    /// <summary>The grant that an access token of ours belongs to; null for a client's own.</summary>
    public static Guid? GrantOf(JsonWebToken accessToken) =>
        Base64Url.DecodeFromChars(accessToken.Id) is { Length: 2 * UniqueSize } id ? new Guid(id.AsSpan(0, UniqueSize), bigEndian: true) : null;

    // Nobody but this provider reads more in it than that it is unique: so the tokens of a grant need no claim of their own.
    static string UniqueId(Guid? grant)
    {
        var random = RandomNumberGenerator.GetBytes(UniqueSize);
        return Base64Url.EncodeToString(grant is { } id ? [.. id.ToByteArray(bigEndian: true), .. random] : random);
    }

    /// <summary>A logout token (OpenID Connect Back-Channel Logout 1.0, 2.4).</summary>
    public Task<string> LogoutTokenAsync(string clientId, string subject, Guid sid, CancellationToken cancellationToken) =>
        SignAsync(LogoutTokenType, session: null, subject, clientId, LogoutLifetime, new(StringComparer.Ordinal)
        {
            ["sid"] = sid.ToString(),
            ["jti"] = UniqueId(null),
            ["events"] = new Dictionary<string, object>(StringComparer.Ordinal) { [LogoutEvent] = new Dictionary<string, object>(StringComparer.Ordinal) },
        }, cancellationToken);

    /// <summary>An ID token (OpenID Connect Core 1.0, 2 and 3.1.3.6); one got by refreshing has no nonce (12.2).</summary>
    public Task<string> IdTokenAsync(Client client, string[] scope, LiveSession session, string? nonce, string accessToken, CancellationToken cancellationToken)
    {
        var claims = session.Claims(scope);
        claims["at_hash"] = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16));
        if (nonce is not null) claims["nonce"] = nonce;
        return SignAsync("JWT", session, session.Subject, client.Id, Lifetime, claims, cancellationToken);
    }

    /// <summary>The claims of an access token of ours that is good now, or null.</summary>
    public Task<JsonWebToken?> ReadAccessTokenAsync(string token, CancellationToken cancellationToken) =>
        ReadAsync(token, AccessTokenType, Audience, lifetime: true, cancellationToken);

    /// <summary>The claims of an ID token of ours, or null. One used as a hint may have ended (RP-Initiated Logout 1.0, 4).</summary>
    public Task<JsonWebToken?> ReadIdTokenHintAsync(string token, CancellationToken cancellationToken) =>
        ReadAsync(token, "JWT", audience: null, lifetime: false, cancellationToken);

    async Task<string> SignAsync(string type, LiveSession? session, string subject, string audience, TimeSpan lifetime, Dictionary<string, object> claims, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        claims["iss"] = options.Value.Issuer;
        claims["aud"] = audience;
        claims["sub"] = subject;
        claims["iat"] = now.ToUnixTimeSeconds();
        claims["exp"] = (now + lifetime).ToUnixTimeSeconds();
        if (session is not null)
        {
            claims["sid"] = session.Id.ToString();
            claims["auth_time"] = session.AuthTime.ToUnixTimeSeconds();
            claims["amr"] = session.Methods;
            // RFC 8693, 4.1: the subject is the person, and this is who acts as them.
            if (session.ActorSubject is { } actor) claims["act"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["sub"] = actor };
        }
        return Handler.CreateToken(new SecurityTokenDescriptor { Claims = claims, TokenType = type, SigningCredentials = await keys.SignerAsync(cancellationToken) });
    }

    async Task<JsonWebToken?> ReadAsync(string token, string type, string? audience, bool lifetime, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = options.Value.Issuer,
            ValidAudience = audience,
            ValidateAudience = audience is not null,
            ValidTypes = [type],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeys = await keys.VerifiersAsync(cancellationToken),
            ValidateLifetime = lifetime,
            LifetimeValidator = lifetime ? (_, expires, _, _) => expires > now : null,
        });
        return result.IsValid ? (JsonWebToken)result.SecurityToken : null;
    }
}
