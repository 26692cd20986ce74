using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Sessions.Feed;
using Lightning.Sessions.WebSessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Ends;

/// <summary>On whose word sessions end.</summary>
/// <param name="Reason">What the sessions' rows say.</param>
/// <param name="Action">What the audit book says.</param>
public sealed record EndedBy(string Reason, string Action)
{
    /// <summary>The person, who leaves.</summary>
    public static EndedBy SignOut { get; } = new("signed-out", "signed-out");

    /// <summary>An administrator, who no longer acts as the person.</summary>
    public static EndedBy Actor { get; } = new("acting-stopped", "acting-stopped");

    /// <summary>The person whose sessions they are.</summary>
    public static EndedBy User { get; } = new("ended-by-user", "sessions-ended");

    /// <summary>An administrator.</summary>
    public static EndedBy Administrator { get; } = new("ended-by-admin", "sessions-ended-by-admin");
}

/// <summary>
/// Ends sessions because somebody asked for it in a session of theirs. Whether they may is the caller's to ask. The end and its line in the audit book are
/// one transaction, which is not cancelled with the request.
/// </summary>
public sealed partial class SessionEnds
{
    readonly LightningDb db;
    readonly SessionFeed feed;
    readonly SessionMetrics metrics;
    readonly TimeProvider clock;
    readonly ILogger<SessionEnds> logger;

    SessionEnds(LightningDb db, SessionFeed feed, SessionMetrics metrics, TimeProvider clock, ILogger<SessionEnds> logger) =>
        (this.db, this.feed, this.metrics, this.clock, this.logger) = (db, feed, metrics, clock, logger);

    internal static SessionEnds Create(IServiceProvider services) => new(
        services.GetRequiredService<LightningDb>(), services.GetRequiredService<SessionFeed>(), services.GetRequiredService<SessionMetrics>(),
        services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<SessionEnds>>());

    /// <summary>Ends one session.</summary>
    /// <returns>Whether it was alive until now.</returns>
    public async Task<bool> EndAsync(Guid sid, EndedBy by, LiveSession asker, string? ip)
    {
        ArgumentNullException.ThrowIfNull(by);
        return await EndAsync($"""SELECT identity.end_session({sid}, {by.Reason})::integer AS "Value" """, by, asker, ip, Change.Session(sid), ("session", sid.ToString())) > 0;
    }

    /// <summary>Ends all sessions of a user, but for one where one is given.</summary>
    /// <returns>How many were alive until now.</returns>
    public Task<int> EndUserAsync(Guid userId, EndedBy by, LiveSession asker, string? ip, Guid? except = null)
    {
        ArgumentNullException.ThrowIfNull(by);
        return EndAsync($"""SELECT identity.end_user_sessions({userId}, {by.Reason}, {except}) AS "Value" """, by, asker, ip, Change.User(userId), ("user", userId.ToString()), except);
    }

    /// <summary>Ends everybody's sessions, the asker's too.</summary>
    /// <returns>How many were alive until now.</returns>
    public Task<int> EndAllAsync(EndedBy by, LiveSession asker, string? ip)
    {
        ArgumentNullException.ThrowIfNull(by);
        return EndAsync($"""SELECT identity.end_all({by.Reason}) AS "Value" """, by, asker, ip, Change.Everything, ("everyone", null));
    }

    async Task<int> EndAsync(FormattableString end, EndedBy by, LiveSession asker, string? ip, Change change, (string Type, string? Id) subject, Guid? except = null)
    {
        ArgumentNullException.ThrowIfNull(asker);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var ended = (await db.Database.SqlQuery<int>(end).ToListAsync()).Single();
        if (ended == 0) return 0;
        db.AuditEntries.Add(new AuditEntry
        {
            At = clock.GetUtcNow(),
            Action = by.Action,
            UserId = asker.User.Id,
            SessionId = asker.Id,
            SubjectType = subject.Type,
            SubjectId = subject.Id,
            Details = JsonSerializer.Serialize(new { sessions = ended, except }),
            Ip = ip,
        });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        // This replica need not wait for the echo.
        feed.Tell(change);
        metrics.Ended(by.Reason, ended);
        Ended(logger, by.Action, asker.User.Id, new SessionMark(asker.Id), ended, subject.Type);
        return ended;
    }

    [LoggerMessage(21, LogLevel.Information, "{Action}: user {UserId} in session {Session} ended {Count} sessions, by {Scope}")]
    static partial void Ended(ILogger logger, string action, Guid userId, SessionMark session, int count, string scope);
}
