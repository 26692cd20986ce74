using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Tokens;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Grants;

/// <summary>
/// Exchanges an upstream provider's ID token for tokens of this provider: RFC 8693. The app ran the code flow with PKCE
/// there, with a nonce from this provider. The exchange signs the user in and creates the account if needed. <see
/// cref="UpstreamTokens"/> validates the ID token.
/// </summary>
sealed class TokenExchangeGrant(
    LightningDb db,
    UpstreamTokens upstream,
    UpstreamAccounts accounts,
    Nonces nonces,
    BrowserSessions browser,
    ProviderSessions sessions,
    RefreshTokens refreshTokens,
    SignInFailureLog failures,
    IHttpContextAccessor context,
    IOptions<ProviderOptions> provider,
    TimeProvider clock,
    ILogger<TokenExchangeGrant> logger
) : ITokenGrant
{
    const string IdTokenType = "urn:ietf:params:oauth:token-type:id_token";
    const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

    static readonly RequestCheck<ClientRequest>[] All =
    [
        SubjectTokenIsPresent,
        SubjectTokenIsAnIdToken,
        NoActorToken,
        AccessTokenIsRequested,
        AudienceIsApi,
        ScopeIsAllowed,
    ];

    /// <summary>Whether the token's subject may be signed in by an exchange.</summary>
    static readonly RequestCheck<ExchangeSubject>[] SubjectChecks =
    [
        UserIsEnabled,
        NoSecondFactor,
        EmailIsVerified,
        EmailIsAvailable,
    ];

    // RFC 8693, 2.1.
    static ProtocolError? SubjectTokenIsPresent(ClientRequest caller) =>
        caller.Parameters["subject_token"] is null ? ProtocolError.InvalidRequest("subject_token is missing.") : null;

    // RFC 8693, 2.1 and 3.
    static ProtocolError? SubjectTokenIsAnIdToken(ClientRequest caller) =>
        caller.Parameters["subject_token_type"] == IdTokenType
            ? null
            : ProtocolError.InvalidRequest($"subject_token_type must be {IdTokenType}.");

    // RFC 8693, 2.1: not supported, and refused instead of ignored.
    static ProtocolError? NoActorToken(ClientRequest caller) =>
        caller.Parameters["actor_token"] is null && caller.Parameters["actor_token_type"] is null
            ? null
            : ProtocolError.InvalidRequest("actor_token is not supported.");

    // RFC 8693, 2.1.
    static ProtocolError? AccessTokenIsRequested(ClientRequest caller) =>
        caller.Parameters["requested_token_type"] is null or AccessTokenType
            ? null
            : ProtocolError.InvalidRequest($"requested_token_type must be {AccessTokenType}, or omitted.");

    // RFC 8693, 2.2.2; RFC 8707, 2.
    static ProtocolError? AudienceIsApi(ClientRequest caller) =>
        caller.Parameters["resource"] is null && caller.Parameters["audience"] is null or TokenFactory.Audience
            ? null
            : new ProtocolError(
                "invalid_target",
                $"audience must be {TokenFactory.Audience} or omitted, and resource must be omitted."
            );

    // RFC 6749, 3.3.
    static ProtocolError? ScopeIsAllowed(ClientRequest caller) =>
        caller.Parameters["scope"] is { } scope && scope.Split(' ').All(caller.Client.Scopes.Contains)
            ? null
            : ProtocolError.InvalidScope("scope is missing, or contains a scope that this client may not request.");

    static ProtocolError? UserIsEnabled(ExchangeSubject subject) =>
        subject.IsDisabled ? ProtocolError.InvalidRequest("The account is disabled.") : null;

    // ASVS 5.0, 6.3.3: an exchange cannot prompt the user for a second factor.
    static ProtocolError? NoSecondFactor(ExchangeSubject subject) =>
        subject.Account is { TwoFactorEnabled: true }
            ? ProtocolError.InvalidRequest("The account requires a second factor: use the authorization code flow.")
            : null;

    // ASVS 5.0, 6.8.1.
    static ProtocolError? EmailIsVerified(ExchangeSubject subject) =>
        subject.Account is not null || subject.User.EmailVerified
            ? null
            : ProtocolError.InvalidRequest(
                "The provider does not say that the email address is verified (email_verified), so no account can be "
                    + $"created: sign in with {subject.User.Provider.Title} at {subject.Issuer} once to verify it by "
                    + "mail."
            );

    // ASVS 5.0, 6.8.1: an email address never selects an account.
    static ProtocolError? EmailIsAvailable(ExchangeSubject subject) =>
        !subject.IsEmailTaken
            ? null
            : ProtocolError.InvalidRequest(
                "Another account has this email address. "
                    + $"To link them, sign in to it at {subject.Issuer}{Paths.Logins} and add "
                    + $"{subject.User.Provider.Title}, then exchange the token again."
            );

    public string Type => GrantTypes.TokenExchange;

    public RequestCheck<ClientRequest>[] Checks => All;

    public async Task<(Grant? Grant, ProtocolError? Error)> HandleAsync(ClientRequest caller)
    {
        var (client, text) = (caller.Client, caller.Parameters["subject_token"]!);
        var (token, tokenError) = await upstream.ReadAsync(client, text);
        var (grant, error, user) = tokenError is null
            ? await ExchangeAsync(client, token!, text, caller.Parameters["scope"]!)
            : (null, tokenError, null);
        if (error is null)
            return (grant, null);
        if (token is not null)
            logger.ExchangeRefused(client.Id, token.User.Provider.Name, error.Description);
        // Discard what a refused exchange has not saved.
        db.ChangeTracker.Clear();
        await failures.WriteAsync(context.HttpContext!, user, AuthenticationMethods.Upstream, error.Description);
        return (null, error);
    }

    async Task<(Grant? Grant, ProtocolError? Error, Guid? User)> ExchangeAsync(
        Client client,
        UpstreamIdToken token,
        string text,
        string scope
    )
    {
        // The nonce and the token are used up even if the exchange fails later.
        if (!await nonces.ConsumeAsync(client, token.Nonce))
            return (
                null,
                ProtocolError.InvalidRequest(
                    "The nonce of subject_token was not issued to this client, has expired, or was used before."
                ),
                null
            );
        if (!await TryUseAsync(token, text))
            return (null, ProtocolError.InvalidRequest("subject_token was used before."), null);

        await using var transaction = await db.Database.BeginTransactionAsync();
        var account = await accounts.FindAsync(token.User, CancellationToken.None);
        var registered = (Action)(() => { });
        var subject = new ExchangeSubject(
            token.User,
            account,
            provider.Value.Issuer,
            IsDisabled: account is not null && !await accounts.IsEnabledAsync(account, CancellationToken.None),
            IsEmailTaken: account is null
                && token.User.EmailVerified
                && await accounts.IsEmailTakenAsync(token.User.Email!, CancellationToken.None)
        );
        if (SubjectChecks.FirstError(subject) is { } error)
            return (null, error, account?.Id);

        if (account is null)
        {
            // Null if another request registered the same user at the same time.
            if (await accounts.RegisterAsync(token.User, token.User.Email!) is not { } registration)
                return (null, EmailIsAvailable(subject with { IsEmailTaken = true }), null);
            (account, registered) = registration;
        }
        if (
            await browser.BeginAsync(
                context.HttpContext!,
                account,
                UpstreamTicket.AuthTimeOf(token.User, isReauthenticated: false, clock.GetUtcNow()),
                AuthenticationMethods.Upstream
            )
            is not var (sid, signedIn)
        )
            return (
                null,
                ProtocolError.InvalidRequest(
                    "The account cannot sign in by token exchange: use the authorization code flow."
                ),
                account.Id
            );
        var session =
            await sessions.FindAsync(sid, CancellationToken.None)
            ?? throw new InvalidOperationException("The new session was not found.");
        var family = Guid.CreateVersion7(clock.GetUtcNow());
        var refreshToken = await refreshTokens.BeginFamilyAsync(client, family, scope, session);
        await transaction.CommitAsync();
        registered();
        signedIn();
        return (
            new Grant(scope, session, family) { RefreshToken = refreshToken, IssuedTokenType = AccessTokenType },
            null,
            account.Id
        );
    }

    /// <summary>Records the token as used. Returns false if it was used before, on any replica.</summary>
    async Task<bool> TryUseAsync(UpstreamIdToken token, string text)
    {
        var hash = Secret.Hash($"token-exchange {token.User.Issuer} {token.Id ?? text}");
        var endsAt = new DateTimeOffset(token.EndsAt, TimeSpan.Zero) + UpstreamProvider.ClockSkew;
        return await db.Database.ExecuteSqlAsync(
                $"INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {endsAt}) ON CONFLICT DO NOTHING"
            ) > 0;
    }

    sealed record ExchangeSubject(
        UpstreamUser User,
        Account? Account,
        string Issuer,
        bool IsDisabled,
        bool IsEmailTaken
    );
}
