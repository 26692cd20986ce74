using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Grants;

/// <summary>
/// An upstream provider's ID token for tokens of ours: RFC 8693. The app ran code and PKCE there by itself, with a nonce that it got here; the exchange signs the
/// person in, and makes their account where they have none. What the ID token must be stands in <see cref="UpstreamTokens"/>.
/// </summary>
sealed class TokenExchangeGrant(
    LightningDb db, UpstreamTokens upstream, UpstreamAccounts accounts, Nonces nonces, BrowserSessions browser, LiveSessions sessions, RefreshTokens refreshTokens,
    SignInFailures failures, IHttpContextAccessor context, IOptions<ProviderOptions> provider, TimeProvider clock, ILogger<TokenExchangeGrant> logger) : ITokenGrant
{
    const string IdTokenType = "urn:ietf:params:oauth:token-type:id_token";
    const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

    static readonly Check<Caller>[] All =
    [
        SubjectTokenIsThere,
        SubjectTokenIsAnIdToken,
        NobodyActsForAnother,
        AccessTokenIsRequested,
        TargetIsTheApi,
        ScopeIsTheClients,
    ];

    /// <summary>Whoever the token names must be somebody whom it may sign in.</summary>
    static readonly Check<Arrival>[] ArrivalChecks =
    [
        UserIsWelcome,
        NoSecondStep,
        AddressIsProved,
        AddressIsFree,
    ];

    // RFC 8693, 2.1.
    static ProtocolError? SubjectTokenIsThere(Caller caller) => caller.Parameters["subject_token"] is null ? ProtocolError.InvalidRequest("subject_token is missing.") : null;

    // RFC 8693, 2.1 and 3.
    static ProtocolError? SubjectTokenIsAnIdToken(Caller caller) =>
        caller.Parameters["subject_token_type"] == IdTokenType ? null : ProtocolError.InvalidRequest($"subject_token_type must be {IdTokenType}.");

    // RFC 8693, 2.1: not offered, and never ignored.
    static ProtocolError? NobodyActsForAnother(Caller caller) =>
        caller.Parameters["actor_token"] is null && caller.Parameters["actor_token_type"] is null ? null : ProtocolError.InvalidRequest("actor_token is not supported.");

    // RFC 8693, 2.1.
    static ProtocolError? AccessTokenIsRequested(Caller caller) =>
        caller.Parameters["requested_token_type"] is null or AccessTokenType ? null : ProtocolError.InvalidRequest($"requested_token_type must be {AccessTokenType}, or left out.");

    // RFC 8693, 2.2.2; RFC 8707, 2.
    static ProtocolError? TargetIsTheApi(Caller caller) =>
        caller.Parameters["resource"] is null && caller.Parameters["audience"] is null or TokenFactory.Audience ? null
            : new ProtocolError("invalid_target", $"audience must be {TokenFactory.Audience}, or left out, and resource left out.");

    // RFC 6749, 3.3.
    static ProtocolError? ScopeIsTheClients(Caller caller) =>
        caller.Parameters["scope"] is { } scope && scope.Split(' ').All(caller.Client.Scopes.Contains) ? null : ProtocolError.InvalidScope("scope is missing, or holds what this client may not ask for.");

    static ProtocolError? UserIsWelcome(Arrival arrival) => arrival.IsDisabled ? ProtocolError.InvalidRequest("The account has been disabled.") : null;

    // ASVS 5.0, 6.3.3: there is nobody here to ask for it.
    static ProtocolError? NoSecondStep(Arrival arrival) =>
        arrival.Account is { TwoFactorEnabled: true } ? ProtocolError.InvalidRequest("The account asks for a second step, which an exchange cannot: use the authorization code flow.") : null;

    // ASVS 5.0, 6.8.1.
    static ProtocolError? AddressIsProved(Arrival arrival) =>
        arrival.Account is not null || arrival.Person.EmailVerified ? null
            : ProtocolError.InvalidRequest("The provider does not say that the person's address is verified (email_verified), so no account can be made of it: "
                + $"sign in with {arrival.Person.Provider.Title} at {arrival.Issuer} once, where the address is proved by mail.");

    // ASVS 5.0, 6.8.1: an address leads to nobody's account.
    static ProtocolError? AddressIsFree(Arrival arrival) =>
        !arrival.IsAddressTaken ? null
            : ProtocolError.InvalidRequest("Another account has this address. "
                + $"To link the two, sign in to it at {arrival.Issuer}{Paths.Logins} and add {arrival.Person.Provider.Title}; then exchange again.");

    public string Type => GrantTypes.TokenExchange;

    public Check<Caller>[] Checks => All;

    public async Task<(Grant? Grant, ProtocolError? Fault)> GiveAsync(Caller caller)
    {
        var (client, text) = (caller.Client, caller.Parameters["subject_token"]!);
        var (token, unfit) = await upstream.ReadAsync(client, text);
        var (grant, fault, user) = unfit is null ? await ExchangeAsync(client, token!, text, caller.Parameters["scope"]!) : (null, unfit, null);
        if (fault is null) return (grant, null);
        if (token is not null) logger.ExchangeRefused(client.Id, token.Person.Provider.Name, fault.Description);
        // What was to be saved with the exchange goes with it.
        db.ChangeTracker.Clear();
        await failures.WriteAsync(context.HttpContext!, user, UpstreamAccounts.Method, fault.Description);
        return (null, fault);
    }

    async Task<(Grant? Grant, ProtocolError? Fault, Guid? User)> ExchangeAsync(Client client, UpstreamIdToken token, string text, string scope)
    {
        // Both are spent before anything is given, and stay spent whatever comes of it.
        if (!await nonces.TakeAsync(client, token.Nonce)) return (null, ProtocolError.InvalidRequest("subject_token's nonce is not one that this client got here, or was used before."), null);
        if (!await SpendAsync(token, text)) return (null, ProtocolError.InvalidRequest("subject_token was used before."), null);

        await using var transaction = await db.Database.BeginTransactionAsync();
        var account = await accounts.FindAsync(token.Person, CancellationToken.None);
        var registered = (Action)(() => { });
        var arrival = new Arrival(token.Person, account, provider.Value.Issuer,
            IsDisabled: account is not null && !await accounts.IsWelcomeAsync(account, CancellationToken.None),
            IsAddressTaken: account is null && token.Person.EmailVerified && await accounts.IsTakenAsync(token.Person.Email!, CancellationToken.None));
        if (ArrivalChecks.FirstFault(arrival) is { } fault) return (null, fault, account?.Id);

        if (account is null)
        {
            // Null: registered by another request at the same moment.
            if (await accounts.RegisterAsync(token.Person, token.Person.Email!) is not { } newcomer) return (null, AddressIsFree(arrival with { IsAddressTaken = true }), null);
            (account, registered) = newcomer;
        }
        if (await browser.BeginAsync(context.HttpContext!, account, UpstreamTicket.Proof(token.Person, anew: false, clock.GetUtcNow()), UpstreamAccounts.Method) is not var (sid, signedIn))
            return (null, ProtocolError.InvalidRequest("The account cannot be signed in to by an exchange now: use the authorization code flow."), account.Id);
        var session = await sessions.FindAsync(sid, CancellationToken.None) ?? throw new InvalidOperationException("A session that was just begun is not there.");
        var family = Guid.CreateVersion7(clock.GetUtcNow());
        var refreshToken = await refreshTokens.BeginFamilyAsync(client, family, scope, session);
        await transaction.CommitAsync();
        registered();
        signedIn();
        return (new Grant(scope, session, family) { RefreshToken = refreshToken, IssuedTokenType = AccessTokenType }, null, account.Id);
    }

    /// <summary>False where the token was presented before, on whichever replica.</summary>
    async Task<bool> SpendAsync(UpstreamIdToken token, string text)
    {
        var hash = Secrets.Hash($"token-exchange {token.Person.Issuer} {token.Id ?? text}");
        var endsAt = new DateTimeOffset(token.EndsAt, TimeSpan.Zero) + UpstreamProvider.ClockSkew;
        return await db.Database.ExecuteSqlAsync($"INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {endsAt}) ON CONFLICT DO NOTHING") > 0;
    }

    sealed record Arrival(UpstreamPerson Person, Account? Account, string Issuer, bool IsDisabled, bool IsAddressTaken);
}
