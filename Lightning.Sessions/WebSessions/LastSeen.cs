using System.Data.Common;
using Lightning.Data;
using Lightning.Sessions.Feed;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// Writes when sessions were last used: at most once a minute a session, many in one statement, and on no request's way. It only ever changes rows
/// whose session has not ended, so a late write brings nothing back.
/// </summary>
sealed partial class LastSeen(IServiceScopeFactory scopes, SessionFeed feed, TimeProvider clock, ILogger<LastSeen> logger) : BackgroundService
{
    /// <summary>How exact "last seen" is.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    const int BatchSize = 500;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    Dictionary<CookieHash, DateTimeOffset> noted = [];

    /// <summary>Notes that a session is in use.</summary>
    public void Note(LiveSession session)
    {
        var now = clock.GetUtcNow();
        if (!session.Use(now, Interval)) return;
        lock (gate) noted[session.Hash] = now;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Patience, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // What was noted before a stop is written yet.
            await WriteAsync();
        }
    }

    async Task WriteAsync()
    {
        Dictionary<CookieHash, DateTimeOffset> used;
        lock (gate)
        {
            if (noted.Count == 0) return;
            (used, noted) = (noted, []);
        }
        foreach (var batch in used.Chunk(BatchSize))
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await WriteAsync(scope.ServiceProvider.GetRequiredService<LightningDb>(), batch, CancellationToken.None);
            }
            catch (DbException fault)
            {
                // Memory starts empty when the database is back, and then the next use is noted again.
                Failed(logger, batch.Length, fault);
                foreach (var (hash, _) in batch) feed.Tell(Change.WebSession(hash));
            }
    }

    /// <summary>Writes a batch. What it did not find, because it has ended or others hold it, is no longer remembered either.</summary>
    internal async Task WriteAsync(LightningDb db, KeyValuePair<CookieHash, DateTimeOffset>[] batch, CancellationToken cancellationToken)
    {
        var (hashes, times) = (batch.Select(use => use.Key.ToArray()).ToArray(), batch.Select(use => use.Value).ToArray());
        // It waits for nobody's lock, and so is in no deadlock: whoever holds a row either ends the session or notes its use.
        var written = await db.Database.SqlQuery<byte[]>($"""
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
            UPDATE web.sessions AS web SET last_seen_at = GREATEST(web.last_seen_at, used.at) FROM used WHERE web.id_hash = used.id_hash
            RETURNING web.id_hash AS "Value"
            """).ToListAsync(cancellationToken);
        foreach (var gone in batch.Select(use => use.Key).Except(written.Select(hash => CookieHash.Of(hash)))) feed.Tell(Change.WebSession(gone));
    }

    [LoggerMessage(52, LogLevel.Warning, "When {Count} sessions were last used could not be written")]
    static partial void Failed(ILogger logger, int count, Exception fault);
}
