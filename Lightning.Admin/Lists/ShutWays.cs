using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Admin.Lists;

/// <summary>
/// Ways to rows that are shut to the database's planner until this is disposed of, where it guesses worse than is known here. They are settings of a transaction: one of its own, where there is none; in
/// one that goes on they are taken back, whatever has become of the statements between.
/// </summary>
sealed class ShutWays : IAsyncDisposable
{
    /// <summary>What is left is an index's rows as a bitmap, so that several are put together before any row is read.</summary>
    public const string AllButBitmaps = "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off";

    /// <summary>The same where the planner's own way has been tried: a row is dear beside an entry of an index, so that it takes all the indexes that there are, and no plan that was kept is taken.</summary>
    public const string AllButBitmapsTogether = AllButBitmaps + "; SET LOCAL cpu_tuple_cost = 1; SET LOCAL plan_cache_mode = force_custom_plan";

    /// <summary>What is left is to look up each row of the one in an index of the other.</summary>
    public const string AllButLookingUp = "SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = off";
    const string Before = "ways";
    readonly IDbContextTransaction transaction;
    readonly bool isOwn;

    ShutWays(IDbContextTransaction transaction, bool isOwn) => (this.transaction, this.isOwn) = (transaction, isOwn);

    /// <param name="db">The database.</param>
    /// <param name="ways">Which, as SQL.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ShutWays> BeginAsync(DbContext db, string ways, CancellationToken cancellationToken)
    {
        var shut = db.Database.CurrentTransaction is { } open ? new ShutWays(open, isOwn: false) : new ShutWays(await db.Database.BeginTransactionAsync(cancellationToken), isOwn: true);
        try
        {
            if (!shut.isOwn) await shut.transaction.CreateSavepointAsync(Before, cancellationToken);
            await db.Database.ExecuteSqlRawAsync(ways, cancellationToken);
            return shut;
        }
        catch when (shut.isOwn)
        {
            await shut.transaction.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Nothing was written.
        if (isOwn) await transaction.DisposeAsync();
        else await transaction.RollbackToSavepointAsync(Before);
    }
}
