namespace Lightning.Admin.Tests.Library;

/// <summary>The memory use of exports. Runs alone, because it measures the process's memory.</summary>
[Collection(nameof(ExportMemoryTests)), CollectionDefinition(nameof(ExportMemoryTests), DisableParallelization = true)]
public sealed class ExportMemoryTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    /// <summary>The number of bytes between two measurements.</summary>
    const int Step = 1_500_000;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Exported rows are released; proves that a reader that keeps them is detected.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Export_does_not_buffer_rows(bool keeps)
    {
        await AddTagsAsync(50_000, 10);
        await using var open = library.Open("tags");
        var (rows, kept, most) = (new List<WeakReference>(), new List<object>(), 0);
        await foreach (var row in open.Rows.StreamAsync(new(), Cancellation))
        {
            rows.Add(new(row));
            if (keeps)
                kept.Add(row);
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

    /// <summary>
    /// Memory grows little while a file is streamed. Proves that a client that buffers is detected. Both figures are
    /// medians, because other activity in the process causes outliers.
    /// </summary>
    [Theory]
    [InlineData("csv", Kept.Nothing)]
    [InlineData("json", Kept.Nothing)]
    [InlineData("csv", Kept.AsItComes)]
    [InlineData("csv", Kept.AtOnce)]
    public async Task Large_export_is_streamed(string format, Kept keeps)
    {
        await AddTagsAsync(100_000, 300);
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = library.Address,
        };
        client.DefaultRequestHeaders.Add(
            "Cookie",
            string.Join("; ", root.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"))
        );
        root.Dispose();
        var before = Held();
        using var answer = await client.GetAsync(
            $"/tags/-/export?format={format}",
            HttpCompletionOption.ResponseHeadersRead,
            Cancellation
        );
        answer.EnsureSuccessStatusCode();
        answer.Content.Headers.ContentLength.ShouldBeNull();
        await using var file = await OpenAsync(answer.Content, keeps);
        var (part, kept, held, size) = (new byte[64 * 1024], new List<byte[]>(), new List<long>(), 0L);
        for (int read; (read = await file.ReadAsync(part, Cancellation)) > 0; )
        {
            size += read;
            if (keeps == Kept.AsItComes)
                kept.Add(part[..read]);
            if (size / Step > held.Count)
                held.Add(Held() - before);
        }
        size.ShouldBeGreaterThan(30_000_000);
        kept.Sum(one => (long)one.Length).ShouldBe(keeps == Kept.AsItComes ? size : 0);
        var (more, most) = (Median(held.Skip(1).Zip(held, (next, one) => next - one)), Median(held));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Of a file of {size:N0} bytes {most:N0} are held, {more:N0} more with each {Step:N0}: "
                + $"{string.Join(", ", held.Select(one => $"{one:N0}"))}"
        );
        (more > Step / 4 || most > size / 4).ShouldBe(
            keeps != Kept.Nothing,
            $"{most:N0} bytes of a file of {size:N0}, {more:N0} more with each {Step:N0}"
        );
    }

    /// <summary>
    /// The file, or a copy of it. The copy's array is new: HttpClient's own buffers come from a pool, which may have
    /// held
    /// them before the first measurement.
    /// </summary>
    static async Task<Stream> OpenAsync(HttpContent content, Kept keeps)
    {
        var file = await content.ReadAsStreamAsync(Cancellation);
        if (keeps != Kept.AtOnce)
            return file;
        var copy = new MemoryStream();
        await using (file)
            await file.CopyToAsync(copy, Cancellation);
        copy.Position = 0;
        return copy;
    }

    /// <summary>The reachable memory of this process, after finalizers.</summary>
    internal static long Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    static long Median(IEnumerable<long> values)
    {
        var all = values.Order().ToList();
        return all[all.Count / 2];
    }

    /// <summary>What a client keeps of a file.</summary>
    public enum Kept
    {
        Nothing,
        AsItComes,
        AtOnce,
    }

    /// <summary>Adds tags up to a total number.</summary>
    Task<object?> AddTagsAsync(int count, int length) =>
        library.Database.ExecuteAsync(
            $"""
            DELETE FROM library.tags WHERE name LIKE '%-x%';
            INSERT INTO library.tags (name) SELECT number || '-' || repeat('x', {length})
                FROM generate_series(1, {count}) AS number
            """
        );
}
