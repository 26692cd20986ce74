using Microsoft.EntityFrameworkCore;

namespace Lightning.Data.Outbox;

/// <summary>
/// Messages to parties that may be away: claimed for longer than a try takes, so that no connection is held meanwhile and replicas share the work;
/// told once, or again where the answer was lost.
/// </summary>
public static class OutboxClaims
{
    /// <summary>After so many tries, about a day, a message is given up.</summary>
    public const int MostAttempts = 150;

    const int AtOnce = 20;

    /// <summary>What is due, put off to the next attempt before this one is made: ten seconds after the first, then twice as long each time, up to ten minutes.</summary>
    /// <param name="db">The context.</param>
    /// <param name="kind">Of which kind.</param>
    /// <param name="recipient">For whom; each has a pace of its own, so that one that is away delays nobody else.</param>
    /// <param name="now">In UTC.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="System.Data.Common.DbException">The database does not answer.</exception>
    public static Task<List<OutboxMessage>> ClaimAsync(this LightningDb db, string kind, string recipient, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(db);
        return db.Outbox.FromSql($"""
            UPDATE identity.outbox SET attempts = attempts + 1, due_at = {now} + least(interval '10 minutes', interval '10 seconds' * power(2, least(attempts, 10)))
            WHERE id IN (
                SELECT id FROM identity.outbox WHERE kind = {kind} AND recipient = {recipient} AND due_at <= {now}
                ORDER BY due_at LIMIT {AtOnce} FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
    }

    /// <summary>Takes away what was told. Not cancelled: told is told, even while the service stops.</summary>
    public static Task RemoveAsync(this LightningDb db, OutboxMessage message)
    {
        ArgumentNullException.ThrowIfNull(db);
        return db.Outbox.Where(row => row.Id == message.Id).ExecuteDeleteAsync(CancellationToken.None);
    }
}
