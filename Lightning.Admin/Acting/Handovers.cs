using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Acting;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Lightning.Sessions;
using Lightning.Sessions.WebSessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Acting;

/// <summary>
/// Hands an administrator over to the application, where they act as somebody. What goes there is a code that is good once, for a minute, in the browser of this session;
/// whether it is followed, Identity decides. This site's role can write no session, and no code but by a function that asks for the right by itself.
/// </summary>
public sealed partial class Handovers(LightningDb db, UserPolicy policy, Actor actor, IOptions<ActingOptions> options, TimeProvider clock, ILogger<Handovers> logger)
{
    /// <summary>In logs and in the audit book.</summary>
    public const string Asked = "acting-asked";

    /// <summary>As whom the actor may act, by their key; null where they may not, or nobody may because there is no application to do it in.</summary>
    public async Task<User?> FindAsync(Guid id, CancellationToken cancellationToken) => options.Value.App is null ? null
        : await db.Users.AsNoTracking().Where(policy, actor, Verb.ActAs).SingleOrDefaultAsync(user => user.Id == id, cancellationToken);

    /// <summary>Writes a hand-over and its line in the book, or neither. Not cancelled with the request.</summary>
    /// <returns>Where the browser goes on; null where the database refuses.</returns>
    public async Task<string?> WriteAsync(Guid id, string reason, LiveSession asker, string? ip)
    {
        ArgumentNullException.ThrowIfNull(asker);
        var (code, hash) = Handover.Create();
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!(await db.Database.SqlQuery<bool>($"""SELECT identity.hand_over({hash}, {id}, {asker.Id}, {reason}) AS "Value" """).ToListAsync()).Single()) return null;
        db.AuditEntries.Add(new AuditEntry
        {
            At = clock.GetUtcNow(),
            Action = Asked,
            UserId = actor.UserId,
            SessionId = actor.SessionId,
            SubjectType = "user",
            SubjectId = id.ToString(),
            Details = JsonSerializer.Serialize(new { reason }),
            Ip = ip,
        });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        LogAsked(logger, actor.UserId, id, new SessionMark(actor.SessionId), ip);
        return $"{options.Value.App!.TrimEnd('/')}/bff/act?code={code}";
    }

    [LoggerMessage(EventId = 2003, EventName = Asked, Level = LogLevel.Warning, Message = "Administrator {ActorId} asked to act as user {UserId}, in session {SessionMark}, from {Ip}")]
    static partial void LogAsked(ILogger logger, Guid actorId, Guid userId, SessionMark sessionMark, string? ip);
}
