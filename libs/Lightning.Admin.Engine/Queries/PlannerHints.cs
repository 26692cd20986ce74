using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Admin.Engine.Queries;

/// <summary>
/// Planner settings that hold until this is disposed of, for queries that Postgres plans badly. They are local to a
/// transaction: a new one, or the current one, which is rolled back to a savepoint to restore them.
/// </summary>
sealed class PlannerHints : IAsyncDisposable
{
    /// <summary>
    /// Only bitmap scans, so that several indexes are combined before rows are read.
    /// </summary>
    public const string BitmapScansOnly = "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off";

    /// <summary>
    /// Only bitmap scans over all matching indexes: a high cost of rows makes the planner combine them; cached plans
    /// are not used.
    /// </summary>
    public const string CombinedBitmapScans =
        BitmapScansOnly + "; SET LOCAL cpu_tuple_cost = 1; SET LOCAL plan_cache_mode = force_custom_plan";

    /// <summary>Only nested loops, so that a join uses the index for each row.</summary>
    public const string NestedLoopsOnly = "SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = off";

    const string Savepoint = "planner_hints";
    readonly IDbContextTransaction transaction;
    readonly bool isOwn;

    PlannerHints(IDbContextTransaction transaction, bool isOwn) =>
        (this.transaction, this.isOwn) = (transaction, isOwn);

    /// <param name="db">The database.</param>
    /// <param name="settings">The settings as SQL, such as <see cref="NestedLoopsOnly"/>.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    public static async Task<PlannerHints> BeginAsync(
        DbContext db,
        string settings,
        CancellationToken cancellationToken
    )
    {
        var hints = db.Database.CurrentTransaction is { } open
            ? new PlannerHints(open, isOwn: false)
            : new PlannerHints(await db.Database.BeginTransactionAsync(cancellationToken), isOwn: true);
        try
        {
            if (!hints.isOwn)
                await hints.transaction.CreateSavepointAsync(Savepoint, cancellationToken);
            await db.Database.ExecuteSqlRawAsync(settings, cancellationToken);
            return hints;
        }
        catch when (hints.isOwn)
        {
            await hints.transaction.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The queries write nothing, so a rollback loses nothing.
        if (isOwn)
            await transaction.DisposeAsync();
        else
            await transaction.RollbackToSavepointAsync(Savepoint);
    }
}
