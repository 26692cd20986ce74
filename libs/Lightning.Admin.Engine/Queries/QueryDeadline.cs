using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Queries;

/// <summary>
/// The time limit for a page's queries. With two filters the planner may scan one index and discard rows until it finds
/// enough. A query that is slow with the planner's choice is retried with <see cref="PlannerHints"/> that combine the
/// indexes, then with the planner's choice for the rest of the time; after the limit the page says that it timed out.
/// </summary>
sealed class QueryDeadline : IDisposable
{
    /// <summary>The message of a page that timed out.</summary>
    public const string TimedOut = "That took too long: enter more of the word, or a phrase in quotes.";

    /// <summary>The first attempt gets the limit divided by this.</summary>
    const int FirstAttemptDivisor = 10;

    /// <summary>Added to the limit for the command timeout, so that the page's limit applies first.</summary>
    static readonly TimeSpan CommandTimeoutMargin = TimeSpan.FromSeconds(5);
    readonly DbContext db;
    readonly TimeSpan limit;
    readonly TimeProvider clock;
    readonly CancellationToken requestAborted;
    readonly CancellationTokenSource timer;

    /// <summary>Canceled by the limit or when the request is aborted.</summary>
    readonly CancellationTokenSource stop;

    /// <param name="db">The context.</param>
    /// <param name="limit">The time for all queries of the page.</param>
    /// <param name="clock">The clock of the limit.</param>
    /// <param name="requestAborted">Cancels earlier, when the request is aborted.</param>
    public QueryDeadline(DbContext db, TimeSpan limit, TimeProvider clock, CancellationToken requestAborted)
    {
        this.db = db;
        this.limit = limit;
        this.clock = clock;
        this.requestAborted = requestAborted;
        timer = new(limit, clock);
        stop = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, requestAborted);
        db.Database.SetCommandTimeout(limit + CommandTimeoutMargin);
    }

    /// <summary>Runs a query within the limit.</summary>
    /// <param name="ask">The query.</param>
    /// <param name="isNarrowed">Whether filters on a large list allow combining indexes.</param>
    /// <returns>The result, and whether it came in time.</returns>
    public async Task<(bool InTime, T? Answer)> RunAsync<T>(Func<CancellationToken, Task<T>> ask, bool isNarrowed)
    {
        if (timer.IsCancellationRequested)
            return (false, default);
        try
        {
            return (true, isNarrowed ? await RunWithFallbackAsync(ask) : await ask(stop.Token));
        }
        // Only the timer cancels without the request being aborted.
        catch (OperationCanceledException)
            when (timer.IsCancellationRequested && !requestAborted.IsCancellationRequested)
        {
            return (false, default);
        }
    }

    async Task<T> RunWithFallbackAsync<T>(Func<CancellationToken, Task<T>> ask)
    {
        if (await TryAsync(ask, limit / FirstAttemptDivisor) is (true, { } first))
            return first;
        await using (await PlannerHints.BeginAsync(db, PlannerHints.CombinedBitmapScans, stop.Token))
            if (await TryAsync(ask, limit / 2) is (true, { } combined))
                return combined;
        return await ask(stop.Token);
    }

    /// <summary>Runs the query and cancels it after a part of the time.</summary>
    async Task<(bool InTime, T? Answer)> TryAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan part)
    {
        using var attempt = new CancellationTokenSource(part, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(attempt.Token, stop.Token);
        try
        {
            return (true, await ask(linked.Token));
        }
        catch (OperationCanceledException) when (attempt.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return (false, default);
        }
    }

    public void Dispose()
    {
        stop.Dispose();
        timer.Dispose();
    }
}
