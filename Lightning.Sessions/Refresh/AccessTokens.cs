using System.Collections.Concurrent;
using System.Security.Cryptography;
using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.RelyingParties;
using Lightning.Sessions.WebSessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Refresh;

/// <summary>How asking for an access token went.</summary>
public enum AccessTokenStatus
{
    /// <summary>There is one.</summary>
    Available,

    /// <summary>The session has ended.</summary>
    SessionEnded,

    /// <summary>The provider cannot be asked right now; the session lives on.</summary>
    ProviderUnavailable,
}

/// <summary>An access token, or why there is none. No record, so that it is never printed.</summary>
public sealed class AccessTokenResult
{
    internal static readonly AccessTokenResult Ended = new() { Status = AccessTokenStatus.SessionEnded };
    internal static readonly AccessTokenResult Unavailable = new() { Status = AccessTokenStatus.ProviderUnavailable };

    /// <summary>How it went.</summary>
    public AccessTokenStatus Status { get; private init; }

    /// <summary>The header's value that bears it (RFC 6750, 2.1), made once for all requests of a session.</summary>
    public string? Authorization { get; private init; }

    internal static AccessTokenResult Of(SessionTokens tokens) => new() { Authorization = $"Bearer {tokens.AccessToken}" };
}

/// <summary>
/// The access token of a session, refreshed before it ends: once, however many requests on however many replicas ask at the same time.
/// In a process they share one flight; between processes a lease on the row decides, and no connection is held while the provider is asked.
/// </summary>
public sealed partial class AccessTokens
{
    /// <summary>How long before its end a token is replaced: clocks may differ and a request takes its time.</summary>
    static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>How long the provider may take; well below <see cref="RefreshLease.Duration"/>, so that the answer is written under the lease.</summary>
    static readonly TimeSpan ProviderPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits for another replica's refresh; longer than the lease, so that a dead holder's is taken over.</summary>
    static readonly TimeSpan Patience = RefreshLease.Duration + TimeSpan.FromSeconds(15);

    /// <summary>How long at most a waiting request trusts that it would be told of the other replica's write.</summary>
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    static readonly TimeSpan WriteAgainAfter = TimeSpan.FromMilliseconds(100);

    /// <summary>How often tokens may be replaced before their time, because an API refused one.</summary>
    static readonly TimeSpan RenewalInterval = TimeSpan.FromMinutes(1);

    /// <summary>How many sessions at most have that done within the interval.</summary>
    const int MostRenewals = 10_000;

    readonly ConcurrentDictionary<CookieHash, Lazy<Task<AccessTokenResult>>> flights = new();
    readonly Dictionary<CookieHash, DateTimeOffset> renewed = [];
    readonly IServiceScopeFactory scopes;
    readonly SessionSecrets secrets;
    readonly SessionFeed feed;
    readonly TokenChanges changes;
    readonly SessionMetrics metrics;
    readonly TimeProvider clock;
    readonly ILogger<AccessTokens> logger;

    AccessTokens(IServiceProvider services)
    {
        scopes = services.GetRequiredService<IServiceScopeFactory>();
        secrets = services.GetRequiredService<SessionSecrets>();
        feed = services.GetRequiredService<SessionFeed>();
        changes = new TokenChanges(feed);
        metrics = services.GetRequiredService<SessionMetrics>();
        clock = services.GetRequiredService<TimeProvider>();
        logger = services.GetRequiredService<ILogger<AccessTokens>>();
    }

    internal static AccessTokens Create(IServiceProvider services) => new(services);

    /// <summary>A token that is good for a while yet.</summary>
    /// <param name="session">The session as the request was authenticated with it.</param>
    /// <param name="cancellationToken">Stops waiting; a refresh that has begun goes on, or its rotated token would be lost.</param>
    public ValueTask<AccessTokenResult> GetAsync(LiveSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return IsFresh(session.TokenExpiresAt) ? new(session.Token) : new(JoinAsync(session.Hash, clock.GetUtcNow() + Margin, orUndated: false, cancellationToken));
    }

    /// <summary>Another token than the session's, which an API has refused though it should be good; once a minute at most.</summary>
    /// <returns>Null where there is none to be had: then the refusal stands.</returns>
    public async Task<AccessTokenResult?> RenewAsync(LiveSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (!MayRenew(session.Hash)) return null;
        // Only where the row still has what was refused; another replica may have replaced it by now.
        var answer = await JoinAsync(session.Hash, session.TokenExpiresAt ?? clock.GetUtcNow(), orUndated: true, cancellationToken);
        return answer.Status == AccessTokenStatus.SessionEnded || (answer.Authorization is { } renewal && renewal != session.Token.Authorization) ? answer : null;
    }

