using System.Data.Common;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Lightning.Admin.Tests.Library;

/// <summary>Concurrent updates of one row.</summary>
public sealed class RaceTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    const int Editors = 8;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Of all clients that saw the same version, one is saved and the others get a conflict. Without the comparison or
    /// its lock, each would overwrite the previous one.
    /// </summary>
    [Theory]
    [InlineData("title", true, true, 1)]
    [InlineData("title", false, true, Editors)]
    [InlineData("title", true, false, Editors)]
    [InlineData("translators", true, true, 1)]
    [InlineData("translators", false, true, Editors)]
    [InlineData("translators", true, false, Editors)]
    public async Task Concurrent_updates_save_one_and_conflict_the_others(
        string field,
        bool compares,
        bool locks,
        int saved
    )
    {
        var (key, texts) = (
            await BookAsync(),
            field == "title" ? [.. Enumerable.Range(0, Editors).Select(number => $"By {number}")] : await AuthorsAsync()
        );
        var seen = new Dictionary<string, string>();
        if (compares)
            seen[field] = field == "title" ? "Start" : "";
        var loaded = new Together(Editors);
        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, Editors)
                .Select(number =>
                    Task.Run(async () =>
                    {
                        var options = new DbContextOptionsBuilder<LibraryDb>()
                            .UseNpgsql(library.Database.ConnectionStringOf("admin"))
                            .UseModel(library.Site.Model);
                        if (!locks)
                            options.AddInterceptors(new Unlocked(loaded, field == "title" ? 1 : 2));
                        await using var db = new LibraryDb(options.Options);
                        var rows = library
                            .Site.Find("books")!
                            .Open(new AdminRequest(library.Site, db, library.Root, TimeProvider.System));
                        return (
                            await rows.UpdateAsync(
                                key,
                                new(
                                    new Dictionary<string, string> { [field] = texts[number] },
                                    seen,
                                    new Dictionary<string, string>(),
                                    false
                                )
                            )
                        ).Outcome;
                    })
                )
        );
        outcomes.Count(outcome => outcome == Outcome.Done).ShouldBe(saved);
        outcomes.Count(outcome => outcome == Outcome.Redisplay).ShouldBe(Editors - saved);
    }

    async Task<IReadOnlyList<string>> AuthorsAsync()
    {
        await using var db = library.Connect();
        var authors = Enumerable
            .Range(0, Editors)
            .Select(number => new Author { Name = $"Translator {number}" })
            .ToList();
        db.AddRange(authors);
        await db.SaveChangesAsync(Cancellation);
        return [.. authors.Select(author => author.Id.ToString())];
    }

    async Task<string> BookAsync()
    {
        await using var db = library.Connect();
        var book = new Book
        {
            Title = "Start",
            AuthorId = (await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation)).Id,
        };
        db.Add(book);
        await db.SaveChangesAsync(Cancellation);
        return book.Id.ToString();
    }

    /// <summary>Removes the lock and makes all clients read the row and its links before any of them writes.</summary>
    sealed class Unlocked(Together loaded, int reads) : DbCommandInterceptor
    {
        int left;

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<int> result,
            CancellationToken cancellationToken = default
        )
        {
            if (!command.CommandText.EndsWith("FOR NO KEY UPDATE", StringComparison.Ordinal))
                return new(result);
            left = reads;
            return new(InterceptionResult<int>.SuppressWithResult(0));
        }

        public override async ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command,
            CommandExecutedEventData eventData,
            DbDataReader result,
            CancellationToken cancellationToken = default
        )
        {
            if (left > 0 && --left == 0)
                await loaded.ArriveAsync();
            return result;
        }
    }

    sealed class Together(int count)
    {
        readonly TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int arrived;

        public Task ArriveAsync()
        {
            if (Interlocked.Increment(ref arrived) == count)
                all.SetResult();
            return all.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        }
    }
}
