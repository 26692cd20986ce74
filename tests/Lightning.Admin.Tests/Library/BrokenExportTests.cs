using System.Text;
using Lightning.EndToEnd;
using Lightning.Testing;
using Microsoft.Playwright;

namespace Lightning.Admin.Tests.Library;

/// <summary>Exports that do not come to their end: whoever waits for one sees that, and what it held is given back. Alone, because memory is the whole process's.</summary>
[Collection(nameof(ExportMemoryTests))]
public sealed class BrokenExportTests(LibraryUnderTest library, Lightning.EndToEnd.Browser chromium) : IClassFixture<LibraryUnderTest>
{
    const int Rows = 100_000;
    const string Open = "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'lightning_admin' AND state <> 'idle' AND query LIKE '%library.tags%'";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What is cut short has no end; with the database at work to the end it has one, and every row.</summary>
    [Theory]
    [InlineData("csv", true)]
    [InlineData("json", true)]
    [InlineData("csv", false)]
    [InlineData("json", false)]
    public async Task Export_WhoseDatabaseFailsInTheMiddle_IsBrokenOff_AndNotEnded(string format, bool fails)
    {
        await FillAsync();
        using var client = await ClientAsync();
        using var answer = await client.GetAsync($"/tags/-/export?format={format}", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using var file = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(Cancellation);
        using var got = new MemoryStream();
        await ReadAsync(file, got, 1_000_000);
        (await library.Database.ExecuteAsync($"SELECT count(*) {Open}")).ShouldBe(1L, "the database is in the middle of it");
        if (fails)
        {
            await library.Database.ExecuteAsync($"SELECT count(pg_terminate_backend(pid)) {Open}");
            await Should.ThrowAsync<IOException>(() => ReadAsync(file, got, long.MaxValue));
        }
        else await ReadAsync(file, got, long.MaxValue);
        var text = Encoding.UTF8.GetString(got.GetBuffer(), 0, (int)got.Length);
        (text.Split("Long ").Length > Rows).ShouldBe(!fails);
        (format == "json" ? text.EndsWith(']') : text.EndsWith("\r\n", StringComparison.Ordinal) && text.Contains("Long 1 ", StringComparison.Ordinal)).ShouldBe(!fails);
        await IsGivenBackAsync();
    }

    [Fact]
    public async Task Export_WhoseReaderGoesAway_GivesItsStatementItsConnectionAndItsMemoryBack()
    {
        await FillAsync();
        using (var whole = await ClientAsync()) await whole.GetAsync("/tags?size=25", Cancellation);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var connections = (long)(await library.Database.ExecuteAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'lightning_admin'"))!;
        foreach (var format in new[] { "csv", "json", "csv", "json", "csv", "json" })
        {
            using var client = await ClientAsync();
            using var answer = await client.GetAsync($"/tags/-/export?format={format}", HttpCompletionOption.ResponseHeadersRead, Cancellation);
            await using (var file = await answer.Content.ReadAsStreamAsync(Cancellation))
            {
                await ReadAsync(file, Stream.Null, 1_000_000);
                // Whoever only stops reading keeps it, for as long as they may come back.
                (await library.Database.ExecuteAsync($"SELECT count(*) {Open}")).ShouldBe(1L);
            }
            answer.Dispose();
            client.Dispose();
            await IsGivenBackAsync();
        }
        ((long)(await library.Database.ExecuteAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'lightning_admin'"))!).ShouldBeLessThanOrEqualTo(connections + 2);
        await Wait.UntilAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 10_000_000, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Page_SaysThatAnExportWasStoppedOrBrokeOff_AndKeepsNothingOfIt()
    {
        await FillAsync();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        await using var context = await chromium.OpenAsync();
        await context.AddCookiesAsync(root.Cookies.Select(cookie => new Cookie { Name = cookie.Name, Value = cookie.Value, Domain = "localhost", Path = "/", Secure = true, HttpOnly = true }));
        root.Dispose();
        var page = await context.NewPageAsync();
        var files = 0;
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
                await page.FaultsAsync("export-under-way");
                await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
            }
            else
            {
                await library.Database.ExecuteAsync($"SELECT count(pg_terminate_backend(pid)) {Open}");
                await ThrottleAsync(-1);
            }
            await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync(stops ? "The export was stopped; nothing of it is kept." : "The export broke off; nothing of it is kept. Try again.");
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stop" })).ToBeHiddenAsync();
            await IsGivenBackAsync();
        }
        files.ShouldBe(0);
        // And it can be begun again.
        await ThrottleAsync(-1);
        await page.Locator(".menu summary", new() { HasText = "Export" }).ClickAsync();
        await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Export CSV" }).ClickAsync());
        await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync("is complete: ");

        Task ThrottleAsync(int octets) => network.SendAsync("Network.emulateNetworkConditions", new() { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = octets, ["uploadThroughput"] = -1 });
    }

    /// <summary>No statement of it runs, and none waits in a transaction.</summary>
    Task<TimeSpan> IsGivenBackAsync() => Wait.UntilAsync(async () => await library.Database.ExecuteAsync($"SELECT count(*) {Open}") is 0L, TimeSpan.FromSeconds(10));

    async Task<HttpClient> ClientAsync()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = library.Address };
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", root.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}")));
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

    /// <summary>More than the buffers on the way hold.</summary>
    Task<object?> FillAsync() => library.Database.ExecuteAsync($"""
        INSERT INTO library.tags (name) SELECT 'Long ' || number || ' ' || repeat('x', 300) FROM generate_series(1, {Rows}) AS number WHERE NOT EXISTS (SELECT FROM library.tags WHERE name LIKE 'Long %');
        ANALYZE library.tags;
        """);
}
