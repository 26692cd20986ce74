using System.Net;
using Lightning.Admin.Engine.Queries;
using Lightning.EndToEnd;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Cookie = Microsoft.Playwright.Cookie;

namespace Lightning.Admin.Tests.Library;

/// <summary>Queries that exceed the page's time limit.</summary>
public sealed class QueryDeadlineTests(LibraryUnderTest library, EndToEnd.Browser chromium)
    : IClassFixture<LibraryUnderTest>
{
    /// <summary>Uses a fake clock, so slow machines do not matter.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>If combining indexes does not help either, the planner's own plan gets the remaining time.</summary>
    [Fact]
    public async Task WhatIsNotFoundByIndexesPutTogether_IsLookedForByThePlannersOwnWayAgain()
    {
        await using var db = Connect();
        var clock = new FakeTimeProvider();
        using var deadline = new QueryDeadline(db, Limit, clock, Cancellation);
        var asked = 0;
        (
            await deadline.RunAsync(
                async token =>
                {
                    if (asked++ < 2)
                        await SleepAsync(db, clock, asked == 1 ? Limit / 10 : Limit / 2, token);
                    return await WayAsync(db, token);
                },
                isNarrowed: true
            )
        ).ShouldBe((true, "on on"));
        asked.ShouldBe(3);
        // The driver's timeout is longer than the page's, whatever that is.
        using var longer = new QueryDeadline(db, TimeSpan.FromMinutes(2), TimeProvider.System, Cancellation);
        db.Database.GetCommandTimeout().ShouldNotBeNull().ShouldBeGreaterThan(120);
    }

    /// <summary>
    /// If the planner's own plan is slow, indexes are combined; if there are none to combine, the query is cancelled.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatIsNotFoundSoon_IsLookedForByIndexesPutTogether_WhereThereAreAny(bool isNarrowed)
    {
        await using var db = Connect();
        var clock = new FakeTimeProvider();
        using var deadline = new QueryDeadline(db, Limit, clock, Cancellation);
        var asked = 0;
        var (inTime, way) = await deadline.RunAsync(
            async token =>
            {
                if (asked++ == 0)
                    await SleepAsync(db, clock, isNarrowed ? Limit / 10 : Limit, token);
                return await WayAsync(db, token);
            },
            isNarrowed
        );
        (inTime, way, asked).ShouldBe(isNarrowed ? (true, "off off", 2) : (false, null, 1));
        // The planner settings are restored and the connection is usable.
        (await WayAsync(db, Cancellation)).ShouldBe("on on");
    }

    [Fact]
    public async Task WhatTakesLongerThanThereIs_IsGivenUp_BothWays_AndNothingIsAskedAfterwards()
    {
        await using var db = Connect();
        await db.Database.OpenConnectionAsync(Cancellation);
        var clock = new FakeTimeProvider();
        using var deadline = new QueryDeadline(db, Limit, clock, Cancellation);
        var times = new Queue<TimeSpan>([Limit / 10, Limit / 2, Limit]);
        (
            await deadline.RunAsync(token => SleepAsync(db, clock, times.Dequeue(), token), isNarrowed: true)
        ).InTime.ShouldBeFalse();
        times.ShouldBeEmpty();
        (
            await deadline.RunAsync(token => SleepAsync(db, clock, times.Dequeue(), token), isNarrowed: true)
        ).InTime.ShouldBeFalse();
        (await WayAsync(db, Cancellation)).ShouldBe("on on");

        // A disconnected client is not a timeout.
        using var gone = new CancellationTokenSource();
        using var other = new QueryDeadline(db, Limit, clock, gone.Token);
        var waiting = other.RunAsync(
            token => db.Database.ExecuteSqlRawAsync("SELECT pg_sleep(600)", token),
            isNarrowed: false
        );
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
    }

    /// <summary>In an ongoing transaction the settings are restored even after an error.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WaysThatWereShut_InATransactionThatGoesOn_AreAsBefore(bool fails)
    {
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(Cancellation);
        await db.Database.ExecuteSqlRawAsync("SET LOCAL enable_indexscan = off", Cancellation);
        var asked = async () =>
        {
            await using var shut = await PlannerHints.BeginAsync(db, PlannerHints.BitmapScansOnly, Cancellation);
            (await WayAsync(db, Cancellation)).ShouldBe("off off");
            if (fails)
                await db.Database.ExecuteSqlRawAsync("SELECT 1 / 0", Cancellation);
        };
        if (fails)
            (await Should.ThrowAsync<PostgresException>(asked)).SqlState.ShouldBe(PostgresErrorCodes.DivisionByZero);
        else
            await asked();
        (await WayAsync(db, Cancellation)).ShouldBe("on off");
    }

    [Fact]
    public async Task List_WhoseRowsAreNotFoundInTime_SaysWhatToTakeOff_AndLosesNothing()
    {
        var (site, address) = library.StartBeside(("Admin:ListTimeout", "00:00:01"));
        await using var held = site;
        var (_, _, root) = await library.SignInAsync(isAdmin: true, address);
        await using var db = library.Connect();
        var grace = await db
            .Authors.Where(author => author.Name.StartsWith("Grace"))
            .Select(author => author.Id)
            .SingleAsync(Cancellation);
        var query = $"q=love&sort=price&f.translators.is={grace}&f.genre.is=Poem&filters=yes";
        await using var context = await chromium.OpenAsync();
        await context.AddCookiesAsync(
            root.Cookies.Select(cookie => new Cookie
            {
                Name = cookie.Name,
                Value = cookie.Value,
                Domain = "localhost",
                Path = "/",
                Secure = true,
                HttpOnly = true,
            })
        );

        var form = System
            .Text.RegularExpressions.Regex.Match(
                await LibrarySiteTests.ReadAsync(root, "/books"),
                "name=\"__RequestVerificationToken\"[^>]*value=\"([^\"]*)"
            )
            .Groups[1]
            .Value;
        // Locks the books until disposed, to simulate a slow query.
        await using var connection = new NpgsqlConnection(library.Database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using (var lockedUp = await connection.BeginTransactionAsync(Cancellation))
        {
            await using (var locks = new NpgsqlCommand("LOCK TABLE library.books IN ACCESS EXCLUSIVE MODE", connection))
                await locks.ExecuteNonQueryAsync(Cancellation);
            using var answer = await root.GetAsync($"/books?{query}", ("Accept", "text/html"));
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancellation));
            page.ShouldContain("These rows were not found within 1 second.");
            page.ShouldContain(
                $"<a class=\"button\" href=\"/books?q=love&sort=price&f.genre.is=Poem&filters=yes\">Remove "
                    + $"“Translators: Grace %_\\”</a>"
            );
            page.ShouldContain(
                $"<a class=\"button\" href=\"/books?q=love&sort=price&f.translators.is={grace}&filters=yes\">Remove "
                    + $"“Genre: Poem”</a>"
            );
            page.ShouldContain(
                $"<a class=\"button\" "
                    + $"href=\"/books?sort=price&f.translators.is={grace}&f.genre.is=Poem&filters=yes\">Remove the "
                    + $"search for “love”</a>"
            );
            page.ShouldContain(
                $"<a class=\"button\" href=\"/books?q=love&f.translators.is={grace}&f.genre.is=Poem&filters=yes\">Use "
                    + $"the default order</a>"
            );
            page.ShouldContain("aria-label=\"Filters\"");
            // A confirmation for all rows has the same time limit as the list.
            using var asked = await root.SendAsync(
                HttpMethod.Post,
                "/books/-/act",
                new FormUrlEncodedContent([
                    new("action", "lend"),
                    new("all", "yes"),
                    new("from", $"?{query}"),
                    new("__RequestVerificationToken", form),
                ]),
                ("Accept", "text/html")
            );
            asked.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await asked.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
                "Finding these rows took too long: change the filters, or select single rows."
            );
            (await root.GetAsync($"/books/-/edits?{query}", ("Accept", "text/html")))
                .Headers.Location!.ToString()
                .ShouldStartWith("/books?q=love");
            var shown = await context.NewPageAsync();
            await shown.GotoAsync(new Uri(address, $"/books?{query}").ToString());
            await shown.InspectLooksAsync("too-long");
        }
        (await root.GetAsync($"/books?{query}", ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        root.Dispose();
    }

    LibraryDb Connect() => LibraryUnderTest.Connect(library.Database.ConnectionStringOf("admin"));

    /// <summary>Starts a slow query and advances the clock while it runs.</summary>
    async Task<int> SleepAsync(LibraryDb db, FakeTimeProvider clock, TimeSpan time, CancellationToken cancellationToken)
    {
        var sleeping = db.Database.ExecuteSqlRawAsync("SELECT pg_sleep(600)", cancellationToken);
        await Wait.UntilAsync(async () =>
            await library.Database.ExecuteAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
            )
                is 1L
        );
        clock.Advance(time);
        return await sleeping;
    }

    static Task<string> WayAsync(LibraryDb db, CancellationToken cancellationToken) =>
        db
            .Database.SqlQueryRaw<string>(
                "SELECT current_setting('enable_seqscan') || ' ' || current_setting('enable_indexscan') AS \"Value\""
            )
            .SingleAsync(cancellationToken);
}
