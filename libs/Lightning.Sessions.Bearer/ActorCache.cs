using Lightning.Authorization;
using Lightning.Sessions.Cache;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Bearer;

/// <summary>The actor of an active session.</summary>
sealed class CachedActor : ICachedSession
{
    public required Actor Actor { get; init; }

    public required string Subject { get; init; }

    /// <summary>When the session ends at the latest (UTC).</summary>
    public required DateTimeOffset EndsAt { get; init; }

    Guid ICachedSession.SessionId => Actor.SessionId;

    Guid ICachedSession.UserId => Actor.UserId;

    bool ICachedSession.IsExpired(DateTimeOffset now) => now >= EndsAt;
}

/// <summary>The actors of recently seen access tokens, by session id.</summary>
sealed class ActorCache(
    SessionFeed feed,
    TimeProvider clock,
    SessionMetrics metrics,
    IServiceScopeFactory scopes,
    IOptions<SessionsOptions> sessions,
    IOptions<AccessTokenOptions> tokens
)
    : SessionCache<Guid, CachedActor>(
        "gate",
        sessions.Value.Remembered,
        feed,
        clock,
        metrics,
        Reader(scopes, clock, tokens.Value.Authority)
    )
{
    // By EF, which tells row-level security that the gate reads.
    static readonly string FindActor = $$"""
        SELECT person.id AS user_id, person.is_admin, person.email_verified, session.actor_id,
            session.actor_may_write, person.subject, session.ends_at,
            app.memberships_of(person.id) AS memberships
        FROM identity.sessions AS session JOIN app.users AS person ON person.id = session.user_id
        WHERE {{ActiveSessions.Condition("{0}")}} AND session.id = {1} AND person.issuer = {2}
            AND person.disabled_at IS NULL
        """;

    internal static Func<Guid, CancellationToken, Task<CachedActor?>> Reader(
        IServiceScopeFactory scopes,
        TimeProvider clock,
        string issuer
    ) =>
        async (sid, cancellationToken) =>
        {
            await using var scope = scopes.CreateAsyncScope();
            var rows = await scope
                .ServiceProvider.GetRequiredService<ISessionContext>()
                .Database.SqlQueryRaw<ActorRow>(FindActor, clock.GetUtcNow(), sid, issuer)
                .ToListAsync(cancellationToken);
            return rows.SingleOrDefault() is not { } row
                ? null
                : new CachedActor
                {
                    Actor = new Actor(row.UserId, sid, row.IsAdmin, row.EmailVerified)
                    {
                        ActedBy = row.ActorId,
                        Memberships = Memberships.Parse(row.Memberships),
                        ActorMayWrite = row.ActorMayWrite,
                    },
                    Subject = row.Subject,
                    EndsAt = row.EndsAt,
                };
        };

    sealed class ActorRow
    {
        public required Guid UserId { get; init; }

        public required bool IsAdmin { get; init; }

        public required bool EmailVerified { get; init; }

        public required Guid? ActorId { get; init; }

        public required bool ActorMayWrite { get; init; }

        public required string Subject { get; init; }

        public required DateTimeOffset EndsAt { get; init; }

        public required string Memberships { get; init; }
    }
}
