using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Lists;

/// <summary>
/// The time that a page has for what it asks of the database. Each of two filters has an index, and what has both is in neither: the planner goes along the one and throws away what is not in the other, in
/// the hope of meeting enough soon. Where it does not, it is made to put the indexes together first; where that has not helped after half of the time either, it goes its own way for the rest; and
/// where all of it takes too long, the page says so.
/// </summary>
sealed class Patience : IDisposable
{
    /// <summary>That something was not found in time.</summary>
    public const string Over = "That took too long: write more of the word, or a phrase in quotes.";

    /// <summary>The part of the time after which the planner's own way is given up for the other.</summary>
    const int Hope = 10;

    /// <summary>How much longer the driver waits than the page does: it is the page that gives up.</summary>
    static readonly TimeSpan Longer = TimeSpan.FromSeconds(5);
    readonly DbContext db;
    readonly TimeSpan limit;
    readonly TimeProvider clock;
    readonly CancellationToken given;
    readonly CancellationTokenSource timer;
    readonly CancellationTokenSource over;

    /// <param name="db">The database.</param>
    /// <param name="limit">The time, for all that is asked.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="given">Gives up earlier: whoever asks has gone away.</param>
    public Patience(DbContext db, TimeSpan limit, TimeProvider clock, CancellationToken given)
    {
        (this.db, this.limit, this.clock, this.given, timer) = (db, limit, clock, given, new(limit, clock));
        over = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, given);
        db.Database.SetCommandTimeout(limit + Longer);
    }

    /// <summary>Asks.</summary>
    /// <param name="ask">What is asked.</param>
    /// <param name="isNarrowed">Whether indexes can be put together: something narrows a large list.</param>
    /// <returns>The answer, and whether it came in time.</returns>
    public async Task<(bool InTime, T? Answer)> AskAsync<T>(Func<CancellationToken, Task<T>> ask, bool isNarrowed)
    {
        if (timer.IsCancellationRequested) return (false, default);
        try
        {
            return (true, isNarrowed ? await HopeAsync(ask) : await ask(over.Token));
        }
        // What is given up on the way has another cause nowhere.
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !given.IsCancellationRequested)
        {
            return (false, default);
        }
    }

    async Task<T> HopeAsync<T>(Func<CancellationToken, Task<T>> ask)
    {
        if (await TryAsync(ask, limit / Hope) is (true, { } soon)) return soon;
        await using (await ShutWays.BeginAsync(db, ShutWays.AllButBitmapsTogether, over.Token))
            if (await TryAsync(ask, limit / 2) is (true, { } together)) return together;
        return await ask(over.Token);
    }

    /// <summary>Asks, and gives up after a part of the time.</summary>
    async Task<(bool InTime, T? Answer)> TryAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan part)
    {
        using var soon = new CancellationTokenSource(part, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(soon.Token, over.Token);
        try
        {
            return (true, await ask(either.Token));
        }
        catch (OperationCanceledException) when (soon.IsCancellationRequested && !over.IsCancellationRequested)
        {
            return (false, default);
        }
    }

    public void Dispose()
    {
        over.Dispose();
        timer.Dispose();
    }
}
