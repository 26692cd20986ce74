using System.Collections.Concurrent;
using System.Security.Cryptography;
using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.Revocation;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.Refresh;

/// <summary>
/// Provides the access token of a session and refreshes it before it expires. Concurrent requests cause one refresh: in
/// a process they share a task, across replicas a lease on the row decides. No database connection is held while the
/// provider responds.
/// </summary>
public sealed partial class AccessTokens(
    IServiceScopeFactory scopes,
    SessionProtector protector,
    SessionFeed feed,
    SessionMetrics metrics,
    TimeProvider clock,
    ILogger<AccessTokens> logger
)
{
    /// <summary>How long before its expiry a token is refreshed, to allow for clock differences and latency.</summary>
    static readonly TimeSpan ExpiryMargin = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The timeout of the provider's response; well below <see cref="RefreshLease.Duration"/>, so that the tokens are
    /// written under the lease.
    /// </summary>
    static readonly TimeSpan ProviderTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a request waits for another replica's refresh; longer than the lease, so that a crashed holder's lease
    /// is taken over.
    /// </summary>
    static readonly TimeSpan RefreshTimeout = RefreshLease.Duration + TimeSpan.FromSeconds(15);

    /// <summary>How often a waiting request reads the row, in case a notification is lost.</summary>
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    static readonly TimeSpan WriteRetryDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>The shortest time between two renewals of a session's token that an API has rejected.</summary>
    static readonly TimeSpan RenewalInterval = TimeSpan.FromMinutes(1);

    /// <summary>The number of sessions that may renew a rejected token within the interval.</summary>
    const int MaxRenewals = 10_000;

    readonly ConcurrentDictionary<CookieHash, Lazy<Task<AccessTokenResult>>> refreshes = new();
    readonly Dictionary<CookieHash, DateTimeOffset> renewed = [];
    readonly TokenChanges changes = new(feed);

    /// <summary>The session's access token, refreshed if it expires within a minute.</summary>
    /// <param name="session">The session of the request.</param>
    /// <param name="cancellationToken">Cancels the wait. The refresh continues, so that a rotated token is not
    /// lost.</param>
    public ValueTask<AccessTokenResult> GetAsync(LiveSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return IsFresh(session.TokenExpiresAt)
            ? new(session.Token)
            : new(JoinAsync(session.Hash, clock.GetUtcNow() + ExpiryMargin, orUndated: false, cancellationToken));
    }

    /// <summary>
    /// Refreshes an access token that an API has rejected before its expiry, at most once a minute per session.
    /// </summary>
    /// <returns>The new token; null if there is none, so that the API's response stands.</returns>
    public async Task<AccessTokenResult?> RenewAsync(LiveSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (!TryCountRenewal(session.Hash))
            return null;
        // Only if the row still has the rejected token: another replica may have replaced it.
        var answer = await JoinAsync(
            session.Hash,
            session.TokenExpiresAt ?? clock.GetUtcNow(),
            orUndated: true,
            cancellationToken
        );
        return
            answer.Status == AccessTokenStatus.SessionEnded
            || (answer.Authorization is { } renewal && renewal != session.Token.Authorization)
            ? answer
            : null;
    }

    /// <summary>Limits renewals: an API that rejects every token must not flood the provider.</summary>
    bool TryCountRenewal(CookieHash hash)
    {
        var now = clock.GetUtcNow();
        lock (renewed)
        {
            if (renewed.TryGetValue(hash, out var last) && now - last < RenewalInterval)
                return false;
            if (renewed.Count >= MaxRenewals)
                foreach (var (old, at) in renewed)
                    if (now - at >= RenewalInterval)
                        renewed.Remove(old);
            if (renewed.Count >= MaxRenewals)
                return false;
            renewed[hash] = now;
            return true;
        }
    }

    Task<AccessTokenResult> JoinAsync(
        CookieHash hash,
        DateTimeOffset endsBefore,
        bool orUndated,
        CancellationToken cancellationToken
    )
    {
        // Lazy, because GetOrAdd may call its factory more than once. Task.Run, so that the first caller's context and
        // cancellation do not affect the others.
        var refresh = refreshes.GetOrAdd(
            hash,
            hash => new Lazy<Task<AccessTokenResult>>(() =>
                Task.Run(() => RefreshOnceAsync(hash, endsBefore, orUndated))
            )
        );
        return refresh.Value.WaitAsync(cancellationToken);
    }

    AccessTokenResult Unprotect(Guid sid, byte[] idHash, byte[] tokens) =>
        Read(sid, idHash, tokens) is { } read ? AccessTokenResult.FromTokens(read) : AccessTokenResult.Ended;

    /// <summary>The ID token of an active session; null if there is none.</summary>
    internal async Task<string?> IdTokenAsync(LiveSession session)
    {
        var idHash = session.Hash.ToArray();
        await using var scope = scopes.CreateAsyncScope();
        var row = await scope
            .ServiceProvider.GetRequiredService<RefreshLease>()
            .ReadAsync(idHash, CancellationToken.None);
        return row is null ? null : Read(row.Sid, idHash, row.Tokens)?.IdToken;
    }

    /// <summary>
    /// The decrypted tokens; null if their data-protection key is lost, so that the user must sign in again.
    /// </summary>
    SessionTokens? Read(Guid sid, byte[] idHash, byte[] tokens)
    {
        try
        {
            return protector.UnprotectTokens(idHash, tokens);
        }
        catch (CryptographicException ex)
        {
            Unreadable(logger, new SessionLogId(sid), ex);
            return null;
        }
    }

    bool IsFresh(DateTimeOffset? expiresAt) => expiresAt is null || expiresAt - ExpiryMargin > clock.GetUtcNow();

    async Task<AccessTokenResult> RefreshOnceAsync(CookieHash hash, DateTimeOffset endsBefore, bool orUndated)
    {
        try
        {
            using var timeout = new CancellationTokenSource(RefreshTimeout, clock);
            return await RefreshAsync(hash, endsBefore, orUndated, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            return AccessTokenResult.Unavailable;
        }
        finally
        {
            refreshes.TryRemove(hash, out _);
            changes.Forget(hash);
            // The tokens have changed or the session has ended: update this process at once.
            feed.Publish(SessionChange.WebSession(hash));
        }
    }

    async Task<AccessTokenResult> RefreshAsync(
        CookieHash hash,
        DateTimeOffset endsBefore,
        bool orUndated,
        CancellationToken cancellationToken
    )
    {
        var attempt = Guid.NewGuid();
        var idHash = hash.ToArray();
        while (true)
        {
            var changed = changes.Next(hash);
            await using (var scope = scopes.CreateAsyncScope())
            {
                var lease = scope.ServiceProvider.GetRequiredService<RefreshLease>();
                // The lease returns the current tokens: those of the request may be stale.
                if (await lease.TakeAsync(idHash, attempt, endsBefore, orUndated, cancellationToken) is { } leased)
                {
                    if (
                        await RefreshUnderLeaseAsync(scope.ServiceProvider, lease, leased, idHash, attempt) is
                        { } result
                    )
                        return result;
                    continue;
                }

                var row = await lease.ReadAsync(idHash, cancellationToken);
                if (row is null)
                    return AccessTokenResult.Ended;
                if (row.TokenExpiresAt is { } endsAt ? endsAt > endsBefore : !orUndated)
                    return Unprotect(row.Sid, idHash, row.Tokens);
                // The lease was released after TakeAsync.
                if (!row.IsLeased)
                    continue;
            }
            // Another replica is refreshing: wait for its notification, without holding a connection.
            await Task.WhenAny(changed, Task.Delay(PollInterval, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Calls the provider once and writes the outcome; null if the lease was lost, so that the row must be read again.
    /// </summary>
    async Task<AccessTokenResult?> RefreshUnderLeaseAsync(
        IServiceProvider services,
        RefreshLease lease,
        TokenRow row,
        byte[] idHash,
        Guid attempt
    )
    {
        if (Read(row.Sid, idHash, row.Tokens) is not { } tokens)
            return AccessTokenResult.Ended;
        var started = clock.GetTimestamp();
        var outcome = tokens.RefreshToken is { } refreshToken
            ? await RequestTokensAsync(services, refreshToken)
            : TokenResult.Failure("no_refresh_token");
        metrics.Refreshed(clock.GetElapsedTime(started), outcome.Succeeded ? "ok" : outcome.FailedResult.Error);
        if (outcome.WasSuccessful(out var refreshed, out var failure))
        {
            var renewed = tokens.With(refreshed);
            DateTimeOffset? expiresAt = refreshed.Expiration == DateTimeOffset.MaxValue ? null : refreshed.Expiration;
            var written = await PersistAsync(() =>
                lease.WriteAsync(idHash, attempt, protector.ProtectTokens(idHash, renewed), expiresAt)
            );
            if (written)
                Refreshed(logger, new SessionLogId(row.Sid));
            else
                await RevokeUnusedAsync(services, lease, idHash, renewed);
            return written ? AccessTokenResult.FromTokens(renewed) : null;
        }

        if (failure.Error == "invalid_grant")
        {
            RefreshRefused(logger, new SessionLogId(row.Sid));
            if (!await PersistAsync(() => lease.EndSessionAsync(idHash, attempt)))
                return null;
            metrics.Ended("refresh-refused");
            return AccessTokenResult.Ended;
        }

        RefreshFailed(logger, new SessionLogId(row.Sid), failure.Error);
        await lease.ReleaseAsync(idHash, attempt);
        // An outage does not end the session: the current token is used until it expires.
        if (row.TokenExpiresAt > clock.GetUtcNow())
            return AccessTokenResult.FromTokens(tokens);
        return tokens.RefreshToken is null ? AccessTokenResult.Ended : AccessTokenResult.Unavailable;
    }

    /// <summary>
    /// Queues the revocation of an external provider's new tokens if the session ended during the refresh.
    /// </summary>
    async Task RevokeUnusedAsync(IServiceProvider services, RefreshLease lease, byte[] idHash, SessionTokens tokens)
    {
        if (
            !services.GetRequiredService<IOptions<RelyingPartyOptions>>().Value.ExternalProvider
            || await lease.ReadAsync(idHash, CancellationToken.None) is not null
        )
            return;
        await RevocationSender.AddAsync(
            services.GetRequiredService<ISessionContext>(),
            services.GetRequiredService<RelyingParty>().App,
            idHash,
            protector.ProtectTokens(idHash, tokens),
            clock.GetUtcNow()
        );
    }

    /// <summary>Sends one request without retries: a provider takes a reused refresh token for a stolen one.</summary>
    static async Task<TokenResult<UserToken>> RequestTokensAsync(IServiceProvider services, string refreshToken)
    {
        using var timeout = new CancellationTokenSource(ProviderTimeout);
        try
        {
            return await services
                .GetRequiredService<IOpenIdConnectUserTokenEndpoint>()
                .RefreshAccessTokenAsync(
                    new UserRefreshToken(RefreshToken.Parse(refreshToken), null),
                    new UserTokenRequestParameters(),
                    timeout.Token
                );
        }
        catch (Exception ex)
            when (ex is OperationCanceledException or InvalidOperationException or HttpRequestException)
        {
            return TokenResult.Failure(ex.GetType().Name, ex.Message);
        }
    }

    /// <summary>
    /// Retries the write while the lease lasts: a rotated token that is not stored is lost, and with it the session.
    /// </summary>
    async Task<bool> PersistAsync(Func<Task<bool>> write)
    {
        var started = clock.GetTimestamp();
        while (true)
            try
            {
                return await write();
            }
            catch (Exception ex)
                when (Problems.IsDatabaseUnavailable(ex)
                    && clock.GetElapsedTime(started) < RefreshLease.Duration - ProviderTimeout
                )
            {
                await Task.Delay(WriteRetryDelay, clock, CancellationToken.None);
            }
    }

    [LoggerMessage(
        33,
        LogLevel.Warning,
        "The tokens of session {Session} cannot be decrypted: their data-protection key is lost or the row was "
            + "changed. The user must sign in again"
    )]
    static partial void Unreadable(ILogger logger, SessionLogId session, Exception ex);

    [LoggerMessage(30, LogLevel.Information, "Session {Session} has new tokens")]
    static partial void Refreshed(ILogger logger, SessionLogId session);

    [LoggerMessage(
        31,
        LogLevel.Warning,
        "The provider rejected the refresh token of session {Session}; the session ends"
    )]
    static partial void RefreshRefused(ILogger logger, SessionLogId session);

    [LoggerMessage(
        32,
        LogLevel.Warning,
        "The tokens of session {Session} could not be refreshed ({Error}); the session stays active"
    )]
    static partial void RefreshFailed(ILogger logger, SessionLogId session, string error);
}
