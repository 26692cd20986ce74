using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using System.Security.Cryptography;
using Lightning.Sessions.Cache;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// The cached sessions of one relying party, with decrypted ticket and access token, but without the refresh token.
/// </summary>
public sealed partial class WebSessionCache(
    SessionFeed feed,
    TimeProvider clock,
    SessionMetrics metrics,
    IServiceScopeFactory scopes,
    SessionProtector protector,
    IOptions<SessionsOptions> options,
    ILogger<WebSessionCache> logger
)
    : SessionCache<CookieHash, LiveSession>(
        "web",
        options.Value.Remembered,
        feed,
        clock,
        metrics,
        Reader(scopes, protector, clock, options.Value, logger)
    )
{
    private protected override bool TryGetKey(SessionChange change, [NotNullWhen(true)] out CookieHash key)
    {
        key = change.Hash;
        return true;
    }

    static Func<CookieHash, CancellationToken, Task<LiveSession?>> Reader(
        IServiceScopeFactory scopes,
        SessionProtector protector,
        TimeProvider clock,
        SessionsOptions options,
        ILogger logger
    ) =>
        async (hash, cancellationToken) =>
        {
            await using var scope = scopes.CreateAsyncScope();
            var readAt = clock.GetUtcNow();
            var row = await scope
                .ServiceProvider.GetRequiredService<WebSessionStore>()
                .FindAsync(hash.ToArray(), cancellationToken);
            return row is null ? null : Unprotect(row, protector, readAt, options.IdleTimeout, logger);
        };

    /// <summary>Null if the data-protection key is lost, so that the user must sign in again.</summary>
    static LiveSession? Unprotect(
        WebSessionRow row,
        SessionProtector protector,
        DateTimeOffset readAt,
        TimeSpan idleTimeout,
        ILogger logger
    )
    {
        try
        {
            if (
                TicketSerializer.Default.Deserialize(protector.UnprotectTicket(row.Owner, row.Ticket)) is not { } ticket
            )
                return null;
            return new LiveSession
            {
                Id = row.Id,
                User = row.User,
                Impersonator = row.Impersonator,
                CreatedAt = row.CreatedAt,
                LastSeenAt = row.LastSeenAt,
                EndsAt = row.EndsAt,
                AuthTime = AuthenticationTime.Read(ticket.Principal) ?? DateTimeOffset.UnixEpoch,
                Hash = CookieHash.FromBytes(row.Owner.IdHash),
                Ticket = Compact(ticket),
                Token = AccessTokenResult.FromTokens(protector.UnprotectTokens(row.Owner.IdHash, row.Tokens)),
                TokenExpiresAt = row.TokenExpiresAt,
                IdleTimeout = idleTimeout,
                ReadAt = readAt,
            };
        }
        catch (CryptographicException ex)
        {
            Unreadable(logger, new SessionLogId(row.Id), ex);
            return null;
        }
    }

    /// <summary>
    /// Interns claim types, of which the serializer creates a copy per claim, to save memory.
    /// </summary>
    static AuthenticationTicket Compact(AuthenticationTicket ticket)
    {
        var claims = ticket.Principal.Claims.Select(claim => new Claim(
            string.IsInterned(claim.Type) ?? claim.Type,
            claim.Value,
            string.IsInterned(claim.ValueType) ?? claim.ValueType
        ));
        var identity = new ClaimsIdentity(claims, Schemes.Session, "sub", null);
        return new AuthenticationTicket(new ClaimsPrincipal(identity), Schemes.Session);
    }

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "Session {Session} cannot be decrypted: its data-protection key is lost or the row was changed. The user "
            + "must sign in again"
    )]
    static partial void Unreadable(ILogger logger, SessionLogId session, Exception ex);
}
