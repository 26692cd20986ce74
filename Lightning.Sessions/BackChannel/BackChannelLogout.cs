using System.Text.Json;
using System.Text.Json.Serialization;
using Lightning.ServiceDefaults;
using Lightning.Sessions.RelyingParties;
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

namespace Lightning.Sessions.BackChannel;

/// <summary>
/// Where the provider says that a session has ended: OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8. The token is signed, so nothing else
/// proves who calls; what a token must be stands in <see cref="LogoutToken"/>.
/// </summary>
public static partial class BackChannelLogout
{
    const string FormType = "application/x-www-form-urlencoded";
    const string Parameter = "logout_token";
    const int LongestBody = 16 * 1024;
    static readonly JsonDocumentOptions Once = new() { AllowDuplicateProperties = false };
    static readonly JsonWebTokenHandler Reader = new() { MapInboundClaims = false };

    /// <summary>Maps <c>POST {prefix}/backchannel</c>.</summary>
    public static IEndpointConventionBuilder MapBackChannelLogout(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var party = app.ServiceProvider.GetRequiredService<RelyingParty>();
        return app.MapPost(party.BackChannelPath.Value!, HandleAsync).WithName("BackChannelLogout").WithSummary("The provider says that a session has ended.")
            .WithMetadata(NavigationMetadata.Instance, new BodyLimit()).AllowAnonymous();
    }

    static async Task<IResult> HandleAsync(
        HttpContext http, ProviderLogout sessions, ProviderKeys keys, RefusalLimit limit, IOptionsMonitor<OpenIdConnectOptions> schemes,
        IOptions<RelyingPartyOptions> options, TimeProvider clock, ILogger<LogoutAnswer> logger)
    {
        http.Response.Headers.CacheControl = "no-store";
        var address = http.Connection.RemoteIpAddress;
        if (limit.IsSpent(http.Network()))
        {
            http.Response.Headers.RetryAfter = "60";
            return TypedResults.StatusCode(StatusCodes.Status429TooManyRequests);
        }

        var clientId = schemes.Get(Schemes.Provider).ClientId!;
        LogoutToken? logout;
        string? fault;
        try
        {
            (logout, fault) = await ReadAsync(http, keys, schemes, options.Value, clientId, clock);
        }
        catch (Exception away) when (ProviderUnavailableException.IsCauseOf(away))
        {
            // The token may be good: without the provider's keys nobody can say, and it may come again.
            Unproved(logger, away);
            http.Response.Headers.RetryAfter = "5";
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
        fault ??= logout!.FirstFault();
        var ended = fault is null ? await sessions.EndAsync(logout!, clientId, address?.ToString()) : null;
        if (ended is null)
        {
            fault ??= "The token was used before.";
            limit.TryTake(http.Network());
            Refused(logger, fault);
            return TypedResults.Json(new LogoutAnswer("invalid_request", fault), statusCode: StatusCodes.Status400BadRequest);
        }

        foreach (var session in ended) Ended(logger, new SessionMark(session));
        return TypedResults.Ok();
    }

    static async Task<(LogoutToken? Token, string? Fault)> ReadAsync(
        HttpContext http, ProviderKeys keys, IOptionsMonitor<OpenIdConnectOptions> schemes, RelyingPartyOptions options, string clientId, TimeProvider clock)
    {
        // 2.5: a form with one token in it. Others may stand beside it, and mean nothing here.
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase))
            return (null, $"Send a form of the type {FormType}.");
        if ((await http.Request.ReadFormAsync(http.RequestAborted))[Parameter] is not [{ Length: > 0 } text]) return (null, $"Send one {Parameter}.");

        // 2.6, step 2: as an ID token is; none and HS* stand on no list (RFC 8725, 3.1). An encrypted one was never agreed on (step 1).
        if (Read(text) is not { IsSigned: true, IsEncrypted: false } unproved) return (null, "The token is no signed JSON web token.");
        var expected = schemes.Get(Schemes.Provider).TokenValidationParameters.Clone();
        expected.IssuerSigningKeys = await keys.FindAsync(unproved.Kid, http.RequestAborted);
        expected.TryAllIssuerSigningKeys = unproved.Kid is null or "";
        // Issuer, audience and time are checked one by one, by this service's clock.
        (expected.ValidateIssuer, expected.ValidateAudience, expected.ValidateLifetime) = (false, false, false);
        var result = await Reader.ValidateTokenAsync(text, expected);
        if (!result.IsValid) return (null, "The signature is not the provider's.");
        try
        {
            var claims = JsonElement.Parse(Base64UrlEncoder.DecodeBytes(unproved.EncodedPayload), Once);
            return (new LogoutToken(unproved.Typ ?? "", claims, options, clientId, clock.GetUtcNow()), null);
        }
        catch (JsonException)
        {
            return (null, "The token says a thing twice.");
        }
    }

    /// <summary>The token as anybody could have made it, or null where it is none; the library reads some of its claims at once.</summary>
    static JsonWebToken? Read(string text)
    {
        try
        {
            return Reader.CanReadToken(text) ? Reader.ReadJsonWebToken(text) : null;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or JsonException or SecurityTokenException)
        {
            return null;
        }
    }

    /// <summary>2.8; RFC 6749, 5.2.</summary>
    sealed record LogoutAnswer(
        [property: JsonPropertyName("error")] string Error,
        [property: JsonPropertyName("error_description")] string Description);

    sealed class BodyLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => LongestBody;
    }

    [LoggerMessage(50, LogLevel.Information, "The provider has ended session {Session}")]
    static partial void Ended(ILogger logger, SessionMark session);

    [LoggerMessage(52, LogLevel.Error, "A logout token came, and the provider's keys cannot be fetched")]
    static partial void Unproved(ILogger logger, Exception fault);

    [LoggerMessage(51, LogLevel.Warning, "A logout token was refused: {Reason}")]
    static partial void Refused(ILogger logger, string reason);
}
