using Lightning.Data;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Dashboard;

/// <summary>A counter on the dashboard.</summary>
/// <param name="What">What is counted.</param>
/// <param name="List">The slug of the list.</param>
/// <param name="Number">The number.</param>
/// <param name="IsEstimate">Whether the number is Postgres's estimate, used where exact counting is slow.</param>
public sealed record Count(string What, string List, long Number, bool IsEstimate);

/// <summary>The sign-ins of a day (UTC).</summary>
public sealed record Day(DateOnly Date, int SignIns, int Failures);

/// <summary>
/// A recent audit entry, without its details: those are shown on the entry's own page, subject to its policies.
/// </summary>
public sealed record RecentChange(
    DateTimeOffset At,
    string Action,
    string? Who,
    string? Impersonator,
    string? SubjectType,
    string? SubjectId
);

/// <summary>
/// The figures of the dashboard. Each query uses an index: counts stop at <see cref="ExactLimit"/>, sign-ins cover <see
/// cref="DayCount"/> days, and frequent events such as refreshes are excluded from the changes.
/// </summary>
public sealed record DashboardFigures(
    DateTimeOffset At,
    IReadOnlyList<Count> Counts,
    IReadOnlyList<Day> Days,
    IReadOnlyList<RecentChange> Changes
)
{
    /// <summary>The highest exact count.</summary>
    public const int ExactLimit = 10_000;

    /// <summary>The number of days shown, including today.</summary>
    public const int DayCount = 14;

    /// <summary>The number of changes shown.</summary>
    public const int MaxChanges = 12;

    /// <summary>Reads the figures.</summary>
    /// <param name="db">The database context.</param>
    /// <param name="now">The current time (UTC).</param>
    /// <param name="idleTimeout">The idle timeout of sessions.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<DashboardFigures> ReadAsync(
        LightningDb db,
        DateTimeOffset now,
        TimeSpan idleTimeout,
        CancellationToken cancellationToken
    )
    {
        var idleSince = now - idleTimeout;
        Count[] counts =
        [
            await CountAsync(
                db,
                new("Users", "users", "app.users"),
                db.Users.OrderBy(user => user.Id),
                cancellationToken
            ),
            await CountAsync(
                db,
                new("Active sessions", "sessions", null),
                db.Sessions.Where(session =>
                        session.EndsAt > now && session.EndedAt == null && session.LastSeenAt > idleSince
                    )
                    .OrderBy(session => session.EndsAt),
                cancellationToken
            ),
            await CountAsync(
                db,
                new("Notes", "notes", "app.notes"),
                db.Notes.OrderBy(note => note.Id),
                cancellationToken
            ),
            await CountAsync(
                db,
                new("Shares", "shares", "app.note_shares"),
                db.NoteShares.OrderBy(share => share.Id),
                cancellationToken
            ),
        ];
        return new DashboardFigures(
            now,
            counts,
            await DaysAsync(db, now, cancellationToken),
            await ChangesAsync(db, cancellationToken)
        );
    }

    /// <summary>What is counted.</summary>
    /// <param name="What">The name of the counter.</param>
    /// <param name="List">The slug of the list.</param>
    /// <param name="Table">The table with the estimate; null if there is none, because only some rows count.</param>
    sealed record Counted(string What, string List, string? Table);

    static async Task<Count> CountAsync<T>(
        LightningDb db,
        Counted counted,
        IQueryable<T> rows,
        CancellationToken cancellationToken
    )
    {
        var exact = await rows.Take(ExactLimit + 1).CountAsync(cancellationToken);
        if (exact <= ExactLimit)
            return new Count(counted.What, counted.List, exact, IsEstimate: false);
        // There is no estimate for part of a table: the result is "more than".
        var estimate = counted.Table is null
            ? ExactLimit
            : (
                await db
                    .Database.SqlQuery<long>(
                        $"""SELECT reltuples::bigint AS "Value" FROM pg_class WHERE oid = {counted.Table}::regclass"""
                    )
                    .ToListAsync(cancellationToken)
            ).Single();
        return new Count(counted.What, counted.List, Math.Max(estimate, ExactLimit), IsEstimate: true);
    }

    static async Task<IReadOnlyList<Day>> DaysAsync(
        LightningDb db,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var from = new DateTimeOffset(today.AddDays(1 - DayCount), TimeOnly.MinValue, TimeSpan.Zero);
        var found = await db
            .Database.SqlQuery<Day>(
                $"""
                SELECT (at AT TIME ZONE 'UTC')::date AS date,
                    count(*) FILTER (WHERE action = 'signed-in')::integer AS sign_ins,
                        count(*) FILTER (WHERE action = 'sign-in-failed')::integer AS failures
                FROM audit.entries WHERE action IN ('signed-in', 'sign-in-failed') AND at >= {from} GROUP BY 1
                """
            )
            .ToDictionaryAsync(day => day.Date, cancellationToken);
        return
        [
            .. Enumerable
                .Range(0, DayCount)
                .Select(back => today.AddDays(1 - DayCount + back))
                .Select(date => found.GetValueOrDefault(date) ?? new Day(date, 0, 0)),
        ];
    }

    static async Task<IReadOnlyList<RecentChange>> ChangesAsync(LightningDb db, CancellationToken cancellationToken) =>
        await db
            .Database.SqlQuery<RecentChange>(
                $"""
                SELECT entry.at, entry.action, actor.email AS who, impersonator.email AS impersonator,
                    entry.subject_type, entry.subject_id
                FROM (SELECT * FROM audit.entries WHERE action NOT IN ('refreshed', 'sign-in-failed', 'signed-in')
                    ORDER BY id DESC LIMIT {MaxChanges}) AS entry
                LEFT JOIN app.users AS actor ON actor.id = entry.user_id
                LEFT JOIN app.users AS impersonator ON impersonator.id = entry.acted_by
                ORDER BY entry.id DESC
                """
            )
            .ToListAsync(cancellationToken);
}
