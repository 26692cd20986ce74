using System.Text.Json.Serialization;
using Lightning.Identity.Clients;
using Lightning.Identity.Grants;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>The token endpoint: RFC 6749, 3.2; OpenID Connect Core 1.0, 3.1.3 and 12. What each grant asks besides stands in its own file.</summary>
static class TokenEndpoint
{
    /// <summary>What every call must be, once the client has proved itself.</summary>
    static readonly Check<Caller>[] Checks =
    [
        GrantTypeIsNamed,
        GrantTypeIsOffered,
        GrantTypeIsTheClients,
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

    public static void MapToken(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Token, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, IEnumerable<ITokenGrant> grants, TokenFactory tokens, ProviderMetrics metrics)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, stranger) = await authentication.AuthenticateAsync(http);
        if (stranger is not null) return stranger.ToResult(http);
        if (Checks.FirstFault(caller!) is { } refusal) return refusal.ToResult(http);

        var way = grants.Single(way => way.Type == caller!.Parameters["grant_type"]);
        var (grant, fault) = way.Checks.FirstFault(caller!) is { } unfit ? (null, unfit) : await way.GiveAsync(caller!);
        metrics.Answered(way.Type, fault?.Code);
        return fault is not null ? fault.ToResult(http) : Results.Json(await AnswerAsync(caller!.Client, grant!, tokens), ProtocolJson.Default.TokenAnswer);
    }

    // Not cancelled with the request: the refresh token before this one is already spent.
    static async Task<TokenAnswer> AnswerAsync(Client client, Grant grant, TokenFactory tokens)
    {
        var scope = grant.Scope.Split(' ');
        var accessToken = await tokens.AccessTokenAsync(client, grant, CancellationToken.None);
        var idToken = grant.Session is { } session && scope.Contains(Scopes.OpenId, StringComparer.Ordinal)
            ? await tokens.IdTokenAsync(client, scope, session, grant.Nonce, accessToken, CancellationToken.None) : null;
        return new TokenAnswer
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
sealed record TokenAnswer
{
    [JsonPropertyName("access_token")]
    public required string AccessToken { get; init; }

    [JsonPropertyName("token_type")]
    public required string TokenType { get; init; }

    /// <summary>Seconds.</summary>
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

    /// <summary>Its kind alone: a record would print its tokens.</summary>
    public override string ToString() => TokenType;
}
