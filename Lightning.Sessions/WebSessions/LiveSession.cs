using Lightning.ServiceDefaults;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Refresh;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.WebSessions;

/// <summary>A session that is alive, and whose user is welcome. Requests of one session may share it.</summary>
public sealed class LiveSession : IRemembered
{
    long lastSeenAt;

    /// <summary>The <c>sid</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required SessionUser User { get; init; }

    /// <summary>When this application's session began, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last used, in UTC, to a few minutes.</summary>
    public required DateTimeOffset LastSeenAt
    {
        get => new(Volatile.Read(ref lastSeenAt), TimeSpan.Zero);
        init => lastSeenAt = value.UtcTicks;
    }

    /// <summary>When it ends however busy, in UTC.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>When the person last proved who they are, in UTC.</summary>
    public required DateTimeOffset AuthTime { get; init; }

    /// <summary>The administrator who acts as the person; null where the person acts themself.</summary>
    public ActingAdministrator? ActedBy { get; init; }

    internal CookieHash Hash { get; init; }

    internal AuthenticationTicket Ticket { get; init; } = null!;

    internal AccessTokenResult Token { get; init; } = AccessTokenResult.Ended;

    internal DateTimeOffset? TokenExpiresAt { get; init; }

    internal TimeSpan IdleTimeout { get; init; }

    internal DateTimeOffset ReadAt { get; init; }

    Guid IRemembered.SessionId => Id;

    Guid IRemembered.UserId => User.Id;

    /// <summary>What is remembered of its last use may be old, where other replicas serve it too; then it is read anew, and not ended.</summary>
    bool IRemembered.IsOver(DateTimeOffset now) => now >= EndsAt || now - LastSeenAt >= IdleTimeout;

    /// <summary>Notes its use; true for the one request an interval that shall have it written.</summary>
    internal bool Use(DateTimeOffset now, TimeSpan interval)
    {
        var before = Volatile.Read(ref lastSeenAt);
        return now.UtcTicks - before >= interval.Ticks && Interlocked.CompareExchange(ref lastSeenAt, now.UtcTicks, before) == before;
    }
}

/// <summary>A person as the database has them now, not as a token once said.</summary>
/// <param name="Id">The key in <c>app.users</c>.</param>
/// <param name="Name">What they want to be called.</param>
/// <param name="Email">Their address.</param>
/// <param name="EmailVerified">Whether the address is proved.</param>
/// <param name="IsAdmin">Whether the admin site is open to them.</param>
public sealed record SessionUser(Guid Id, string Name, string Email, bool EmailVerified, bool IsAdmin);

/// <summary>Who acts as somebody else (RFC 8693, 4.1).</summary>
/// <param name="Subject">The issuer's name for them.</param>
/// <param name="Name">What they want to be called.</param>
public sealed record ActingAdministrator(string Subject, string Name);

/// <summary>Reaches the session of a request.</summary>
public static class LiveSessionExtensions
{
    /// <summary>The session that this request was authenticated with, or null.</summary>
    public static LiveSession? LiveSession(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<LiveSession>();
    }
}