    /// <summary>An API that refuses whatever it is sent must not become a storm at the provider.</summary>
    bool MayRenew(CookieHash hash)
    {
        var now = clock.GetUtcNow();
        lock (renewed)
        {
            if (renewed.TryGetValue(hash, out var last) && now - last < RenewalInterval) return false;
            if (renewed.Count >= MostRenewals)
                foreach (var (old, at) in renewed)
                    if (now - at >= RenewalInterval) renewed.Remove(old);
            if (renewed.Count >= MostRenewals) return false;
            renewed[hash] = now;
            return true;
        }
    }

    Task<AccessTokenResult> JoinAsync(CookieHash hash, DateTimeOffset endsBefore, bool orUndated, CancellationToken cancellationToken)
    {
        // Lazy, because GetOrAdd may call its factory more than once; on the pool, because the first caller must not carry the others' work.
        var flight = flights.GetOrAdd(hash, hash => new Lazy<Task<AccessTokenResult>>(() => Task.Run(() => FlyAsync(hash, endsBefore, orUndated))));
        return flight.Value.WaitAsync(cancellationToken);
    }

    AccessTokenResult Open(Guid sid, byte[] idHash, byte[] tokens) => Read(sid, idHash, tokens) is { } read ? AccessTokenResult.Of(read) : AccessTokenResult.Ended;

    /// <summary>The ID token of a living session, if there is one.</summary>
    internal async Task<string?> IdTokenAsync(LiveSession session)
    {
        var idHash = session.Hash.ToArray();
        await using var scope = scopes.CreateAsyncScope();
        var row = await scope.ServiceProvider.GetRequiredService<RefreshLease>().ReadAsync(idHash, CancellationToken.None);
        return row is null ? null : Read(row.Sid, idHash, row.Tokens)?.IdToken;
    }

    /// <summary>The tokens; null where their ring key is lost, which costs a new sign-in and nothing else.</summary>
    SessionTokens? Read(Guid sid, byte[] idHash, byte[] tokens)
    {
        try
        {
            return secrets.UnprotectTokens(idHash, tokens);
        }
        catch (CryptographicException fault)
        {
            Unreadable(logger, new SessionMark(sid), fault);
            return null;
        }
    }

    bool IsFresh(DateTimeOffset? expiresAt) => expiresAt is null || expiresAt - Margin > clock.GetUtcNow();

