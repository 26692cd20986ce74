using Lightning.Data;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Access;

/// <summary>Writes that are held against the rule once more, as they leave the row.</summary>
static class Writes
{
    /// <summary>
    /// Saves what was made or changed. Where the row's own columns do not say whether the caller may, the database is asked in the write's transaction, and the
    /// write undone if not.
    /// </summary>
    /// <returns>Why it was not saved, or null.</returns>
    public static async Task<ProblemHttpResult?> SaveAsync<T>(
        this LightningDb db, Policy<T> policy, Actor actor, Verb verb, T row, CancellationToken cancellationToken)
        where T : class
    {
        var decided = policy.Decide(actor, verb, row);
        if (decided is false) return await Refusal.OfAsync(db, policy, actor, verb, row, cancellationToken);
        // Within a transaction that is already under way, an answer that is no success undoes it.
        await using var own = decided is null && db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(cancellationToken) : null;
        if (await Preconditions.SaveAsync(db, cancellationToken) is { } overtaken) return overtaken;
        if (decided is null && !await policy.MayAsync(db, actor, verb, row, cancellationToken))
            return await Refusal.OfAsync(db, policy, actor, verb, row, cancellationToken);
        if (own is not null) await own.CommitAsync(CancellationToken.None);
        return null;
    }
}
