using Lightning.Authorization;
using Lightning.Sessions.Cache;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Bearer;

/// <summary>The <c>sub</c> and <c>sid</c> claims of an external provider's access token.</summary>
/// <param name="Subject">The provider's id of the user.</param>
/// <param name="Sid">The provider's id of the session; null if the token has none.</param>
readonly record struct ExternalCaller(string Subject, string? Sid);

/// <summary>The actor of an external provider's access token.</summary>
sealed class CachedExternalActor : ICachedSession
{
    public required Actor Actor { get; init; }

    /// <summary>When the session started (UTC); the Unix epoch if the token has no <c>sid</c>.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    Guid ICachedSession.SessionId => Actor.SessionId;

    Guid ICachedSession.UserId => Actor.UserId;

    bool ICachedSession.IsExpired(DateTimeOffset now) => now >= EndsAt;
}

/// <summary>The actors of recently seen access tokens of an external provider.</summary>
sealed class ExternalActorCache(
    SessionFeed feed,
    TimeProvider clock,
    SessionMetrics metrics,
    IServiceScopeFactory scopes,
    IOptions<SessionsOptions> sessions,
    IOptions<AccessTokenOptions> tokens
)
    : SessionCache<ExternalCaller, CachedExternalActor>(
        "foreign-gate",
        sessions.Value.Remembered,
        feed,
        clock,
        metrics,
        Reader(scopes, clock, tokens.Value.Authority)
    )
{
    // By EF, which tells row-level security that the gate reads.
    const string FindUser = """
        SELECT id AS user_id, is_admin, email_verified, NULL::uuid AS session_id, NULL::timestamptz AS started_at,
            NULL::timestamptz AS ends_at, app.memberships_of(id) AS memberships
        FROM app.users WHERE issuer = {0} AND subject = {1} AND disabled_at IS NULL
        """;
    static readonly string FindSession = $$"""
        SELECT person.id AS user_id, person.is_admin, person.email_verified, session.id AS session_id,
            session.created_at AS started_at, session.ends_at, app.memberships_of(person.id) AS memberships
        FROM identity.sessions AS session JOIN app.users AS person ON person.id = session.user_id
        WHERE {{ActiveSessions.Condition("{0}")}} AND person.issuer = {1} AND person.subject = {2}
            AND person.disabled_at IS NULL AND session.issuer = {1} AND session.foreign_sid = {3}
        """;

    static Func<ExternalCaller, CancellationToken, Task<CachedExternalActor?>> Reader(
        IServiceScopeFactory scopes,
        TimeProvider clock,
        string issuer
    ) =>
        async (caller, cancellationToken) =>
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<ISessionContext>().Database;
            var query = caller.Sid is { } sid
                ? database.SqlQueryRaw<ActorRow>(FindSession, clock.GetUtcNow(), issuer, caller.Subject, sid)
                : database.SqlQueryRaw<ActorRow>(FindUser, issuer, caller.Subject);
            return (await query.ToListAsync(cancellationToken)).SingleOrDefault() is not { } row
                ? null
                : new CachedExternalActor
                {
                    Actor = new Actor(row.UserId, row.SessionId ?? Guid.Empty, row.IsAdmin, row.EmailVerified)
                    {
                        Memberships = Memberships.Parse(row.Memberships),
                    },
                    StartedAt = row.StartedAt ?? DateTimeOffset.UnixEpoch,
                    EndsAt = row.EndsAt ?? DateTimeOffset.MaxValue,
                };
        };

    /// <summary>A user, and the session unless the token has none.</summary>
    sealed class ActorRow
    {
        public required Guid UserId { get; init; }

        public required bool IsAdmin { get; init; }

        public required bool EmailVerified { get; init; }

        public required Guid? SessionId { get; init; }

        public required DateTimeOffset? StartedAt { get; init; }

        public required DateTimeOffset? EndsAt { get; init; }

        public required string Memberships { get; init; }
    }
}
