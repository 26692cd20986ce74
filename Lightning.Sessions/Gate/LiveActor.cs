using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.Sessions.Feed;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Gate;

/// <summary>Who acts in a living session, and when it ends at the latest.</summary>
sealed class LiveActor : IRemembered
{
    public required Actor Actor { get; init; }

    public required string Subject { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    Guid IRemembered.SessionId => Actor.SessionId;

    Guid IRemembered.UserId => Actor.UserId;

    bool IRemembered.IsOver(DateTimeOffset now) => now >= EndsAt;
}

/// <summary>The living sessions whose tokens came by lately, with their active users.</summary>
sealed class LiveActors(
    SessionFeed feed, TimeProvider clock, SessionMetrics metrics, IServiceScopeFactory scopes, IOptions<SessionsOptions> sessions, IOptions<AccessTokenOptions> tokens)
    : Memory<Guid, LiveActor>("gate", sessions.Value.Remembered, feed, clock, metrics, Reader(scopes, clock, tokens.Value.Authority))
{
    internal static Func<Guid, CancellationToken, Task<LiveActor?>> Reader(IServiceScopeFactory scopes, TimeProvider clock, string issuer) => async (sid, cancellationToken) =>
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = clock.GetUtcNow();
        return await scope.ServiceProvider.GetRequiredService<LightningDb>().Sessions
            .Where(session => session.Id == sid && session.EndedAt == null && session.EndsAt > now)
            .Where(session => session.User!.Issuer == issuer && session.User.DisabledAt == null)
            .Select(session => new LiveActor
            {
                Actor = new Actor(session.UserId, session.Id, session.User!.IsAdmin, session.User.EmailVerified) { ActedBy = session.ActorId },
                Subject = session.User.Subject,
                EndsAt = session.EndsAt,
            }).SingleOrDefaultAsync(cancellationToken);
    };
}
