using System.Net;
using System.Text;
using Lightning.EndToEnd;
using Lightning.Testing;
using Microsoft.Playwright;
using Cookie = Microsoft.Playwright.Cookie;

namespace Lightning.Admin.Tests.Library;

/// <summary>
/// Exports that fail: the client notices, and resources are released. Runs alone, because it measures the process's
/// memory.
/// </summary>
[Collection(nameof(ExportMemoryTests))]
public sealed class BrokenExportTests(LibraryUnderTest library, Lightning.EndToEnd.Browser chromium)
    : IClassFixture<LibraryUnderTest>
{
    const int Rows = 100_000;
    const string Open =
        "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'lightning_admin' AND state <> "
        + "'idle' AND query LIKE '%library.tags%'";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An aborted response has no end; a complete one has, with every row.</summary>
    [Theory]
    [InlineData("csv", true)]
    [InlineData("json", true)]
    [InlineData("csv", false)]
    [InlineData("json", false)]
    public async Task Export_aborts_when_the_database_fails(string format, bool fails)
    {
        await FillAsync();
        using var client = await ClientAsync();
        using var answer = await client.GetAsync(
            $"/tags/-/export?format={format}",
            HttpCompletionOption.ResponseHeadersRead,
            Cancellation
        );
        await using var file = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(Cancellation);
        using var got = new MemoryStream();
        await ReadAsync(file, got, 1_000_000);
        (await library.Database.ExecuteAsync($"SELECT count(*) {Open}")).ShouldBe(
            1L,
            "the database is in the middle of it"
        );
        if (fails)
        {
            await library.Database.ExecuteAsync($"SELECT count(pg_terminate_backend(pid)) {Open}");
            await Should.ThrowAsync<IOException>(() => ReadAsync(file, got, long.MaxValue));
        }
        else
            await ReadAsync(file, got, long.MaxValue);
        var text = Encoding.UTF8.GetString(got.GetBuffer(), 0, (int)got.Length);
        (text.Split("Long ").Length > Rows).ShouldBe(!fails);
        (
            format == "json"
                ? text.EndsWith(']')
                : text.EndsWith("\r\n", StringComparison.Ordinal) && text.Contains("Long 1 ", StringComparison.Ordinal)
        ).ShouldBe(!fails);
        await IsGivenBackAsync();
    }

    [Fact]
    public async Task Export_releases_resources_when_the_client_disconnects()
    {
        await FillAsync();
        using (var whole = await ClientAsync())
            await whole.GetAsync("/tags?size=25", Cancellation);
        var before = ExportMemoryTests.Held();
        var connections = (long)
            (
                await library.Database.ExecuteAsync(
                    """
                    SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND usename = 'lightning_admin'
                    """
                )
            )!;
        foreach (var format in new[] { "csv", "json", "csv", "json", "csv", "json" })
        {
            using var client = await ClientAsync();
            using var answer = await client.GetAsync(
                $"/tags/-/export?format={format}",
                HttpCompletionOption.ResponseHeadersRead,
                Cancellation
            );
            await using (var file = await answer.Content.ReadAsStreamAsync(Cancellation))
            {
                await ReadAsync(file, Stream.Null, 1_000_000);
                // A client that only pauses keeps its export.
                (await library.Database.ExecuteAsync($"SELECT count(*) {Open}")).ShouldBe(1L);
            }
            answer.Dispose();
            client.Dispose();
            await IsGivenBackAsync();
        }
        (
            (long)
                (
                    await library.Database.ExecuteAsync(
                        """
                        SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND usename = 'lightning_admin'
                        """
                    )
                )!
        ).ShouldBeLessThanOrEqualTo(connections + 2);
        await Wait.UntilAsync(() => ExportMemoryTests.Held() - before < 10_000_000);
    }

    [Fact]
    public async Task Page_reports_a_stopped_or_failed_export()
    {
        await FillAsync();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
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
        var cookies = string.Join("; ", root.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"));
        root.Dispose();
        var page = await context.NewPageAsync();
        var files = 0;
        // Two other exports of this session are running: the page says what to do.
        using (
            var elsewhere = new HttpClient(new SocketsHttpHandler { UseCookies = false })
            {
                BaseAddress = library.Address,
            }
        )
        {
            elsewhere.DefaultRequestHeaders.Add("Cookie", cookies);
            using var one = await elsewhere.GetAsync(
                "/tags/-/export?format=csv",
                HttpCompletionOption.ResponseHeadersRead,
                Cancellation
            );
            using var two = await elsewhere.GetAsync(
                "/tags/-/export?format=json",
                HttpCompletionOption.ResponseHeadersRead,
                Cancellation
            );
            await page.GotoAsync(new Uri(library.Address, "/tags?q=Long").ToString());
            await page.Locator(".menu summary", new() { HasText = "Export" }).ClickAsync();
            await page.GetByRole(AriaRole.Link, new() { Name = "Export CSV" }).ClickAsync();
            await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync("Too many exports.");
            page.Url.ShouldEndWith("/tags?q=Long");
        }
        await IsGivenBackAsync();
        page.Download += (_, _) => files++;
        await page.GotoAsync(new Uri(library.Address, "/tags").ToString());
        var network = await context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");

        foreach (var stops in new[] { true, false })
        {
            await ThrottleAsync(300_000);
            await page.Locator(".menu summary", new() { HasText = "Export" }).ClickAsync();
            await page.GetByRole(AriaRole.Link, new() { Name = "Export CSV" }).ClickAsync();
            await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync("so far.");
            (await library.Database.ExecuteAsync($"SELECT count(*) {Open}")).ShouldBe(1L);
            if (stops)
            {
                await page.FindIssuesAsync("export-under-way");
                await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
            }
            else
            {
                await library.Database.ExecuteAsync($"SELECT count(pg_terminate_backend(pid)) {Open}");
                await ThrottleAsync(-1);
            }
            await Assertions
                .Expect(page.Locator("#exporting"))
                .ToContainTextAsync(
                    stops
                        ? "The export was stopped. Nothing was saved."
                        : "The export failed. Nothing was saved. Try again."
                );
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stop" })).ToBeHiddenAsync();
            await IsGivenBackAsync();
        }
        files.ShouldBe(0);
        // The export can be started again.
        await ThrottleAsync(-1);
        await page.Locator(".menu summary", new() { HasText = "Export" }).ClickAsync();
        await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Link, new() { Name = "Export CSV" }).ClickAsync()
        );
        await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync("is complete: ");

        Task ThrottleAsync(int octets) =>
            network.SendAsync(
                "Network.emulateNetworkConditions",
                new()
                {
                    ["offline"] = false,
                    ["latency"] = 0,
                    ["downloadThroughput"] = octets,
                    ["uploadThroughput"] = -1,
                }
            );
    }

    [Fact]
    public async Task Exports_beyond_the_limits_are_refused()
    {
        await FillAsync();
        using var ada = await ClientAsync();
        using var grace = await ClientAsync();
        using var third = await ClientAsync();
        var before = await EnteredAsync();
        var under = new List<HttpResponseMessage> { await BeginAsync(ada), await BeginAsync(ada) };
        await IsRefusedAsync(ada, HttpStatusCode.TooManyRequests, "Too many exports");
        under.AddRange([await BeginAsync(grace), await BeginAsync(grace)]);
        under.ShouldAllBe(one => one.StatusCode == HttpStatusCode.OK);
        await IsRefusedAsync(third, HttpStatusCode.ServiceUnavailable, "The export limit is reached");
        (await EnteredAsync()).ShouldBe(before + 4, "what was refused was not taken away");
        // Other pages work as usual.
        (await third.GetAsync("/tags", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        under[0].Dispose();
        await Wait.UntilAsync(
            async () =>
            {
                using var again = await BeginAsync(third);
                return again.StatusCode == HttpStatusCode.OK;
            },
            TimeSpan.FromSeconds(10)
        );
        foreach (var one in under)
            one.Dispose();
        await IsGivenBackAsync();

        Task<HttpResponseMessage> BeginAsync(HttpClient client) =>
            client.GetAsync("/tags/-/export?format=csv", HttpCompletionOption.ResponseHeadersRead, Cancellation);

        async Task<long> EnteredAsync() =>
            (long)
                (await library.Database.ExecuteAsync("SELECT count(*) FROM audit.entries WHERE action = 'exported'"))!;

        async Task IsRefusedAsync(HttpClient client, HttpStatusCode status, string said)
        {
            foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
            {
                using var asked = new HttpRequestMessage(HttpMethod.Get, "/tags/-/export?format=csv");
                if (accept.Length > 0)
                    asked.Headers.Add("Accept", accept);
                using var answer = await client.SendAsync(asked, Cancellation);
                answer.StatusCode.ShouldBe(status);
                answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(30));
                answer.Content.Headers.ContentType!.MediaType.ShouldBe(
                    AcceptHeaders.Pages.Contains(accept) ? "text/html" : "application/problem+json",
                    accept
                );
                (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain(said);
            }
        }
    }

    /// <summary>
    /// A client that stops reading is aborted, even after a large first read; one that reads slowly is not. A site with
    /// a longer timeout still waits.
    /// </summary>
    [Fact]
    public async Task Export_times_out_only_without_progress()
    {
        await FillAsync();
        var (site, address) = library.StartBeside(("Admin:ExportTimeout", "00:00:02"));
        await using var held = site;
        using var patient = await ClientAsync();
        using var impatient = await ClientAsync(address);
        using var waited = await patient.GetAsync(
            "/tags/-/export?format=csv",
            HttpCompletionOption.ResponseHeadersRead,
            Cancellation
        );
        using var given = await impatient.GetAsync(
            "/tags/-/export?format=csv",
            HttpCompletionOption.ResponseHeadersRead,
            Cancellation
        );
        using var slow = await impatient.GetAsync(
            "/tags/-/export?format=json",
            HttpCompletionOption.ResponseHeadersRead,
            Cancellation
        );
        await using var file = await given.Content.ReadAsStreamAsync(Cancellation);
        await using var slowly = await slow.Content.ReadAsStreamAsync(Cancellation);
        await ReadAsync(file, Stream.Null, 5_000_000);
        (await library.Database.ExecuteAsync($"SELECT count(*) {Open}")).ShouldBe(3L);
        // Reads slowly for longer than the timeout of the first site.
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var (taken, clock) = (0L, System.Diagnostics.Stopwatch.StartNew());
        while (clock.Elapsed < TimeSpan.FromSeconds(5) && await pace.WaitForNextTickAsync(Cancellation))
        {
            await ReadAsync(slowly, Stream.Null, 200_000);
            taken += 200_000;
        }
        taken.ShouldBeLessThan(15_000_000, "it is not read to the end yet");
        await Wait.UntilAsync(
            async () => await library.Database.ExecuteAsync($"SELECT count(*) {Open}") is 2L,
            TimeSpan.FromSeconds(10)
        );
        await Should.ThrowAsync<IOException>(() => ReadAsync(file, Stream.Null, long.MaxValue));
        using var rest = new MemoryStream();
        await ReadAsync(slowly, rest, long.MaxValue);
        Encoding.UTF8.GetString(rest.GetBuffer(), 0, (int)rest.Length).ShouldEndWith("]");
        // The other site has waited for the third client.
        await using var whole = await waited.Content.ReadAsStreamAsync(Cancellation);
        await ReadAsync(whole, Stream.Null, long.MaxValue);
        await IsGivenBackAsync();
    }

    /// <summary>Waits until none of its statements run and no transaction is open.</summary>
    Task<TimeSpan> IsGivenBackAsync() =>
        Wait.UntilAsync(
            async () => await library.Database.ExecuteAsync($"SELECT count(*) {Open}") is 0L,
            TimeSpan.FromSeconds(10)
        );

    async Task<HttpClient> ClientAsync(Uri? at = null)
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true, at);
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = at ?? library.Address,
        };
        client.DefaultRequestHeaders.Add(
            "Cookie",
            string.Join("; ", root.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"))
        );
        root.Dispose();
        return client;
    }

    static async Task ReadAsync(Stream file, Stream into, long least)
    {
        var part = new byte[64 * 1024];
        for (var (size, read) = (0L, 1); size < least && read > 0; size += read)
        {
            read = await file.ReadAsync(part, Cancellation);
            await into.WriteAsync(part.AsMemory(0, read), Cancellation);
        }
    }

    /// <summary>More than the network buffers hold.</summary>
    Task<object?> FillAsync() =>
        library.Database.ExecuteAsync(
            $"""
            INSERT INTO library.tags (name) SELECT 'Long ' || number || ' ' || repeat('x', 300)
                FROM generate_series(1, {Rows}) AS number WHERE NOT EXISTS (SELECT FROM library.tags
                WHERE name LIKE 'Long %');
            ANALYZE library.tags;
            """
        );
}
