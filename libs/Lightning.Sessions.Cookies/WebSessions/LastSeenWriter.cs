using System.Data.Common;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// Writes when sessions were last used, in batches in the background, at most once a minute per session. It updates
/// active sessions only, so a late write cannot revive an ended one.
/// </summary>
public sealed partial class LastSeenWriter(
    IServiceScopeFactory scopes,
    SessionFeed feed,
    TimeProvider clock,
    ILogger<LastSeenWriter> logger
) : BackgroundService
{
    /// <summary>The precision of the last-seen time.</summary>
    internal static readonly TimeSpan Precision = TimeSpan.FromMinutes(1);

    const int BatchSize = 500;
    static readonly TimeSpan WriteInterval = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    Dictionary<CookieHash, DateTimeOffset> pending = [];

    /// <summary>Queues the session's last-seen time for writing.</summary>
    internal void MarkUsed(LiveSession session)
    {
        var now = clock.GetUtcNow();
        if (!session.TryMarkUsed(now, Precision))
            return;
        lock (gate)
            pending[session.Hash] = now;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(WriteInterval, clock, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // Also after a stop was requested, so that no use is lost.
            await WriteAsync();
        }
    }

    async Task WriteAsync()
    {
        Dictionary<CookieHash, DateTimeOffset> used;
        lock (gate)
        {
            if (pending.Count == 0)
                return;
            used = pending;
            pending = [];
        }
        foreach (var batch in used.Chunk(BatchSize))
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await WriteAsync(
                    scope.ServiceProvider.GetRequiredService<ISessionContext>(),
                    batch,
                    CancellationToken.None
                );
            }
            catch (DbException ex)
            {
                // Without a cache entry, the next use of the session is queued again.
                Failed(logger, batch.Length, ex);
                foreach (var (hash, _) in batch)
                    feed.Publish(SessionChange.WebSession(hash));
            }
    }

    /// <summary>
    /// Writes a batch. Sessions that were not updated, because they ended or are locked, leave the cache.
    /// </summary>
    internal async Task WriteAsync(
        ISessionContext db,
        KeyValuePair<CookieHash, DateTimeOffset>[] batch,
        CancellationToken cancellationToken
    )
    {
        var hashes = batch.Select(use => use.Key.ToArray()).ToArray();
        var times = batch.Select(use => use.Value).ToArray();
        // SKIP LOCKED prevents deadlocks. A locked row is being ended, or marked as used, by another replica.
        var written = await db
            .Database.SqlQuery<byte[]>(
                $"""
                WITH used AS MATERIALIZED (
                    SELECT web.id_hash, web.sid, use.at
                    FROM unnest({hashes}, {times}) AS use(id_hash, at)
                    JOIN web.sessions AS web ON web.id_hash = use.id_hash
                    JOIN identity.sessions AS session ON session.id = web.sid AND session.ended_at IS NULL
                    FOR NO KEY UPDATE OF web, session SKIP LOCKED),
                noted AS (
                    UPDATE identity.sessions AS session SET last_seen_at = GREATEST(session.last_seen_at, latest.at)
                    FROM (SELECT sid, max(at) AS at FROM used GROUP BY sid) AS latest
                    WHERE session.id = latest.sid AND session.ended_at IS NULL)
                UPDATE web.sessions AS web SET last_seen_at = GREATEST(web.last_seen_at, used.at) FROM used
                    WHERE web.id_hash = used.id_hash
                RETURNING web.id_hash AS "Value"
                """
            )
            .ToListAsync(cancellationToken);
        foreach (var skipped in batch.Select(use => use.Key).Except(written.Select(hash => CookieHash.FromBytes(hash))))
            feed.Publish(SessionChange.WebSession(skipped));
    }

    [LoggerMessage(52, LogLevel.Warning, "The last-seen times of {Count} sessions could not be written")]
    static partial void Failed(ILogger logger, int count, Exception ex);
}
