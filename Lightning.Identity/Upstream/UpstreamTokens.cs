using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Sessions.RelyingParties;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>
/// An ID token of an upstream provider that one of our clients presents as its own: OpenID Connect Core 1.0, 3.1.3.7. Whatever is wrong with it is
/// <c>invalid_request</c> (RFC 8693, 2.2.2).
/// </summary>
sealed class UpstreamTokens(UpstreamProviders providers, TimeProvider clock, ILogger<UpstreamTokens> logger)
{
    /// <summary>An ID token is exchanged as soon as it is there; an older one was lying about.</summary>
    static readonly TimeSpan Freshness = TimeSpan.FromMinutes(10);
    static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    static readonly Check<Presented>[] Checks =
    [
        IssuerIsUpstream,
        ProviderAnswers,
        AlgorithmIsAllowed,
        SignatureIsTheProviders,
        AudienceIsAccepted,
        PartyIsAccepted,
        TokenIsAlive,
        TokenIsFresh,
        SubjectIsNamed,
        NonceIsThere,
    ];

    // OpenID Connect Core 1.0, 3.1.3.7, 2; RFC 9700, 4.4: who signed it decides whom to ask for keys, and only those who are configured are asked.
    static ProtocolError? IssuerIsUpstream(Presented presented) =>
        presented.Provider is { Options.AcceptedAudiences.Length: > 0 } ? null : Unfit("is of no provider whose ID tokens are taken here");

    // Not the client's fault: it may try the same token again (RFC 6749, 4.1.2.1).
    static ProtocolError? ProviderAnswers(Presented presented) =>
        presented.IsProviderAway ? new ProtocolError("temporarily_unavailable", "The provider of the ID token does not answer; try again in a few seconds.") : null;

    // ASVS 5.0, 9.1.2: from a list, in which neither none nor anything symmetric stands.
    static ProtocolError? AlgorithmIsAllowed(Presented presented) =>
        UpstreamProvider.Algorithms.Contains(presented.Token!.Alg, StringComparer.Ordinal) ? null : Unfit("is not signed with an algorithm that is taken here");

    // OpenID Connect Core 1.0, 3.1.3.7, 6.
    static ProtocolError? SignatureIsTheProviders(Presented presented) =>
        presented.Result!.IsValid || presented.Result.Exception is SecurityTokenInvalidAudienceException or SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException
            or SecurityTokenNoExpirationException or SecurityTokenNotYetValidException ? null : Unfit("is not signed by its issuer");

    // OpenID Connect Core 1.0, 3.1.3.7, 3: given to an app of ours there, and not to somebody else's.
    static ProtocolError? AudienceIsAccepted(Presented presented) =>
        presented.Token!.Audiences.Any(presented.Accepts) && presented.Result!.Exception is not SecurityTokenInvalidAudienceException ? null : Unfit("was made for an audience that is not taken here");

    // OpenID Connect Core 1.0, 3.1.3.7, 4 and 5.
    static ProtocolError? PartyIsAccepted(Presented presented) =>
        presented.Text("azp") is { } party ? presented.Accepts(party) ? null : Unfit("was given to another party")
            : presented.Token!.Audiences.Skip(1).Any() ? Unfit("has several audiences and no azp") : null;

    // OpenID Connect Core 1.0, 3.1.3.7, 9.
    static ProtocolError? TokenIsAlive(Presented presented) => presented.Result!.IsValid ? null : Unfit("has ended, or does not say when it ends");

    // OpenID Connect Core 1.0, 3.1.3.7, 10.
    static ProtocolError? TokenIsFresh(Presented presented) =>
        presented.Token!.TryGetPayloadValue<long>("iat", out var issued) && presented.Now.ToUnixTimeSeconds() - issued is var age
        && age <= Freshness.TotalSeconds && age >= -UpstreamProvider.ClockSkew.TotalSeconds ? null : Unfit("was not made in the last ten minutes");

