using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Sessions.Providers;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Validates an upstream provider's ID token that a client presents for exchange: OpenID Connect Core 1.0, 3.1.3.7.
/// Errors are <c>invalid_request</c> (RFC 8693, 2.2.2).
/// </summary>
sealed class UpstreamTokens(UpstreamProviders providers, TimeProvider clock, ILogger<UpstreamTokens> logger)
{
    /// <summary>An app exchanges an ID token right away; an older one is suspicious.</summary>
    static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);
    static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    static readonly RequestCheck<PresentedToken>[] Checks =
    [
        IssuerIsKnown,
        ProviderIsAvailable,
        AlgorithmIsAllowed,
        SignatureIsValid,
        AudienceIsAccepted,
        AuthorizedPartyIsAccepted,
        TokenIsNotExpired,
        TokenIsRecent,
        SubjectIsPresent,
        NonceIsPresent,
    ];

    // OpenID Connect Core 1.0, 3.1.3.7, 2; RFC 9700, 4.4: the issuer selects the keys, and only configured providers
    // are contacted.
    static ProtocolError? IssuerIsKnown(PresentedToken presented) =>
        presented.Provider is { Options.AcceptedAudiences.Length: > 0 } ? null : Invalid("has an unknown issuer");

    // Not an error of the client, which may try the same token again (RFC 6749, 4.1.2.1).
    static ProtocolError? ProviderIsAvailable(PresentedToken presented) =>
        presented.IsProviderUnavailable
            ? new ProtocolError(
                "temporarily_unavailable",
                "The provider of the ID token is not available; try again in a few seconds."
            )
            : null;

    // ASVS 5.0, 9.1.2: an allow list without none and symmetric algorithms.
    static ProtocolError? AlgorithmIsAllowed(PresentedToken presented) =>
        UpstreamProvider.Algorithms.Contains(presented.Token!.Alg, StringComparer.Ordinal)
            ? null
            : Invalid("is signed with an algorithm that is not accepted");

    // OpenID Connect Core 1.0, 3.1.3.7, 6.
    static ProtocolError? SignatureIsValid(PresentedToken presented) =>
        presented.Result!.IsValid
        || presented.Result.Exception
            is SecurityTokenInvalidAudienceException
                or SecurityTokenInvalidLifetimeException
                or SecurityTokenExpiredException
                or SecurityTokenNoExpirationException
                or SecurityTokenNotYetValidException
            ? null
            : Invalid("is not signed by its issuer");

    // OpenID Connect Core 1.0, 3.1.3.7, 3: issued to one of our own apps.
    static ProtocolError? AudienceIsAccepted(PresentedToken presented) =>
        presented.Token!.Audiences.Any(presented.Accepts)
        && presented.Result!.Exception is not SecurityTokenInvalidAudienceException
            ? null
            : Invalid("has an audience that is not accepted");

    // OpenID Connect Core 1.0, 3.1.3.7, 4 and 5.
    static ProtocolError? AuthorizedPartyIsAccepted(PresentedToken presented) =>
        presented.Text("azp") is { } party
            ? presented.Accepts(party)
                ? null
                : Invalid("was issued to another party")
            : presented.Token!.Audiences.Skip(1).Any()
                ? Invalid("has several audiences and no azp")
                : null;

    // OpenID Connect Core 1.0, 3.1.3.7, 9.
    static ProtocolError? TokenIsNotExpired(PresentedToken presented) =>
        presented.Result!.IsValid ? null : Invalid("has expired, or has no expiry");

    // OpenID Connect Core 1.0, 3.1.3.7, 10.
    static ProtocolError? TokenIsRecent(PresentedToken presented) =>
        presented.Token!.TryGetPayloadValue<long>("iat", out var issued)
        && presented.Now.ToUnixTimeSeconds() - issued is var age
        && age <= MaxAge.TotalSeconds
        && age >= -UpstreamProvider.ClockSkew.TotalSeconds
            ? null
            : Invalid("was not issued in the last ten minutes");

    // OpenID Connect Core 1.0, 2.
    static ProtocolError? SubjectIsPresent(PresentedToken presented) =>
        presented.User is null ? Invalid("has no subject, or one that is too long") : null;

    // OpenID Connect Core 1.0, 3.1.3.7, 11. The grant checks that the nonce was issued to this client.
    static ProtocolError? NonceIsPresent(PresentedToken presented) =>
        presented.Nonce is null ? Invalid("has no nonce") : null;

    static ProtocolError Invalid(string reason) => ProtocolError.InvalidRequest($"subject_token {reason}.");

    /// <summary>Validates the token. Returns it or an error.</summary>
    public async Task<(UpstreamIdToken? Token, ProtocolError? Error)> ReadAsync(Client client, string text)
    {
        if (!TryParse(text, out var unvalidated))
            return (null, Invalid("is not a signed token"));
        var provider = providers.FindByIssuer(unvalidated.Issuer);
        var presented = new PresentedToken(
            unvalidated,
            provider,
            null,
            IsProviderUnavailable: false,
            clock.GetUtcNow()
        );
        if (provider is { Options.AcceptedAudiences.Length: > 0 })
            presented = await VerifyAsync(presented, provider, text);
        if (Checks.FirstError(presented) is { } error)
        {
            logger.ExchangeRefused(client.Id, provider?.Name ?? "unknown", error.Description);
            return (null, error);
        }
        return (
            new UpstreamIdToken(presented.User!, presented.Nonce!, presented.Text("jti"), presented.Token!.ValidTo),
            null
        );
    }

    async Task<PresentedToken> VerifyAsync(PresentedToken presented, UpstreamProvider provider, string text)
    {
        try
        {
            await provider.Metadata.GetConfigurationAsync(CancellationToken.None);
        }
        catch (Exception ex) when (ProviderUnavailableException.IsCauseOf(ex))
        {
            logger.UpstreamUnavailable(ex, provider.Name);
            return presented with { IsProviderUnavailable = true };
        }
        var now = presented.Now.UtcDateTime;
        return presented with
        {
            Result = await Handler.ValidateTokenAsync(
                text,
                new TokenValidationParameters
                {
                    ConfigurationManager = provider.Metadata,
                    ValidIssuer = provider.Authority,
                    ValidAudiences = provider.Options.AcceptedAudiences,
                    ValidAlgorithms = UpstreamProvider.Algorithms,
                    LifetimeValidator = (notBefore, expires, _, _) =>
                        expires + UpstreamProvider.ClockSkew > now
                        && (notBefore is null || notBefore - UpstreamProvider.ClockSkew <= now),
                }
            ),
        };
    }

    static bool TryParse(string text, out JsonWebToken token)
    {
        token = null!;
        if (!Handler.CanReadToken(text))
            return false;
        try
        {
            token = Handler.ReadJsonWebToken(text);
            return token.IsSigned || token.Alg.Length > 0;
        }
        catch (Exception ex) when (ex is ArgumentException or SecurityTokenException)
        {
            return false;
        }
    }

    sealed record PresentedToken(
        JsonWebToken Token,
        UpstreamProvider? Provider,
        TokenValidationResult? Result,
        bool IsProviderUnavailable,
        DateTimeOffset Now
    )
    {
        public UpstreamUser? User => UpstreamUser.Read(Provider!, Token.Claims);

        public string? Nonce => Text("nonce");

        public bool Accepts(string audience) =>
            Provider!.Options.AcceptedAudiences.Contains(audience, StringComparer.Ordinal);

        public string? Text(string claim) =>
            Token.TryGetPayloadValue<string>(claim, out var value) && value.Length > 0 ? value : null;
    }
}

/// <summary>A validated ID token.</summary>
/// <param name="User">The user.</param>
/// <param name="Nonce">The <c>nonce</c>.</param>
/// <param name="Id">The <c>jti</c>; null if it has none.</param>
/// <param name="EndsAt">When it expires (UTC).</param>
sealed record UpstreamIdToken(UpstreamUser User, string Nonce, string? Id, DateTime EndsAt);
