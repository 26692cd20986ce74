using Lightning.Data;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Dashboard;

/// <summary>How many there are of something.</summary>
/// <param name="What">Of what.</param>
/// <param name="List">Where they are listed.</param>
/// <param name="Number">How many.</param>
/// <param name="IsAbout">Whether that is the database's estimate, because counting so many takes its time.</param>
public sealed record Count(string What, string List, long Number, bool IsAbout);

/// <summary>A day's sign-ins, by UTC.</summary>
public sealed record Day(DateOnly Date, int SignIns, int Failures);

/// <summary>Something that was done lately. No record of the book in full: what it says of fields, its own page shows.</summary>
public sealed record Change(DateTimeOffset At, string Action, string? Who, string? Behind, string? SubjectType, string? SubjectId);

/// <summary>
/// What the dashboard shows, each read by an index, whatever else there is: a count goes no further than <see cref="Exact"/>, the days are those of the last fortnight, and what
/// there is too much of to be news (refreshes, sign-ins) has no part in the changes.
/// </summary>
public sealed record Figures(DateTimeOffset At, IReadOnlyList<Count> Counts, IReadOnlyList<Day> Days, IReadOnlyList<Change> Changes)
{
    /// <summary>How far is counted.</summary>
    public const int Exact = 10_000;

    /// <summary>How many days are shown, today included.</summary>
    public const int Fortnight = 14;

    /// <summary>How many changes are shown.</summary>
    public const int MostChanges = 12;

    /// <summary>Reads them.</summary>
    /// <param name="db">The database.</param>
    /// <param name="now">The present time, in UTC.</param>
    /// <param name="idleTimeout">How long a session lives unused.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Figures> ReadAsync(LightningDb db, DateTimeOffset now, TimeSpan idleTimeout, CancellationToken cancellationToken)
    {
        var idleSince = now - idleTimeout;
        Count[] counts =
        [
            await CountAsync(db, "Users", "accounts", "app.users", db.Users.OrderBy(user => user.Id), cancellationToken),
            await CountAsync(db, "Active sessions", "sessions", null,
                db.Sessions.Where(session => session.EndsAt > now && session.EndedAt == null && session.LastSeenAt > idleSince).OrderBy(session => session.EndsAt), cancellationToken),
            await CountAsync(db, "Notes", "notes", "app.notes", db.Notes.OrderBy(note => note.Id), cancellationToken),
            await CountAsync(db, "Shares", "shares", "app.note_shares", db.NoteShares.OrderBy(share => share.Id), cancellationToken),
        ];
        return new Figures(now, counts, await DaysAsync(db, now, cancellationToken), await ChangesAsync(db, cancellationToken));
    }

    static async Task<Count> CountAsync<T>(LightningDb db, string what, string list, string? table, IQueryable<T> rows, CancellationToken cancellationToken)
    {
        var exact = await rows.Take(Exact + 1).CountAsync(cancellationToken);
        if (exact <= Exact) return new Count(what, list, exact, IsAbout: false);
        // Of a part of a table the database has no estimate: then it is "more than".
        var estimate = table is null ? Exact : (await db.Database.SqlQuery<long>($"""SELECT reltuples::bigint AS "Value" FROM pg_class WHERE oid = {table}::regclass""").ToListAsync(cancellationToken)).Single();
        return new Count(what, list, Math.Max(estimate, Exact), IsAbout: true);
    }

    static async Task<IReadOnlyList<Day>> DaysAsync(LightningDb db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var from = new DateTimeOffset(today.AddDays(1 - Fortnight), TimeOnly.MinValue, TimeSpan.Zero);
        var found = await db.Database.SqlQuery<Day>($"""
            SELECT (at AT TIME ZONE 'UTC')::date AS date,
                count(*) FILTER (WHERE action = 'signed-in')::integer AS sign_ins, count(*) FILTER (WHERE action = 'sign-in-failed')::integer AS failures
            FROM audit.entries WHERE action IN ('signed-in', 'sign-in-failed') AND at >= {from} GROUP BY 1
            """).ToDictionaryAsync(day => day.Date, cancellationToken);
        return [.. Enumerable.Range(0, Fortnight).Select(back => today.AddDays(1 - Fortnight + back)).Select(date => found.GetValueOrDefault(date) ?? new Day(date, 0, 0))];
    }

    static async Task<IReadOnlyList<Change>> ChangesAsync(LightningDb db, CancellationToken cancellationToken) => await db.Database.SqlQuery<Change>($"""
        SELECT entry.at, entry.action, who.email AS who, behind.email AS behind, entry.subject_type, entry.subject_id
        FROM (SELECT * FROM audit.entries WHERE action NOT IN ('refreshed', 'sign-in-failed', 'signed-in') ORDER BY id DESC LIMIT {MostChanges}) AS entry
        LEFT JOIN app.users AS who ON who.id = entry.user_id LEFT JOIN app.users AS behind ON behind.id = entry.acted_by
        ORDER BY entry.id DESC
        """).ToListAsync(cancellationToken);
}
