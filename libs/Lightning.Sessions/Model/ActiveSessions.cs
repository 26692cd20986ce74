namespace Lightning.Sessions.Model;

/// <summary>Filters sessions.</summary>
public static class ActiveSessions
{
    /// <summary>
    /// The sessions that have neither ended nor expired. The idle timeout applies to web sessions and is checked with
    /// them.
    /// </summary>
    /// <param name="sessions">The sessions to filter.</param>
    /// <param name="now">The current time (UTC).</param>
    public static IQueryable<T> Active<T>(this IQueryable<T> sessions, DateTimeOffset now)
        where T : SessionEntity => sessions.Where(session => session.EndedAt == null && session.EndsAt > now);

    /// <summary>The same in SQL, for a statement that names the session <c>session</c>.</summary>
    /// <param name="now">The placeholder of the current time.</param>
    public static string Condition(string now) => $"session.ended_at IS NULL AND session.ends_at > {now}";
}
