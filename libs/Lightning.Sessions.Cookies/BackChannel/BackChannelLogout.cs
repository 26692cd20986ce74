using System.Text.Json;
using System.Text.Json.Serialization;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace Lightning.Sessions.Cookies.BackChannel;

/// <summary>
/// The back-channel logout endpoint: OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8. The token's signature
/// authenticates the provider; <see cref="LogoutToken"/> validates the claims.
/// </summary>
public static partial class BackChannelLogout
{
    const string FormType = "application/x-www-form-urlencoded";
    const string Parameter = "logout_token";
    const int MaxBodyBytes = 16 * 1024;
    static readonly JsonDocumentOptions NoDuplicates = new() { AllowDuplicateProperties = false };
    static readonly JsonWebTokenHandler Reader = new() { MapInboundClaims = false };

    /// <summary>Maps <c>POST {prefix}/backchannel</c>.</summary>
    public static IEndpointConventionBuilder MapBackChannelLogout(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var party = app.ServiceProvider.GetRequiredService<RelyingParty>();
        return app.MapPost(party.BackChannelPath.Value!, HandleAsync)
            .WithName("BackChannelLogout")
            .WithSummary("Receives the provider's logout token and ends the sessions that it names.")
            .WithMetadata(NavigationMetadata.Instance, new BodyLimit())
            .AllowAnonymous();
    }

    static async Task<IResult> HandleAsync(HttpContext http, [AsParameters] LogoutServices services)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (services.Limit.IsExhausted(http.Network()))
        {
            http.Response.Headers.RetryAfter = "60";
            return TypedResults.StatusCode(StatusCodes.Status429TooManyRequests);
        }

        LogoutToken? token;
        string? error;
        try
        {
            (token, error) = await ReadAsync(http, services);
        }
        catch (Exception ex) when (ProviderUnavailableException.IsCauseOf(ex))
        {
            // The token may be valid: without the provider's keys it cannot be checked, so the provider may retry.
            KeysUnavailable(services.Logger, ex);
            http.Response.Headers.RetryAfter = "5";
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        error ??= token!.FirstError();
        var ip = http.Connection.RemoteIpAddress?.ToString();
        var ended = error is null ? await services.Handler.EndAsync(token!, services.ClientId, ip) : null;
        if (ended is null)
        {
            error ??= "The token was used before.";
            services.Limit.TryTake(http.Network());
            Refused(services.Logger, error);
            return TypedResults.Json(
                new LogoutAnswer("invalid_request", error),
                statusCode: StatusCodes.Status400BadRequest
            );
        }

        foreach (var session in ended)
            Ended(services.Logger, new SessionLogId(session));
        return TypedResults.Ok();
    }

    static async Task<(LogoutToken? Token, string? Error)> ReadAsync(HttpContext http, LogoutServices services)
    {
        // 2.5: a form with exactly one token; other parameters are ignored.
        if (
            !MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            || !type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase)
        )
            return (null, $"Send a form of the type {FormType}.");
        if ((await http.Request.ReadFormAsync(http.RequestAborted))[Parameter] is not [{ Length: > 0 } text])
            return (null, $"Send one {Parameter}.");

        // 2.6, step 2: validated like an ID token. "none" and HS* are not allowed (RFC 8725, 3.1), and encryption was
        // not registered (step 1).
        if (Read(text) is not { IsSigned: true, IsEncrypted: false } unverified)
            return (null, "The token is not a signed JSON web token.");
        var parameters = services.Oidc.TokenValidationParameters.Clone();
        parameters.IssuerSigningKeys = await services.Keys.FindAsync(unverified.Kid, http.RequestAborted);
        parameters.TryAllIssuerSigningKeys = unverified.Kid is null or "";
        // LogoutToken validates issuer, audience and lifetime, by this service's clock.
        parameters.ValidateIssuer = false;
        parameters.ValidateAudience = false;
        parameters.ValidateLifetime = false;
        var result = await Reader.ValidateTokenAsync(text, parameters);
        if (!result.IsValid)
            return (null, "The signature is not the provider's.");
        try
        {
            var claims = JsonElement.Parse(Base64UrlEncoder.DecodeBytes(unverified.EncodedPayload), NoDuplicates);
            var options = services.Options.Value;
            var now = services.Clock.GetUtcNow();
            return (new LogoutToken(unverified.Typ ?? "", claims, options, services.ClientId, now), null);
        }
        catch (JsonException)
        {
            return (null, "The token has a duplicate claim.");
        }
    }

    /// <summary>The unverified token; null if the text is not a JSON web token.</summary>
    static JsonWebToken? Read(string text)
    {
        try
        {
            return Reader.CanReadToken(text) ? Reader.ReadJsonWebToken(text) : null;
        }
        catch (Exception ex)
            when (ex is ArgumentException or FormatException or JsonException or SecurityTokenException)
        {
            return null;
        }
    }

    /// <summary>The services that the endpoint needs.</summary>
    sealed record LogoutServices(
        LogoutTokenHandler Handler,
        ProviderKeys Keys,
        InvalidLogoutTokenLimit Limit,
        IOptionsMonitor<OpenIdConnectOptions> Schemes,
        IOptions<RelyingPartyOptions> Options,
        TimeProvider Clock,
        ILogger<LogoutAnswer> Logger
    )
    {
        public OpenIdConnectOptions Oidc => Schemes.Get(Provider.Schemes.Provider);

        public string ClientId => Oidc.ClientId!;
    }

    /// <summary>The error response: Back-Channel Logout 1.0, 2.8; RFC 6749, 5.2.</summary>
    sealed record LogoutAnswer(
        [property: JsonPropertyName("error")] string Error,
        [property: JsonPropertyName("error_description")] string Description
    );

    sealed class BodyLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => MaxBodyBytes;
    }

    [LoggerMessage(50, LogLevel.Information, "The provider has ended session {Session}")]
    static partial void Ended(ILogger logger, SessionLogId session);

    [LoggerMessage(52, LogLevel.Error, "A logout token cannot be checked: the provider's keys cannot be fetched")]
    static partial void KeysUnavailable(ILogger logger, Exception ex);

    [LoggerMessage(51, LogLevel.Warning, "A logout token was refused: {Reason}")]
    static partial void Refused(ILogger logger, string reason);
}
