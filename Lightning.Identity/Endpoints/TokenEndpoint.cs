using System.Text.Json.Serialization;
using Lightning.Identity.Clients;
using Lightning.Identity.Grants;
using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// The token endpoint: RFC 6749, 3.2; OpenID Connect Core 1.0, 3.1.3 and 12. Each grant type has its own <see
/// cref="ITokenGrant"/>.
/// </summary>
static class TokenEndpoint
{
    /// <summary>Checks after client authentication.</summary>
    static readonly RequestCheck<ClientRequest>[] Checks =
    [
        GrantTypeIsPresent,
        GrantTypeIsSupported,
        ClientMayUseGrantType,
    ];

    // RFC 6749, 4.1.3 and 6.
    static ProtocolError? GrantTypeIsPresent(ClientRequest caller) =>
        caller.Parameters["grant_type"] is null ? ProtocolError.InvalidRequest("grant_type is missing.") : null;

    // RFC 9700, 2.1.2 and 2.4: no implicit grant, no password grant.
    static ProtocolError? GrantTypeIsSupported(ClientRequest caller) =>
        GrantTypes.All.Contains(caller.Parameters["grant_type"], StringComparer.Ordinal)
            ? null
            : ProtocolError.UnsupportedGrantType($"grant_type must be one of {string.Join(", ", GrantTypes.All)}.");

    // RFC 6749, 5.2.
    static ProtocolError? ClientMayUseGrantType(ClientRequest caller) =>
        caller.Client.GrantTypes.Contains(caller.Parameters["grant_type"]!)
            ? null
            : ProtocolError.UnauthorizedClient("This client may not use this grant_type.");

    public static void MapToken(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Token, HandleAsync);

    static async Task<IResult> HandleAsync(
        HttpContext http,
        ClientAuthentication authentication,
        IEnumerable<ITokenGrant> grants,
        TokenFactory tokens,
        ProviderMetrics metrics
    )
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, authenticationError) = await authentication.AuthenticateAsync(http);
        if (authenticationError is not null)
            return authenticationError.ToResult(http);
        if (Checks.FirstError(caller!) is { } requestError)
            return requestError.ToResult(http);

        var handler = grants.Single(handler => handler.Type == caller!.Parameters["grant_type"]);
        var (grant, error) = handler.Checks.FirstError(caller!) is { } invalid
            ? (null, invalid)
            : await handler.HandleAsync(caller!);
        metrics.TokenRequestAnswered(handler.Type, error?.Code);
        return error is not null
            ? error.ToResult(http)
            : Results.Json(
                await CreateResponseAsync(caller!.Client, grant!, tokens),
                ProtocolJson.Default.TokenResponse
            );
    }

    // Not cancelled with the request: the previous refresh token is already used.
    static async Task<TokenResponse> CreateResponseAsync(Client client, Grant grant, TokenFactory tokens)
    {
        var scope = grant.Scope.Split(' ');
        var accessToken = await tokens.AccessTokenAsync(client, grant, CancellationToken.None);
        var idToken =
            grant.Session is not null && scope.Contains(Scopes.OpenId, StringComparer.Ordinal)
                ? await tokens.IdTokenAsync(client, grant, accessToken, CancellationToken.None)
                : null;
        return new TokenResponse
        {
            AccessToken = accessToken,
            TokenType = "Bearer",
            ExpiresIn = (int)TokenFactory.Lifetime.TotalSeconds,
            Scope = grant.Scope,
            RefreshToken = grant.RefreshToken,
            IdToken = idToken,
            IssuedTokenType = grant.IssuedTokenType,
        };
    }
}

/// <summary>RFC 6749, 5.1; OpenID Connect Core 1.0, 3.1.3.3; RFC 8693, 2.2.1.</summary>
sealed record TokenResponse
{
    [JsonPropertyName("access_token")]
    public required string AccessToken { get; init; }

    [JsonPropertyName("token_type")]
    public required string TokenType { get; init; }

    /// <summary>The access token's lifetime in seconds.</summary>
    [JsonPropertyName("expires_in")]
    public required int ExpiresIn { get; init; }

    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    [JsonPropertyName("refresh_token")]
    public string? RefreshToken { get; init; }

    [JsonPropertyName("id_token")]
    public string? IdToken { get; init; }

    [JsonPropertyName("issued_token_type")]
    public string? IssuedTokenType { get; init; }

    /// <summary>Without the tokens, which a record would print.</summary>
    public override string ToString() => TokenType;
}