    async Task<AccessTokenResult> FlyAsync(CookieHash hash, DateTimeOffset endsBefore, bool orUndated)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, clock);
            return await RefreshAsync(hash, endsBefore, orUndated, patience.Token);
        }
        catch (OperationCanceledException)
        {
            return AccessTokenResult.Unavailable;
        }
        finally
        {
            flights.TryRemove(hash, out _);
            changes.Forget(hash);
            // Its tokens are others by now, or it has ended; this replica need not wait for the echo.
            feed.Tell(Change.WebSession(hash));
        }
    }

    async Task<AccessTokenResult> RefreshAsync(CookieHash hash, DateTimeOffset endsBefore, bool orUndated, CancellationToken cancellationToken)
    {
        var (attempt, idHash) = (Guid.NewGuid(), hash.ToArray());
        while (true)
        {
            var changed = changes.Next(hash);
            await using (var scope = scopes.CreateAsyncScope())
            {
                var lease = scope.ServiceProvider.GetRequiredService<RefreshLease>();
                // Under the lease everything is read anew: what the request had seen may have been replaced since.
                if (await lease.TakeAsync(idHash, attempt, endsBefore, orUndated, cancellationToken) is { } leased)
                {
                    if (await RefreshUnderLeaseAsync(scope.ServiceProvider, lease, leased, idHash, attempt) is { } result) return result;
                    continue;
                }

                var row = await lease.ReadAsync(idHash, cancellationToken);
                if (row is null) return AccessTokenResult.Ended;
                if (row.TokenExpiresAt is { } endsAt ? endsAt > endsBefore : !orUndated) return Open(row.Sid, idHash, row.Tokens);
                // Given back in between.
                if (!row.IsLeased) continue;
            }
            // Another replica is at it and tells when it's done; if it dies, its lease ends. No connection is held meanwhile.
            await Task.WhenAny(changed, Task.Delay(LookAgainAfter, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>One call of the provider, and its outcome written; null where the lease was lost meanwhile and the row has to be read again.</summary>
    async Task<AccessTokenResult?> RefreshUnderLeaseAsync(IServiceProvider services, RefreshLease lease, TokenRow row, byte[] idHash, Guid attempt)
    {
        if (Read(row.Sid, idHash, row.Tokens) is not { } tokens) return AccessTokenResult.Ended;
        var began = clock.GetTimestamp();
        var outcome = tokens.RefreshToken is { } refreshToken ? await AskProviderAsync(services, refreshToken) : TokenResult.Failure("no_refresh_token");
        metrics.Refreshed(clock.GetElapsedTime(began), outcome.Succeeded ? "ok" : outcome.FailedResult.Error);
        if (outcome.WasSuccessful(out var refreshed, out var failure))
        {
            var renewed = tokens.After(refreshed);
            DateTimeOffset? expiresAt = refreshed.Expiration == DateTimeOffset.MaxValue ? null : refreshed.Expiration;
            var written = await PersistAsync(() => lease.WriteAsync(idHash, attempt, secrets.ProtectTokens(idHash, renewed), expiresAt));
            if (written) Refreshed(logger, new SessionMark(row.Sid));
            else await DropAsync(services, lease, idHash, renewed);
            return written ? AccessTokenResult.Of(renewed) : null;
        }

        if (failure.Error == "invalid_grant")
        {
            RefreshRefused(logger, new SessionMark(row.Sid));
            if (!await PersistAsync(() => lease.EndSessionAsync(idHash, attempt))) return null;
            metrics.Ended("refresh-refused");
            return AccessTokenResult.Ended;
        }

        RefreshFailed(logger, new SessionMark(row.Sid), failure.Error);
        await lease.ReleaseAsync(idHash, attempt);
        // An outage is never a logout: the token that is there serves to its end.
        if (row.TokenExpiresAt > clock.GetUtcNow()) return AccessTokenResult.Of(tokens);
        return tokens.RefreshToken is null ? AccessTokenResult.Ended : AccessTokenResult.Unavailable;
    }

    /// <summary>Another provider's answer to a session that has ended meanwhile is nobody's: what it gave is revoked like what it had given before.</summary>
    async Task DropAsync(IServiceProvider services, RefreshLease lease, byte[] idHash, SessionTokens tokens)
    {
        if (!services.GetRequiredService<IOptions<RelyingPartyOptions>>().Value.Foreign || await lease.ReadAsync(idHash, CancellationToken.None) is not null) return;
        await RevocationSender.AddAsync(services.GetRequiredService<LightningDb>(), services.GetRequiredService<RelyingParty>().App, idHash, secrets.ProtectTokens(idHash, tokens), clock.GetUtcNow());
    }

    /// <summary>Asks once: Http.Resilience would retry, and a refresh token sent twice is taken for stolen.</summary>
    static async Task<TokenResult<UserToken>> AskProviderAsync(IServiceProvider services, string refreshToken)
    {
        using var patience = new CancellationTokenSource(ProviderPatience);
        try
        {
            return await services.GetRequiredService<IOpenIdConnectUserTokenEndpoint>().RefreshAccessTokenAsync(
                new UserRefreshToken(RefreshToken.Parse(refreshToken), null), new UserTokenRequestParameters(), patience.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException or InvalidOperationException or HttpRequestException)
        {
            return TokenResult.Failure(fault.GetType().Name, fault.Message);
        }
    }

    /// <summary>
    /// A rotated token exists once: while the lease lasts, a database that comes back gets it yet.
    /// Not by Http.Resilience: no HTTP request is repeated here.
    /// </summary>
    async Task<bool> PersistAsync(Func<Task<bool>> write)
    {
        var began = clock.GetTimestamp();
        while (true)
            try
            {
                return await write();
            }
            catch (Exception fault) when (Problems.IsDatabaseAway(fault) && clock.GetElapsedTime(began) < RefreshLease.Duration - ProviderPatience)
            {
                await Task.Delay(WriteAgainAfter, clock, CancellationToken.None);
            }
    }

    [LoggerMessage(33, LogLevel.Warning, "The tokens of session {Session} cannot be decrypted: their data-protection key is lost or the row was changed. The person has to sign in again")]
    static partial void Unreadable(ILogger logger, SessionMark session, Exception fault);

    [LoggerMessage(30, LogLevel.Information, "Session {Session} has new tokens")]
    static partial void Refreshed(ILogger logger, SessionMark session);

    [LoggerMessage(31, LogLevel.Warning, "The provider refuses the refresh token of session {Session}; the session ends")]
    static partial void RefreshRefused(ILogger logger, SessionMark session);

    [LoggerMessage(32, LogLevel.Warning, "The tokens of session {Session} could not be refreshed ({Error}); the session lives on")]
    static partial void RefreshFailed(ILogger logger, SessionMark session, string error);
}
