using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests.Library;

/// <summary>Lists, searches and filters over rows that vary in every respect.</summary>
public sealed class LibraryListTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static ListState Everything => new() { Size = 250 };

    [Fact]
    public async Task Unreadable_rows_appear_nowhere()
    {
        await using var db = library.Connect();
        var restricted = await db.Books.Where(book => book.IsRestricted).ToListAsync(Cancellation);
        restricted.Count.ShouldBe(6);
        await using var open = library.Open("books");
        var page = await open.Rows.ListAsync(Everything, Cancellation);
        page.Rows.Count.ShouldBe(54);
        (await open.Rows.CountAsync(Everything, Cancellation)).Rows.ShouldBe(54);
        foreach (var book in restricted)
        {
            var key = book.Id.ToString();
            page.Rows.ShouldAllBe(row => row.Key != key);
            (await open.Rows.FindAsync(key, Cancellation)).ShouldBeNull();
            (await open.Rows.Lookup.NameAsync(key, Cancellation)).ShouldBeNull();
            (await open.Rows.EditAsync(key, Cancellation)).ShouldBeNull();
            (await open.Rows.ConsequencesAsync(key, Cancellation)).ShouldBeNull();
            (await open.Rows.UpdateAsync(key, Filled(("title", "Taken")))).Outcome.ShouldBe(Outcome.NotFound);
            (await open.Rows.DeleteAsync(key)).Found.ShouldBeFalse();
            (
                await open.Rows.RunAsync(
                    library.Site.Find("books")!.Actions[0],
                    new([key], null),
                    new Dictionary<string, string> { ["to"] = "x" }
                )
            ).Rows.ShouldBe(0);
        }
        var streamed = new List<object?[]>();
        await foreach (var row in open.Rows.StreamAsync(Everything, Cancellation))
            streamed.Add(row);
        streamed.Count.ShouldBe(54);
        (await open.Rows.Lookup.PickAsync("", 250, Cancellation)).Count.ShouldBe(54);
        var facets = await open.Rows.FacetsAsync(
            Everything,
            library.Site.Find("books")!.Filters.Single(filter => filter.Name == "genre"),
            Cancellation
        );
        facets.Sum(facet => facet.Count!.Value.Rows).ShouldBe(54);
        await using var reviews = library.Open("reviews");
        var all = await reviews.Rows.ListAsync(Everything, Cancellation);
        all.Rows.Count.ShouldBe(await db.Reviews.CountAsync(review => !review.Book!.IsRestricted, Cancellation));
    }

    [Fact]
    public async Task Unreadable_related_row_is_treated_as_missing()
    {
        await using var open = library.Open("books");
        var page = await open.Rows.ListAsync(Everything, Cancellation);
        var author = page
            .Columns.Select((column, place) => (column, place))
            .Single(column => column.column.Name == "author.name")
            .place;
        page.Rows.SelectMany(row => row.Cells).ShouldAllBe(cell => !cell.Text.Contains("Hidden"));
        page.Rows.Count(row => row.Cells[author].Value is null).ShouldBeGreaterThan(0);
        page.Rows.Where(row => row.Cells[author].Value is null).ShouldAllBe(row => row.Cells[author].Link == null);
        page.Rows.Where(row => row.Cells[author].Value is not null)
            .ShouldAllBe(row => row.Cells[author].Link!.StartsWith("/authors/"));
        (await open.Rows.ListAsync(Everything with { Search = "Hidden" }, Cancellation)).Rows.ShouldBeEmpty();
        (await open.Rows.ListAsync(Read("books", "f.author.name.has=Hidden"), Cancellation)).Rows.ShouldBeEmpty();
        (await open.Rows.ListAsync(Read("books", "f.author.name.empty=yes"), Cancellation)).Rows.Count.ShouldBe(
            page.Rows.Count(row => row.Cells[author].Value is null)
        );
        await using var authors = library.Open("authors");
        (await authors.Rows.Lookup.PickAsync("Hidden", 20, Cancellation)).ShouldBeEmpty();
        // One author's mentor is unreadable, and so is a name computed from it.
        var rows = await authors.Rows.ListAsync(Everything, Cancellation);
        rows.Rows.SelectMany(row => row.Cells).ShouldAllBe(cell => !cell.Text.Contains("Hidden"));
        await using var tags = library.Open("tags");
        (await tags.Rows.ListAsync(Everything, Cancellation)).Rows.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Every_sort_pages_through_each_row_once()
    {
        await using var open = library.Open("books");
        foreach (var column in library.Site.Find("books")!.Columns.Where(column => !column.IsComputed))
        foreach (
            var sort in new SortBy[][]
            {
                [new(column.Name, false)],
                [new(column.Name, true)],
                [new("isNew", true), new(column.Name, false)],
            }
        )
        {
            if (sort.Length == 2 && column.Name == "isNew")
                continue;
            var whole = (await open.Rows.ListAsync(Everything with { Sort = sort }, Cancellation))
                .Rows.Select(row => row.Key)
                .ToList();
            var pages = new List<string>();
            string? place = null;
            ListPage page;
            do
            {
                page = await open.Rows.ListAsync(
                    new ListState
                    {
                        Size = 25,
                        Sort = sort,
                        Cursor = place,
                    },
                    Cancellation
                );
                pages.AddRange(page.Rows.Select(row => row.Key));
                place = page.Next;
            } while (place is not null);
            pages.ShouldBe(whole, string.Join(',', sort.Select(by => by.ToString())));
            var before = await open.Rows.ListAsync(
                new ListState
                {
                    Size = 25,
                    Sort = sort,
                    Cursor = page.Previous,
                },
                Cancellation
            );
            before
                .Rows.Select(row => row.Key)
                .ShouldBe(whole[25..50], string.Join(',', sort.Select(by => by.ToString())));
        }
    }

    [Theory]
    [InlineData("love", 8)]
    [InlineData("love letters", 8)]
    [InlineData("\"love and\"", 4)]
    [InlineData("love nothing", 0)]
    [InlineData("%_\\", 14)]
    [InlineData("%", 14)]
    [InlineData("CASE", 6)]
    [InlineData("<script>", 14)]
    [InlineData("=1+1", 4)]
    [InlineData("'; DROP TABLE library.books; --", 0)]
    public async Task Search_matches_all_words_literally(string search, int least)
    {
        await using var open = library.Open("books");
        await using var db = library.Connect();
        var words = SearchWords.Read(search);
        var expected = (
            await db
                .Books.Include(book => book.Author)
                .Where(book => !book.IsRestricted && book.DeletedAt == null)
                .ToListAsync(Cancellation)
        ).Count(book =>
            words.All(word =>
                book.Title.Contains(word.Text, StringComparison.OrdinalIgnoreCase)
                || (!book.Author!.IsHidden && book.Author.Name.Contains(word.Text, StringComparison.OrdinalIgnoreCase))
            )
        );
        var found = (await open.Rows.ListAsync(Everything with { Search = search }, Cancellation)).Rows;
        found.Count.ShouldBe(expected);
        (found.Count > 0).ShouldBe(least > 0);
    }

    [Theory]
    [InlineData("f.title.is=Case")]
    [InlineData("f.title.has=case")]
    [InlineData("f.title.empty=yes")]
    [InlineData("f.genre.is=Novel&f.genre.is=Poem")]
    [InlineData("f.secondGenre.empty=yes")]
    [InlineData("f.pages.from=2&f.pages.to=4")]
    [InlineData("f.pages.empty=no")]
    [InlineData("f.isLent.is=true")]
    [InlineData("f.readAt.on=2024")]
    [InlineData("f.readAt.on=2024-03")]
    [InlineData("f.readAt.from=2024-06-15&f.readAt.to=2025-02-15")]
    [InlineData("f.publishedOn.on=2021")]
    [InlineData("f.publishedOn.to=2021-05-01")]
    [InlineData("f.origin.year.from=1930")]
    public async Task Typed_filter_returns_the_matching_rows(string query)
    {
        await using var open = library.Open("books");
        await using var db = library.Connect();
        var books = (
            await db.Books.Where(book => !book.IsRestricted && book.DeletedAt == null).ToListAsync(Cancellation)
        )
            .Where(book =>
                query switch
                {
                    "f.title.is=Case" => book.Title == "Case",
                    "f.title.has=case" => book.Title.Contains("case", StringComparison.OrdinalIgnoreCase),
                    "f.title.empty=yes" => book.Title.Length == 0,
                    "f.genre.is=Novel&f.genre.is=Poem" => book.Genre is Genre.Novel or Genre.Poem,
                    "f.secondGenre.empty=yes" => book.SecondGenre is null,
                    "f.pages.from=2&f.pages.to=4" => book.Pages is >= 2 and <= 4,
                    "f.pages.empty=no" => book.Pages is not null,
                    "f.isLent.is=true" => book.IsLent is true,
                    "f.readAt.on=2024" => book.ReadAt?.Year == 2024,
                    "f.readAt.on=2024-03" => book.ReadAt is { Year: 2024, Month: 3 },
                    "f.readAt.from=2024-06-15&f.readAt.to=2025-02-15" => book.ReadAt
                        >= new DateTimeOffset(2024, 6, 15, 0, 0, 0, TimeSpan.Zero)
                        && book.ReadAt < new DateTimeOffset(2025, 2, 16, 0, 0, 0, TimeSpan.Zero),
                    "f.publishedOn.on=2021" => book.PublishedOn?.Year == 2021,
                    "f.publishedOn.to=2021-05-01" => book.PublishedOn <= new DateOnly(2021, 5, 1),
                    _ => book.Origin?.Year >= 1930,
                }
            )
            .Select(book => book.Id.ToString())
            .ToList();
        var state = Read("books", query);
        var rows = (await open.Rows.ListAsync(state, Cancellation)).Rows;
        rows.Select(row => row.Key).ShouldBe(books, ignoreOrder: true);
        rows.Count.ShouldBeInRange(1, 53);
        Read("books", state.ToString().TrimStart('?')).ToString().ShouldBe(state.ToString());
    }

    [Theory]
    [InlineData("f.secret.is=canary")]
    [InlineData("f.price.is=1")]
    [InlineData("f.pages.is=many")]
    [InlineData("f.pages.has=1")]
    [InlineData("f.readAt.on=yesterday")]
    [InlineData("sort=secret")]
    [InlineData("sort=reviews")]
    [InlineData("size=100000")]
    public async Task Url_with_an_unsupported_request_shows_an_error(string query)
    {
        await using var open = library.Open("books");
        var state = Read("books", query);
        state.Errors.ShouldHaveSingleItem();
        (await open.Rows.ListAsync(state, Cancellation)).Rows.ShouldBeEmpty();
        (await open.Rows.CountAsync(state, Cancellation)).Rows.ShouldBe(0);
    }

    [Fact]
    public async Task Date_filter_drills_down()
    {
        await using var open = library.Open("books");
        var filter = library.Site.Find("books")!.Filters.Single(filter => filter.Name == "readAt");
        var years = await open.Rows.FacetsAsync(Everything, filter, Cancellation);
        years.Select(facet => facet.Title).ShouldBe(["2025", "2024", "Empty", "Not empty"]);
        var months = await open.Rows.FacetsAsync(years[0].State, filter, Cancellation);
        months[0].Title.ShouldBe("‹ All dates");
        months.Skip(1).SkipLast(2).ShouldAllBe(facet => facet.Title.StartsWith("2025-") && facet.Count!.Value.Rows > 0);
        var days = await open.Rows.FacetsAsync(months[1].State, filter, Cancellation);
        days[1].Title.ShouldEndWith("-15");
        days[1]
            .Count!.Value.Rows.ShouldBe(
                (await open.Rows.ListAsync(days[1].State with { Size = 250 }, Cancellation)).Rows.Count
            );
    }

    [Fact]
    public void Key_round_trips_any_text()
    {
        var key = library.Site.Find("shelves")!.Key;
        foreach (var room in new[] { "", "-", "~", "a,b", "A/B ~,-", "..", "%2F", "ü😀", "new" })
        {
            var text = RowKey.Format([room, -7]);
            text.ShouldMatch("^[A-Za-z0-9_~-]+,-7$");
            RowKey.Parse(text, key).ShouldBe([room, -7]);
        }
        foreach (var nonsense in new[] { "", "a", "a,b", "a,1,2", "~z,1", "é,1" })
            RowKey.Parse(nonsense, key).ShouldBeNull();
    }

    internal static Posted Filled(params (string Name, string Text)[] fields) =>
        new(
            fields.ToDictionary(field => field.Name, field => field.Text),
            new Dictionary<string, string>(),
            new Dictionary<string, string>(),
            false
        );

    ListState Read(string slug, string query) =>
        ListState.Read(library.Site.Find(slug)!, Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(query)) with
        {
            Size = 250,
        };
}
