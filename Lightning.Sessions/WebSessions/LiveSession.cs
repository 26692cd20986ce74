using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.WebSessions;

/// <summary>A session that was alive, and whose user was welcome, when it was read.</summary>
public sealed class LiveSession
{
    /// <summary>The <c>sid</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required SessionUser User { get; init; }

    /// <summary>When this application's session began, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last used, in UTC, to the minute.</summary>
    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>When it ends however busy, in UTC.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>When the person last proved who they are, in UTC.</summary>
    public required DateTimeOffset AuthTime { get; init; }

    internal byte[] IdHash { get; init; } = [];

    internal byte[] Ticket { get; init; } = [];

    internal byte[] Tokens { get; init; } = [];

    internal DateTimeOffset? TokenExpiresAt { get; init; }
}

/// <summary>A person as the database has them now, not as a token once said.</summary>
/// <param name="Id">The key in <c>app.users</c>.</param>
/// <param name="Name">What they want to be called.</param>
/// <param name="Email">Their address.</param>
/// <param name="EmailVerified">Whether the address is proved.</param>
/// <param name="IsAdmin">Whether the admin site is open to them.</param>
public sealed record SessionUser(Guid Id, string Name, string Email, bool EmailVerified, bool IsAdmin);

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