    // OpenID Connect Core 1.0, 2.
    static ProtocolError? SubjectIsNamed(Presented presented) => presented.Person is null ? Unfit("names nobody, or by a name longer than can be kept") : null;

    // OpenID Connect Core 1.0, 3.1.3.7, 11. Whether it is one of ours, and for this client, the grant finds out.
    static ProtocolError? NonceIsThere(Presented presented) => presented.Nonce is null ? Unfit("has no nonce") : null;

    static ProtocolError Unfit(string what) => ProtocolError.InvalidRequest($"subject_token {what}.");

    /// <summary>The token with all that is asked of it, or why it is not taken.</summary>
    public async Task<(UpstreamIdToken? Token, ProtocolError? Fault)> ReadAsync(Client client, string text)
    {
        if (!TryParse(text, out var unchecked_)) return (null, Unfit("is no signed token"));
        var provider = providers.OfIssuer(unchecked_.Issuer);
        var presented = new Presented(unchecked_, provider, null, IsProviderAway: false, clock.GetUtcNow());
        if (provider is { Options.AcceptedAudiences.Length: > 0 }) presented = await VerifyAsync(presented, provider, text);
        if (Checks.FirstFault(presented) is { } fault)
        {
            logger.ExchangeRefused(client.Id, provider?.Name ?? "nobody known", fault.Description);
            return (null, fault);
        }
        return (new UpstreamIdToken(presented.Person!, presented.Nonce!, presented.Text("jti"), presented.Token!.ValidTo), null);
    }

    async Task<Presented> VerifyAsync(Presented presented, UpstreamProvider provider, string text)
    {
        try
        {
            await provider.Metadata.GetConfigurationAsync(CancellationToken.None);
        }
        catch (Exception fault) when (ProviderUnavailableException.IsCauseOf(fault))
        {
            logger.UpstreamAway(fault, provider.Name);
            return presented with { IsProviderAway = true };
        }
        var now = presented.Now.UtcDateTime;
        return presented with
        {
            Result = await Handler.ValidateTokenAsync(text, new TokenValidationParameters
            {
                ConfigurationManager = provider.Metadata,
                ValidIssuer = provider.Authority,
                ValidAudiences = provider.Options.AcceptedAudiences,
                ValidAlgorithms = UpstreamProvider.Algorithms,
                LifetimeValidator = (notBefore, expires, _, _) => expires + UpstreamProvider.ClockSkew > now && (notBefore is null || notBefore - UpstreamProvider.ClockSkew <= now),
            }),
        };
    }

    static bool TryParse(string text, out JsonWebToken token)
    {
        token = null!;
        if (!Handler.CanReadToken(text)) return false;
        try
        {
            token = Handler.ReadJsonWebToken(text);
            return token.IsSigned || token.Alg.Length > 0;
        }
        catch (Exception fault) when (fault is ArgumentException or SecurityTokenException)
        {
            return false;
        }
    }

    sealed record Presented(JsonWebToken Token, UpstreamProvider? Provider, TokenValidationResult? Result, bool IsProviderAway, DateTimeOffset Now)
    {
        public UpstreamPerson? Person => UpstreamPerson.Read(Provider!, Token.Claims);

        public string? Nonce => Text("nonce");

        public bool Accepts(string audience) => Provider!.Options.AcceptedAudiences.Contains(audience, StringComparer.Ordinal);

        public string? Text(string claim) => Token.TryGetPayloadValue<string>(claim, out var value) && value.Length > 0 ? value : null;
    }
}

/// <summary>An ID token that has been checked.</summary>
/// <param name="Person">Whom it names.</param>
/// <param name="Nonce">The nonce in it.</param>
/// <param name="Id">Its <c>jti</c>, where it has one.</param>
/// <param name="EndsAt">When it ends, in UTC.</param>
sealed record UpstreamIdToken(UpstreamPerson Person, string Nonce, string? Id, DateTime EndsAt);
