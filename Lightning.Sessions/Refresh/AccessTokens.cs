using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Lightning.ServiceDefaults;
using Lightning.Sessions.WebSessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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

    /// <summary>The token where there is one.</summary>
    public string? Token { get; private init; }

    internal static AccessTokenResult Of(SessionTokens tokens) => new() { Token = tokens.AccessToken };
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

    static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(100);

    readonly ConcurrentDictionary<string, Lazy<Task<AccessTokenResult>>> flights = new(StringComparer.Ordinal);
    readonly IServiceScopeFactory scopes;
    readonly SessionSecrets secrets;
    readonly TimeProvider clock;
    readonly ILogger<AccessTokens> logger;

    AccessTokens(IServiceScopeFactory scopes, SessionSecrets secrets, TimeProvider clock, ILogger<AccessTokens> logger) =>
        (this.scopes, this.secrets, this.clock, this.logger) = (scopes, secrets, clock, logger);

    internal static AccessTokens Create(IServiceProvider services) => new(
        services.GetRequiredService<IServiceScopeFactory>(), services.GetRequiredService<SessionSecrets>(),
        services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<AccessTokens>>());

    /// <summary>A token that is good for a while yet.</summary>
    /// <param name="session">The session as the request was authenticated with it.</param>
    /// <param name="cancellationToken">Stops waiting; a refresh that has begun goes on, or its rotated token would be lost.</param>
    public Task<AccessTokenResult> GetAsync(LiveSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (IsFresh(session.TokenExpiresAt)) return Task.FromResult(Open(session.Id, session.IdHash, session.Tokens));
        var key = Base64Url.EncodeToString(session.IdHash);
        // Lazy, because GetOrAdd may call its factory more than once; on the pool, because the first caller must not carry the others' work.
        var flight = flights.GetOrAdd(key, key => new Lazy<Task<AccessTokenResult>>(() => Task.Run(() => FlyAsync(key, session.IdHash))));
        return flight.Value.WaitAsync(cancellationToken);
    }

    AccessTokenResult Open(Guid sid, byte[] idHash, byte[] tokens) => Read(sid, idHash, tokens) is { } read ? AccessTokenResult.Of(read) : AccessTokenResult.Ended;

    /// <summary>The tokens as they are, be they good yet or not.</summary>
    internal SessionTokens? Read(LiveSession session) => Read(session.Id, session.IdHash, session.Tokens);

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

    async Task<AccessTokenResult> FlyAsync(string key, byte[] idHash)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, clock);
            return await RefreshAsync(idHash, patience.Token);
        }
        catch (OperationCanceledException)
        {
            return AccessTokenResult.Unavailable;
        }
        finally
        {
            flights.TryRemove(key, out _);
        }
    }

    async Task<AccessTokenResult> RefreshAsync(byte[] idHash, CancellationToken cancellationToken)
    {
        var attempt = Guid.NewGuid();
        while (true)
        {
            await using var scope = scopes.CreateAsyncScope();
            var lease = scope.ServiceProvider.GetRequiredService<RefreshLease>();
            // Under the lease everything is read anew: what the request had seen may have been replaced since.
            if (await lease.TakeAsync(idHash, attempt, clock.GetUtcNow() + Margin, cancellationToken) is { } leased)
            {
                if (await RefreshUnderLeaseAsync(scope.ServiceProvider, lease, leased, idHash, attempt) is { } result) return result;
                continue;
            }

            var row = await lease.ReadAsync(idHash, cancellationToken);
            if (row is null) return AccessTokenResult.Ended;
            if (IsFresh(row.TokenExpiresAt)) return Open(row.Sid, idHash, row.Tokens);
            // Another replica holds the lease. Its write is seen by reading again.
            await Task.Delay(AskAgainAfter, clock, cancellationToken);
        }
    }

    /// <summary>One call of the provider, and its outcome written; null where the lease was lost meanwhile and the row has to be read again.</summary>
    async Task<AccessTokenResult?> RefreshUnderLeaseAsync(IServiceProvider services, RefreshLease lease, TokenRow row, byte[] idHash, Guid attempt)
    {
        if (Read(row.Sid, idHash, row.Tokens) is not { } tokens) return AccessTokenResult.Ended;
        var outcome = tokens.RefreshToken is { } refreshToken ? await AskProviderAsync(services, refreshToken) : TokenResult.Failure("no_refresh_token");
        if (outcome.WasSuccessful(out var refreshed, out var failure))
        {
            var renewed = tokens.After(refreshed);
            DateTimeOffset? expiresAt = refreshed.Expiration == DateTimeOffset.MaxValue ? null : refreshed.Expiration;
            var written = await PersistAsync(() => lease.WriteAsync(idHash, attempt, secrets.ProtectTokens(idHash, renewed), expiresAt));
            if (written) Refreshed(logger, new SessionMark(row.Sid));
            return written ? AccessTokenResult.Of(renewed) : null;
        }

        if (failure.Error == "invalid_grant")
        {
            RefreshRefused(logger, new SessionMark(row.Sid));
            return await PersistAsync(() => lease.EndSessionAsync(idHash, attempt)) ? AccessTokenResult.Ended : null;
        }

        RefreshFailed(logger, new SessionMark(row.Sid), failure.Error);
        await lease.ReleaseAsync(idHash, attempt);
        // An outage is never a logout: the token that is there serves to its end.
        if (row.TokenExpiresAt > clock.GetUtcNow()) return AccessTokenResult.Of(tokens);
        return tokens.RefreshToken is null ? AccessTokenResult.Ended : AccessTokenResult.Unavailable;
    }

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

    /// <summary>A rotated token exists once: while the lease lasts, a database that comes back gets it yet.</summary>
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
                await Task.Delay(AskAgainAfter, clock, CancellationToken.None);
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
