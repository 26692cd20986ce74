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

/// <summary>Creates and validates the tokens of this provider.</summary>
sealed class TokenFactory(SigningKeys keys, IOptions<ProviderOptions> options, TimeProvider clock)
{
    public const string Audience = "lightning-api";
    public const string AccessTokenType = "at+jwt";
    public const string LogoutTokenType = "logout+jwt";
    const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
    const int UniqueSize = 16;
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>OpenID Connect Back-Channel Logout 1.0, 4: at most two minutes.</summary>
    static readonly TimeSpan LogoutLifetime = TimeSpan.FromMinutes(2);
    static readonly JsonWebTokenHandler Handler = new()
    {
        SetDefaultTimesOnTokenCreation = false,
        MapInboundClaims = false,
    };

    /// <summary>
    /// Creates a JWT access token (RFC 9068, 2). Without a session, the subject is the client and there is no
    /// <c>sid</c>.
    /// </summary>
    public Task<string> AccessTokenAsync(Client client, Grant grant, CancellationToken cancellationToken) =>
        SignAsync(
            AccessTokenType,
            Lifetime,
            grant.Session,
            new(StringComparer.Ordinal)
            {
                ["aud"] = Audience,
                ["sub"] = grant.Session?.Subject ?? client.Id,
                ["client_id"] = client.Id,
                ["scope"] = grant.Scope,
                ["jti"] = UniqueId(grant.Id),
            },
            cancellationToken
        );

    /// <summary>The id of the grant that an access token belongs to; null for client credentials.</summary>
    public static Guid? GrantIdOf(JsonWebToken accessToken) =>
        Base64Url.DecodeFromChars(accessToken.Id) is { Length: 2 * UniqueSize } id
            ? new Guid(id.AsSpan(0, UniqueSize), bigEndian: true)
            : null;

    // Only this provider reads the grant's id in the jti, so access tokens need no extra claim.
    static string UniqueId(Guid? grant)
    {
        var random = RandomNumberGenerator.GetBytes(UniqueSize);
        return Base64Url.EncodeToString(grant is { } id ? [.. id.ToByteArray(bigEndian: true), .. random] : random);
    }

    /// <summary>Creates a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4).</summary>
    public Task<string> LogoutTokenAsync(
        string clientId,
        string subject,
        Guid sid,
        CancellationToken cancellationToken
    ) =>
        SignAsync(
            LogoutTokenType,
            LogoutLifetime,
            session: null,
            new(StringComparer.Ordinal)
            {
                ["aud"] = clientId,
                ["sub"] = subject,
                ["sid"] = sid.ToString(),
                ["jti"] = UniqueId(null),
                ["events"] = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    [LogoutEvent] = new Dictionary<string, object>(StringComparer.Ordinal),
                },
            },
            cancellationToken
        );

    /// <summary>
    /// Creates an ID token (OpenID Connect Core 1.0, 2 and 3.1.3.6). One issued for a refresh token has no nonce
    /// (12.2).
    /// </summary>
    public Task<string> IdTokenAsync(
        Client client,
        Grant grant,
        string accessToken,
        CancellationToken cancellationToken
    )
    {
        var session = grant.Session ?? throw new ArgumentException("The grant has no session.", nameof(grant));
        var claims = session.Claims(grant.Scope.Split(' '));
        claims["aud"] = client.Id;
        claims["sub"] = session.Subject;
        claims["at_hash"] = WebEncoders.Base64UrlEncode(
            SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16)
        );
        if (grant.Nonce is { } nonce)
            claims["nonce"] = nonce;
        return SignAsync("JWT", Lifetime, session, claims, cancellationToken);
    }

    /// <summary>Validates an access token of this provider. Returns null if it is invalid or has expired.</summary>
    public Task<JsonWebToken?> ReadAccessTokenAsync(string token, CancellationToken cancellationToken) =>
        ReadAsync(token, AccessTokenType, Audience, lifetime: true, cancellationToken);

    /// <summary>
    /// Validates an ID token of this provider that is used as a hint; it may have expired (RP-Initiated Logout 1.0, 4).
    /// Returns null if it is invalid.
    /// </summary>
    public Task<JsonWebToken?> ReadIdTokenHintAsync(string token, CancellationToken cancellationToken) =>
        ReadAsync(token, "JWT", audience: null, lifetime: false, cancellationToken);

    async Task<string> SignAsync(
        string type,
        TimeSpan lifetime,
        ProviderSession? session,
        Dictionary<string, object> claims,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        claims["iss"] = options.Value.Issuer;
        claims["iat"] = now.ToUnixTimeSeconds();
        claims["exp"] = (now + lifetime).ToUnixTimeSeconds();
        if (session is not null)
        {
            claims["sid"] = session.Id.ToString();
            claims["auth_time"] = session.AuthTime.ToUnixTimeSeconds();
            claims["amr"] = session.Methods;
            // RFC 8693, 4.1: sub is the user, act the administrator who impersonates them.
            if (session.ActorSubject is { } actor)
                claims["act"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["sub"] = actor };
        }
        return Handler.CreateToken(
            new SecurityTokenDescriptor
            {
                Claims = claims,
                TokenType = type,
                SigningCredentials = await keys.SignerAsync(cancellationToken),
            }
        );
    }

    async Task<JsonWebToken?> ReadAsync(
        string token,
        string type,
        string? audience,
        bool lifetime,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var result = await Handler.ValidateTokenAsync(
            token,
            new TokenValidationParameters
            {
                ValidIssuer = options.Value.Issuer,
                ValidAudience = audience,
                ValidateAudience = audience is not null,
                ValidTypes = [type],
                ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
                IssuerSigningKeys = await keys.VerifiersAsync(cancellationToken),
                ValidateLifetime = lifetime,
                LifetimeValidator = lifetime ? (_, expires, _, _) => expires > now : null,
            }
        );
        return result.IsValid ? (JsonWebToken)result.SecurityToken : null;
    }
}
