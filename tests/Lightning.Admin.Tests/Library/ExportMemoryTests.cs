namespace Lightning.Admin.Tests.Library;

/// <summary>What an export keeps in memory; alone, because memory is the whole process's.</summary>
[Collection(nameof(ExportMemoryTests)), CollectionDefinition(nameof(ExportMemoryTests), DisableParallelization = true)]
public sealed class ExportMemoryTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Rows that were written are let go; a reader that keeps them is noticed.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Export_OfManyRows_HoldsNoneOfThem(bool keeps)
    {
        await AddTagsAsync(50_000, 10);
        await using var open = library.Open("tags");
        var (rows, kept, most) = (new List<WeakReference>(), new List<object>(), 0);
        await foreach (var row in open.Rows.StreamAsync(new(), Cancellation))
        {
            rows.Add(new(row));
            if (keeps) kept.Add(row);
            if (rows.Count % 10_000 == 0)
            {
                GC.Collect();
                most = Math.Max(most, rows.Count(one => one.IsAlive));
            }
        }
        rows.Count.ShouldBeGreaterThan(50_000);
        (most > rows.Count / 50).ShouldBe(keeps);
        kept.Count.ShouldBe(keeps ? rows.Count : 0);
    }

    /// <summary>No more of the file is kept: while it is read, memory grows by little of what has gone through it. A client that keeps it is noticed.</summary>
    [Theory]
    [InlineData("csv", false)]
    [InlineData("json", false)]
    [InlineData("csv", true)]
    public async Task Export_OfAFileOfManyMegabytes_IsSentAsItIsMade(string format, bool keeps)
    {
        await AddTagsAsync(100_000, 300);
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = library.Address };
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", root.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}")));
        using var answer = await client.GetAsync($"/tags/-/export?format={format}", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        answer.EnsureSuccessStatusCode().Content.Headers.ContentLength.ShouldBeNull();
        await using var file = await answer.Content.ReadAsStreamAsync(Cancellation);
        // What tests before have left to finalizers goes first: it would go while this one reads.
        for (var times = 0; times < 3; times++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (part, kept, size, step, least) = (new byte[64 * 1024], new List<byte[]>(), 0L, 0L, long.MaxValue);
        for (int read; (read = await file.ReadAsync(part, Cancellation)) > 0;)
        {
            size += read;
            if (keeps) kept.Add(part[..read]);
            if (size / 2_000_000 == step) continue;
            step = size / 2_000_000;
            // What lasts is what counts, and that shows in the smallest of the second half's figures.
            if (size > 15_000_000) least = Math.Min(least, GC.GetTotalMemory(forceFullCollection: true) - before);
        }
        size.ShouldBeGreaterThan(30_000_000);
        (least > size / 4).ShouldBe(keeps, $"{least:N0} bytes more, of a file of {size:N0}");
        kept.Sum(one => (long)one.Length).ShouldBe(keeps ? size : 0);
        root.Dispose();
    }

    /// <summary>Tags, so that there are at least so many.</summary>
    Task<object?> AddTagsAsync(int count, int length) => library.Database.ExecuteAsync($"""
        DELETE FROM library.tags WHERE name LIKE '%-x%';
        INSERT INTO library.tags (name) SELECT number || '-' || repeat('x', {length}) FROM generate_series(1, {count}) AS number
        """);
}
