using Lightning.Sessions.Cache;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Termination;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>An active session of an enabled user. Concurrent requests of the session share the instance.</summary>
public sealed class LiveSession : ICachedSession
{
    long lastSeenAt;

    /// <summary>The <c>sid</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>The session's user.</summary>
    public required SessionUser User { get; init; }

    /// <summary>When the user signed in to this application (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the session was last used (UTC), to a few minutes.</summary>
    public required DateTimeOffset LastSeenAt
    {
        get => new(Volatile.Read(ref lastSeenAt), TimeSpan.Zero);
        init => lastSeenAt = value.UtcTicks;
    }

    /// <summary>When the session ends at the latest (UTC).</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>When the user authenticated for this cookie (UTC).</summary>
    public required DateTimeOffset AuthTime { get; init; }

    /// <summary>The administrator who impersonates the user; null if the user is signed in.</summary>
    public Impersonator? Impersonator { get; init; }

    internal CookieHash Hash { get; init; }

    internal AuthenticationTicket Ticket { get; init; } = null!;

    internal AccessTokenResult Token { get; init; } = AccessTokenResult.Ended;

    internal DateTimeOffset? TokenExpiresAt { get; init; }

    internal TimeSpan IdleTimeout { get; init; }

    internal DateTimeOffset ReadAt { get; init; }

    Guid ICachedSession.SessionId => Id;

    Guid ICachedSession.UserId => User.Id;

    /// <summary>
    /// If the cached last use is stale, because other replicas serve the session too, the session is read again.
    /// </summary>
    bool ICachedSession.IsExpired(DateTimeOffset now) => now >= EndsAt || now - LastSeenAt >= IdleTimeout;

    /// <summary>Updates the last use; true for one request per interval, which must have it written.</summary>
    internal bool TryMarkUsed(DateTimeOffset now, TimeSpan interval)
    {
        var before = Volatile.Read(ref lastSeenAt);
        return now.UtcTicks - before >= interval.Ticks
            && Interlocked.CompareExchange(ref lastSeenAt, now.UtcTicks, before) == before;
    }
}

/// <summary>The user as in the database, not as in a token.</summary>
/// <param name="Id">The key in <c>app.users</c>.</param>
/// <param name="Name">The display name.</param>
/// <param name="Email">The email address.</param>
/// <param name="EmailVerified">Whether the email address is verified.</param>
/// <param name="IsAdmin">Whether the user is an administrator.</param>
public sealed record SessionUser(Guid Id, string Name, string Email, bool EmailVerified, bool IsAdmin);

/// <summary>The administrator who impersonates a user: the <c>act</c> claim (RFC 8693, 4.1).</summary>
/// <param name="Subject">The administrator's <c>sub</c>.</param>
/// <param name="Name">The administrator's display name.</param>
/// <param name="MayWrite">Whether the administrator may write; otherwise the session is read-only.</param>
public sealed record Impersonator(string Subject, string Name, bool MayWrite);

/// <summary>Gets the session of a request.</summary>
public static class LiveSessionExtensions
{
    /// <summary>The session of the request; null if it is not authenticated.</summary>
    public static LiveSession? LiveSession(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<LiveSession>();
    }

    /// <summary>The user of the request, as the one who ends sessions.</summary>
    /// <exception cref="InvalidOperationException">The request has no session.</exception>
    public static SessionRequester SessionRequester(this HttpContext context)
    {
        var session = context.LiveSession() ?? throw new InvalidOperationException("The request has no session.");
        return new(session.User.Id, session.Id, context.Connection.RemoteIpAddress?.ToString());
    }
}
