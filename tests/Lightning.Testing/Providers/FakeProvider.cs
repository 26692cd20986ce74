using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Testing;

/// <summary>
/// An OpenID provider on a loopback port that signs in every user and misbehaves on request. It strictly checks client
/// secret, code verifier, and single use of codes, request URIs and refresh tokens.
/// </summary>
public sealed partial class FakeProvider : IAsyncDisposable
{
    public const string ClientId = "lightning-test";
    public const string ClientSecret = "the secret of the test client, which is long";

    ECDsaSecurityKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "key-1" };
    readonly ConcurrentDictionary<string, Dictionary<string, string>> _pushed = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, Dictionary<string, string>> _codes = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, bool> _refreshTokens = new(StringComparer.Ordinal);
    readonly WebApplication _app;
    int _tokens;

    FakeProvider(WebApplication app) => _app = app;

    public string Issuer => _app.Urls.First();

    public TimeProvider Clock { get; set; } = TimeProvider.System;
    public Guid Subject { get; set; } = Guid.NewGuid();
    public Guid Sid { get; set; } = Guid.NewGuid();
    public bool OffersPar { get; set; } = true;
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Changes the ID token's claims before it is signed.</summary>
    public Action<Dictionary<string, object>> IdToken { get; set; } = _ => { };

    /// <summary>Sends the ID token unsigned.</summary>
    public bool WithoutSignature { get; set; }

    /// <summary>The key that signs ID tokens; null for the provider's own.</summary>
    public SigningCredentials? Signer { get; set; }

    /// <summary>A public client, allowed by CORS from <see cref="PublicClientOrigin"/>.</summary>
    public string? PublicClientId { get; set; }

    /// <summary>The origin that CORS allows.</summary>
    public string? PublicClientOrigin { get; set; }

    /// <summary>The <c>iss</c> of the authorization response; null leaves it out.</summary>
    public string? ResponseIssuer { get; set; }

    /// <summary>The issuer of the metadata.</summary>
    public string? MetadataIssuer { get; set; }

    /// <summary>Answers the authorization request with this error.</summary>
    public string? AuthorizationError { get; set; }

    /// <summary>Handles a refresh; null falls back to the provider.</summary>
    public Func<Task<IResult?>> BeforeRefresh { get; set; } = () => Task.FromResult<IResult?>(null);

    /// <summary>Handles a revocation; null falls back to the provider.</summary>
    public Func<IResult?> BeforeRevocation { get; set; } = () => null;

    /// <summary>Responds 503 to everything, like a proxy in front of a provider that is down.</summary>
    public bool IsAway { get; set; }

    public ConcurrentQueue<Dictionary<string, string>> PushedRequests { get; } = new();
    public ConcurrentQueue<Dictionary<string, string>> AuthorizationRequests { get; } = new();
    public ConcurrentQueue<Dictionary<string, string>> Redemptions { get; } = new();
    public ConcurrentQueue<Dictionary<string, string>> Refreshes { get; } = new();
    public ConcurrentQueue<Dictionary<string, string>> Revocations { get; } = new();

    /// <summary>
    /// Rotates a refresh token as for a client that loses the response; with leeway, the old one stays valid.
    /// </summary>
    public void Rotate(string refreshToken, bool isStillGood)
    {
        if (!_refreshTokens.TryRemove(refreshToken, out _))
            throw new InvalidOperationException("There is no such refresh token.");
        Tokens(nonce: null, ClientId);
        if (isStillGood)
            _refreshTokens[refreshToken] = true;
    }

    public static async Task<FakeProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new FakeProvider(app);
        provider.Map();
        await app.StartAsync();
        provider.ResponseIssuer = provider.Issuer;
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    void Map()
    {
        _app.Use(
            (context, next) =>
            {
                if (!IsAway)
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return Task.CompletedTask;
            }
        );
        _app.Use(
            (context, next) =>
            {
                if (PublicClientOrigin is null || context.Request.Headers.Origin != PublicClientOrigin)
                    return next(context);
                context.Response.Headers.AccessControlAllowOrigin = PublicClientOrigin;
                context.Response.Headers.AccessControlAllowHeaders = "content-type";
                if (!HttpMethods.IsOptions(context.Request.Method))
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
        );
        _app.MapGet("/.well-known/openid-configuration", Metadata);
        _app.MapGet("/jwks", Keys);
        _app.MapPost("/par", async (HttpRequest request) => Push(await FormAsync(request)));
        _app.MapGet(
            "/authorize",
            (HttpRequest request) =>
                Authorize(
                    request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal)
                )
        );
        _app.MapPost("/token", async (HttpRequest request) => await TokenAsync(await FormAsync(request)));
        _app.MapPost("/revoke", async (HttpRequest request) => Revoke(await FormAsync(request)));
    }

    IResult Metadata()
    {
        var metadata = new Dictionary<string, object>
        {
            ["issuer"] = MetadataIssuer ?? Issuer,
            ["jwks_uri"] = $"{Issuer}/jwks",
            ["authorization_endpoint"] = $"{Issuer}/authorize",
            ["token_endpoint"] = $"{Issuer}/token",
            ["revocation_endpoint"] = $"{Issuer}/revoke",
            ["end_session_endpoint"] = $"{Issuer}/endsession",
            ["authorization_response_iss_parameter_supported"] = true,
            ["id_token_signing_alg_values_supported"] = new[] { SecurityAlgorithms.EcdsaSha256 },
            ["code_challenge_methods_supported"] = new[] { "S256" },
        };
        if (OffersPar)
            metadata["pushed_authorization_request_endpoint"] = $"{Issuer}/par";
        return Results.Json(metadata);
    }

    IResult Keys()
    {
        Interlocked.Increment(ref _keyFetches);
        var point = _key.ECDsa.ExportParameters(false).Q;
        return Results.Json(
            new
            {
                keys = new[]
                {
                    new
                    {
                        kty = "EC",
                        use = "sig",
                        alg = "ES256",
                        kid = _key.KeyId,
                        crv = "P-256",
                        x = WebEncoders.Base64UrlEncode(point.X!),
                        y = WebEncoders.Base64UrlEncode(point.Y!),
                    },
                },
            }
        );
    }

    IResult Push(Dictionary<string, string> form)
    {
        if (!IsClient(form))
            return Refuse("invalid_client", 401);
        PushedRequests.Enqueue(form);
        var uri = $"urn:ietf:params:oauth:request_uri:{Guid.NewGuid():N}";
        _pushed[uri] = form;
        return Results.Json(new { request_uri = uri, expires_in = 60 }, statusCode: 201);
    }

    IResult Authorize(Dictionary<string, string> query)
    {
        AuthorizationRequests.Enqueue(query);
        var request = query;
        if (query.TryGetValue("request_uri", out var uri) && !_pushed.TryRemove(uri, out request))
            return Refuse("invalid_request_uri");

        var answer = new Dictionary<string, string?>(StringComparer.Ordinal) { ["state"] = request!["state"] };
        if (ResponseIssuer is not null)
            answer["iss"] = ResponseIssuer;
        if (AuthorizationError is not null)
        {
            answer["error"] = AuthorizationError;
        }
        else
        {
            answer["code"] = Guid.NewGuid().ToString("N");
            _codes[answer["code"]!] = request;
        }
        return Results.Redirect(QueryHelpers.AddQueryString(request["redirect_uri"], answer));
    }

    async Task<IResult> TokenAsync(Dictionary<string, string> form)
    {
        if (!IsClient(form))
            return Refuse("invalid_client", 401);
        if (form["grant_type"] == "refresh_token")
            return await RefreshAsync(form);

        Redemptions.Enqueue(form);
        if (
            !_codes.TryRemove(form["code"], out var request)
            || request["redirect_uri"] != form["redirect_uri"]
            || !form.TryGetValue("code_verifier", out var verifier)
            || WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))
                != request["code_challenge"]
        )
            return Refuse("invalid_grant");
        return Tokens(request["nonce"], request["client_id"]);
    }

    async Task<IResult> RefreshAsync(Dictionary<string, string> form)
    {
        Refreshes.Enqueue(form);
        if (await BeforeRefresh() is { } instead)
            return instead;
        return _refreshTokens.TryRemove(form["refresh_token"], out _)
            ? Tokens(nonce: null, ClientId)
            : Refuse("invalid_grant");
    }

    IResult Tokens(string? nonce, string audience)
    {
        var number = Interlocked.Increment(ref _tokens);
        var (access, refresh) = ($"access-canary-{number}", $"refresh-canary-{number}");
        _refreshTokens[refresh] = true;
        return Results.Json(
            new
            {
                access_token = access,
                token_type = "Bearer",
                expires_in = (int)AccessTokenLifetime.TotalSeconds,
                refresh_token = refresh,
                id_token = nonce is null ? null : NewIdToken(nonce, access, audience),
            }
        );
    }

    /// <summary>An ID token like the token endpoint's.</summary>
    public string NewIdToken(string nonce, string accessToken = "", string audience = ClientId)
    {
        var now = Clock.GetUtcNow().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["iss"] = Issuer,
            ["aud"] = audience,
            ["sub"] = Subject.ToString(),
            ["sid"] = Sid.ToString(),
            ["nonce"] = nonce,
            ["iat"] = now,
            ["exp"] = now + 300,
            ["auth_time"] = now,
            ["name"] = "Ada",
            ["email"] = "ada@example.org",
            ["email_verified"] = true,
            ["at_hash"] = WebEncoders.Base64UrlEncode(
                SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16)
            ),
        };
        IdToken(claims);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
            new SecurityTokenDescriptor
            {
                Claims = claims,
                SigningCredentials = WithoutSignature
                    ? null
                    : Signer ?? new SigningCredentials(_key, SecurityAlgorithms.EcdsaSha256),
            }
        );
    }

    IResult Revoke(Dictionary<string, string> form)
    {
        if (!IsClient(form))
            return Refuse("invalid_client", 401);
        if (BeforeRevocation() is { } instead)
            return instead;
        Revocations.Enqueue(form);
        _refreshTokens.TryRemove(form["token"], out _);
        return Results.Ok();
    }

    bool IsClient(Dictionary<string, string> form) =>
        form.GetValueOrDefault("client_id") is { } id
        && (
            (id == ClientId && form.GetValueOrDefault("client_secret") == ClientSecret)
            || (id == PublicClientId && !form.ContainsKey("client_secret"))
        );

    static IResult Refuse(string error, int status = 400) => Results.Json(new { error }, statusCode: status);

    /// <summary>The form with the client's credentials, from the form or the header.</summary>
    static async Task<Dictionary<string, string>> FormAsync(HttpRequest request)
    {
        var form = (await request.ReadFormAsync()).ToDictionary(
            pair => pair.Key,
            pair => pair.Value.ToString(),
            StringComparer.Ordinal
        );
        if (
            AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)
            && header is { Scheme: "Basic", Parameter: { } credentials }
        )
        {
            var pair = Encoding
                .UTF8.GetString(Convert.FromBase64String(credentials))
                .Split(':')
                .Select(WebUtility.UrlDecode)
                .ToArray();
            (form["client_id"], form["client_secret"]) = (pair[0]!, pair[1]!);
        }
        return form;
    }
}
