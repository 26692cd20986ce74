using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Gate;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Foreign;

/// <summary>Whom a token of another provider names, and in which session, by that provider's names.</summary>
readonly record struct ForeignCaller(string Subject, string? Sid);

/// <summary>Who acts by such a token, and since when.</summary>
sealed class ForeignActor : IRemembered
{
    public required Actor Actor { get; init; }

    /// <summary>When the session began; the beginning of time where the token names none.</summary>
    public required DateTimeOffset BeganAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    Guid IRemembered.SessionId => Actor.SessionId;

    Guid IRemembered.UserId => Actor.UserId;

    bool IRemembered.IsOver(DateTimeOffset now) => now >= EndsAt;
}

/// <summary>Another provider's people and their living sessions, as far as their tokens came by lately.</summary>
sealed class ForeignActors(
    SessionFeed feed, TimeProvider clock, SessionMetrics metrics, IServiceScopeFactory scopes, IOptions<SessionsOptions> sessions, IOptions<AccessTokenOptions> tokens)
    : Memory<ForeignCaller, ForeignActor>("foreign-gate", sessions.Value.Remembered, feed, clock, metrics, Reader(scopes, clock, tokens.Value.Authority))
{
    static Func<ForeignCaller, CancellationToken, Task<ForeignActor?>> Reader(IServiceScopeFactory scopes, TimeProvider clock, string issuer) => async (caller, cancellationToken) =>
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
        var (subject, sid, now) = (caller.Subject, caller.Sid, clock.GetUtcNow());
        var users = db.Users.Where(user => user.Issuer == issuer && user.Subject == subject && user.DisabledAt == null);
        if (sid is null)
            return await users.Select(user => new ForeignActor
            {
                Actor = new Actor(user.Id, Guid.Empty, user.IsAdmin, user.EmailVerified),
                BeganAt = DateTimeOffset.UnixEpoch,
                EndsAt = DateTimeOffset.MaxValue,
            }).SingleOrDefaultAsync(cancellationToken);
        return await (from session in db.Sessions
                      join user in users on session.UserId equals user.Id
                      where session.Issuer == issuer && session.ForeignSid == sid && session.EndedAt == null && session.EndsAt > now
                      select new ForeignActor { Actor = new Actor(user.Id, session.Id, user.IsAdmin, user.EmailVerified), BeganAt = session.CreatedAt, EndsAt = session.EndsAt })
            .SingleOrDefaultAsync(cancellationToken);
    };
}
