using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using System.Security.Cryptography;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.WebSessions;

/// <summary>The sessions of one relying party, with ticket and access token in the clear: what a request needs, and no refresh token.</summary>
sealed partial class WebSessionMemory(
    SessionFeed feed, TimeProvider clock, SessionMetrics metrics, IServiceScopeFactory scopes, SessionSecrets secrets,
    IOptions<SessionsOptions> options, ILogger<WebSessionMemory> logger)
    : Memory<CookieHash, LiveSession>("web", options.Value.Remembered, feed, clock, metrics, Reader(scopes, secrets, clock, options.Value, logger))
{
    protected override bool TryKey(Change change, [NotNullWhen(true)] out CookieHash key)
    {
        key = change.Hash;
        return true;
    }

    static Func<CookieHash, CancellationToken, Task<LiveSession?>> Reader(
        IServiceScopeFactory scopes, SessionSecrets secrets, TimeProvider clock, SessionsOptions options, ILogger logger) => async (hash, cancellationToken) =>
    {
        await using var scope = scopes.CreateAsyncScope();
        var readAt = clock.GetUtcNow();
        var row = await scope.ServiceProvider.GetRequiredService<WebSessionStore>().FindAsync(hash.ToArray(), cancellationToken);
        return row is null ? null : Open(row, hash, secrets, readAt, options.IdleTimeout, logger);
    };

    /// <summary>A lost ring key costs a sign-in, not the service.</summary>
    static LiveSession? Open(WebSessionRow row, CookieHash hash, SessionSecrets secrets, DateTimeOffset readAt, TimeSpan idleTimeout, ILogger logger)
    {
        try
        {
            if (TicketSerializer.Default.Deserialize(secrets.UnprotectTicket(row.IdHash, row.Ticket)) is not { } ticket) return null;
            return new LiveSession
            {
                Id = row.Id,
                User = row.User,
                ActedBy = row.ActedBy,
                CreatedAt = row.CreatedAt,
                LastSeenAt = row.LastSeenAt,
                EndsAt = row.EndsAt,
                AuthTime = row.AuthTime,
                Hash = hash,
                Ticket = Compact(ticket),
                Token = AccessTokenResult.Of(secrets.UnprotectTokens(row.IdHash, row.Tokens)),
                TokenExpiresAt = row.TokenExpiresAt,
                IdleTimeout = idleTimeout,
                ReadAt = readAt,
            };
        }
        catch (CryptographicException fault)
        {
            Unreadable(logger, new SessionMark(row.Id), fault);
            return null;
        }
    }

    /// <summary>The same ticket without the copies of types and issuers that every claim brings out of a serializer.</summary>
    static AuthenticationTicket Compact(AuthenticationTicket ticket)
    {
        var claims = ticket.Principal.Claims.Select(claim => new Claim(
            string.IsInterned(claim.Type) ?? claim.Type, claim.Value, string.IsInterned(claim.ValueType) ?? claim.ValueType));
        var identity = new ClaimsIdentity(claims, Schemes.Session, "sub", null);
        return new AuthenticationTicket(new ClaimsPrincipal(identity), Schemes.Session);
    }

    [LoggerMessage(2, LogLevel.Warning, "Session {Session} cannot be decrypted: its data-protection key is lost or the row was changed. The person has to sign in again")]
    static partial void Unreadable(ILogger logger, SessionMark session, Exception fault);
}
