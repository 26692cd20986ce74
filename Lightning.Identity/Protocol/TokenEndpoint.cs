using System.Text.Json.Serialization;
using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>The token endpoint: RFC 6749, 3.2; OpenID Connect Core 1.0, 3.1.3 and 12.</summary>
static class TokenEndpoint
{
    /// <summary>What every call must be, once the client has proved itself; what its grant asks besides stands in <see cref="Codes"/> and <see cref="RefreshTokens"/>.</summary>
    static readonly Check<Caller>[] Checks =
    [
        GrantTypeIsNamed,
        GrantTypeIsOffered,
        GrantTypeIsTheClients,
        CredentialIsThere,
    ];

    // RFC 6749, 4.1.3 and 6.
    static ProtocolError? GrantTypeIsNamed(Caller caller) => caller.Parameters["grant_type"] is null ? ProtocolError.InvalidRequest("grant_type is missing.") : null;

    // RFC 9700, 2.1.2 and 2.4: no implicit grant, no password grant.
    static ProtocolError? GrantTypeIsOffered(Caller caller) =>
        GrantTypes.All.Contains(caller.Parameters["grant_type"], StringComparer.Ordinal) ? null
            : ProtocolError.UnsupportedGrantType($"grant_type must be one of {string.Join(", ", GrantTypes.All)}.");

    // RFC 6749, 5.2.
    static ProtocolError? GrantTypeIsTheClients(Caller caller) =>
        caller.Client.GrantTypes.Contains(caller.Parameters["grant_type"]!) ? null : ProtocolError.UnauthorizedClient("This client may not use this grant_type.");

    // RFC 6749, 4.1.3 and 6.
    static ProtocolError? CredentialIsThere(Caller caller) =>
        caller.Parameters[CredentialName(caller)] is null ? ProtocolError.InvalidRequest($"{CredentialName(caller)} is missing.") : null;

    static string CredentialName(Caller caller) => caller.Parameters["grant_type"] == GrantTypes.RefreshToken ? "refresh_token" : "code";

    public static void MapToken(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Token, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, Codes codes, RefreshTokens refreshTokens, TokenFactory tokens)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, stranger) = await authentication.AuthenticateAsync(http);
        if (stranger is not null) return stranger.ToResult(http);
        if (Checks.FirstFault(caller!) is { } refusal) return refusal.ToResult(http);

        var (client, credential) = (caller!.Client, caller.Parameters[CredentialName(caller)]!);
        var (grant, fault) = caller.Parameters["grant_type"] == GrantTypes.RefreshToken
            ? await refreshTokens.RotateAsync(client, credential, caller.Parameters["scope"])
            : await codes.RedeemAsync(client, caller.Parameters, credential);
        return fault is not null ? fault.ToResult(http) : Results.Json(await AnswerAsync(client, grant!, tokens), ProtocolJson.Default.TokenAnswer);
    }

    // Not cancelled with the request: the refresh token before this one is already spent.
    static async Task<TokenAnswer> AnswerAsync(Client client, Grant grant, TokenFactory tokens)
    {
        var scope = grant.Scope.Split(' ');
        var accessToken = await tokens.AccessTokenAsync(client, grant.Scope, grant.Session, CancellationToken.None);
        var idToken = scope.Contains(Scopes.OpenId, StringComparer.Ordinal)
            ? await tokens.IdTokenAsync(client, scope, grant.Session, grant.Nonce, accessToken, CancellationToken.None) : null;
        return new TokenAnswer(accessToken, "Bearer", (int)TokenFactory.Lifetime.TotalSeconds, grant.Scope, grant.RefreshToken, idToken);
    }
}

/// <summary>RFC 6749, 5.1; OpenID Connect Core 1.0, 3.1.3.3.</summary>
sealed class TokenAnswer(string accessToken, string tokenType, int expiresIn, string scope, string? refreshToken, string? idToken)
{
    [JsonPropertyName("access_token")]
    public string AccessToken { get; } = accessToken;

    [JsonPropertyName("token_type")]
    public string TokenType { get; } = tokenType;

    /// <summary>Seconds.</summary>
    [JsonPropertyName("expires_in")]
    public int ExpiresIn { get; } = expiresIn;

    [JsonPropertyName("scope")]
    public string Scope { get; } = scope;

    [JsonPropertyName("refresh_token")]
    public string? RefreshToken { get; } = refreshToken;

    [JsonPropertyName("id_token")]
    public string? IdToken { get; } = idToken;
}
