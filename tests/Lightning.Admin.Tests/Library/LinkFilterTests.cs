using System.Net;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests.Library;

/// <summary>Lists filtered by a many-to-many relation.</summary>
public sealed class LinkFilterTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Link_filter_applies_to_list_count_export_and_facets()
    {
        var (classic, modern, _) = await FillAsync();
        await using var open = library.Open("books");
        foreach (
            var (query, titles) in new (string, string[])[]
            {
                ($"f.tags.is={classic}", ["Both", "One"]),
                ($"f.tags.is={modern}", ["Both", "Other"]),
                ($"f.tags.is={classic}&f.tags.is={modern}", ["Both", "One", "Other"]),
                ($"f.tags.is=0{classic}&f.tags.is={classic}", ["Both", "One"]),
                ("f.tags.empty=no", ["Both", "One", "Other"]),
                ("f.tags.empty=yes&q=Linked", ["None"]),
                ($"f.tags.is={classic}&f.tags.empty=no&q=One", ["One"]),
                ($"f.tags.is={int.MaxValue}", []),
            }
        )
        {
            var state = Read(query);
            string.Join(
                    ' ',
                    (await open.Rows.ListAsync(state, Cancellation))
                        .Rows.Select(row => row.Name["Linked ".Length..])
                        .Order()
                )
                .ShouldBe(string.Join(' ', titles), query);
            (await open.Rows.CountAsync(state, Cancellation)).Rows.ShouldBe(titles.Length, query);
            var streamed = 0;
            await foreach (var _ in open.Rows.StreamAsync(state, Cancellation))
                streamed++;
            streamed.ShouldBe(titles.Length, query);
            Read(state.ToString().TrimStart('?')).ToString().ShouldBe(state.ToString());
        }

        var filter = library.Site.Find("books")!.Filters.Single(filter => filter.Name == "tags");
        var facets = await open.Rows.FacetsAsync(Read($"f.tags.is={classic}&q=Linked"), filter, Cancellation);
        facets
            .Where(facet => facet.Title is "Classic" or "Modern" or "Empty" or "Not empty")
            .Select(facet => (facet.Title, facet.Count!.Value.Rows, facet.IsChosen))
            .ShouldBe(
                [("Classic", 2, true), ("Modern", 2, false), ("Empty", 1, false), ("Not empty", 3, false)],
                ignoreOrder: true
            );
        // Selecting a value again removes it; another value is added.
        facets.Single(facet => facet.Title == "Classic").State.ToString().ShouldBe("?q=Linked&size=250");
        facets
            .Single(facet => facet.Title == "Modern")
            .State.ToString()
            .ShouldBe($"?q=Linked&f.tags.is={classic}&f.tags.is={modern}&size=250");
        var by = (
            await open.Rows.ActiveFiltersAsync(
                Read($"f.tags.is={classic}&f.genre.is=Poem&f.pages.from=2&f.tags.empty=no"),
                Cancellation
            )
        ).Select(by => by.Title);
        by.ShouldBe(["Tags: Classic", "Genre: Poem", "Pages from 2", "Tags is not empty"]);
    }

    /// <summary>
    /// An unreadable row and a missing row are indistinguishable in the list, count, export, name and "empty" filter.
    /// </summary>
    [Fact]
    public async Task Link_filter_by_an_unreadable_row_equals_a_missing_one()
    {
        var (_, _, hidden) = await FillAsync();
        await using var db = library.Connect();
        (await db.Books.CountAsync(book => book.Translators.Any(author => author.Id == hidden), Cancellation)).ShouldBe(
            1
        );
        var told = new List<string>();
        var filter = library.Site.Find("books")!.Filters.Single(filter => filter.Name == "translators");
        foreach (var key in new[] { hidden, Guid.NewGuid() })
        {
            await using var open = library.Open("books");
            var state = Read($"f.translators.is={key}");
            (await open.Rows.ListAsync(state, Cancellation)).Rows.ShouldBeEmpty();
            await foreach (var _ in open.Rows.StreamAsync(state, Cancellation))
                throw new InvalidOperationException("There is a row.");
            var facets = await open.Rows.FacetsAsync(state, filter, Cancellation);
            facets.ShouldAllBe(facet => !facet.Title.Contains("Hidden"));
            var by = await open.Rows.ActiveFiltersAsync(state, Cancellation);
            var (_, _, root) = await library.SignInAsync(isAdmin: true);
            var page = await LibrarySiteTests.ReadAsync(root, $"/books{state}&filters=yes&find.translators=Hidden");
            root.Dispose();
            page.ShouldNotContain("Hidden Hand");
            page.ShouldContain(Choice.NotVisible);
            told.Add(
                string.Join(
                    '\n',
                    (await open.Rows.CountAsync(state, Cancellation)).Rows,
                    string.Join(',', facets.Select(facet => (facet.Title, facet.Count, facet.IsChosen))),
                    string.Join(',', by.Select(one => one.Title))
                )
            );
        }
        told.Distinct().ShouldHaveSingleItem().ShouldContain($"Translators: {Choice.NotVisible}");
        // A row that is only linked with unreadable rows counts as not linked.
        await using var books = library.Open("books");
        (await books.Rows.ListAsync(Read("f.translators.empty=yes&q=Linked"), Cancellation)).Rows.ShouldContain(row =>
            row.Name == "Linked One"
        );
    }

    [Theory]
    [InlineData("f.tags.is=x")]
    [InlineData("f.tags.is=99999999999999999999")]
    [InlineData("f.tags.is=1,2")]
    [InlineData("f.tags.is=~00")]
    [InlineData("f.tags.is=01893b9a-0000-7000-8000-000000000000")]
    [InlineData("f.translators.is=1")]
    [InlineData("f.tags.is=1'%20OR%201=1")]
    [InlineData("f.tags.has=Classic")]
    [InlineData("f.tags.from=1")]
    [InlineData("f.tags.on=2024")]
    [InlineData("f.tags.empty=maybe")]
    [InlineData("f.tags.empty=yes&f.tags.empty=no")]
    [InlineData("f.tags.name.is=Classic")]
    [InlineData("sort=tags")]
    public async Task Link_filter_with_an_invalid_key_is_refused(string query)
    {
        var state = Read(query);
        state.Errors.ShouldHaveSingleItem();
        await using var open = library.Open("books");
        (await open.Rows.ListAsync(state, Cancellation)).Rows.ShouldBeEmpty();
    }

    [Fact]
    public void Link_filter_with_too_many_values_is_refused() =>
        Read(string.Join('&', Enumerable.Range(1, 101).Select(number => $"f.tags.is={number}")))
            .Errors.ShouldHaveSingleItem()
            .ShouldContain("at most 100");

    [Fact]
    public async Task Link_filter_works_without_scripts()
    {
        var (classic, _, _) = await FillAsync();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var page = await LibrarySiteTests.ReadAsync(root, "/books?filters=yes&f.genre.is=Poem&find.tags=class");
        page.ShouldContain("name=\"find.tags\" value=\"class\"");
        page.ShouldContain($"<option value=\"{classic}\">Classic</option>");
        page.ShouldNotContain("<option value=\"" + (classic + 1));
        page.ShouldContain("<input type=\"hidden\" name=\"f.genre.is\" value=\"Poem\">");
        var narrowed = await LibrarySiteTests.ReadAsync(root, $"/books?filters=yes&find.tags=&f.tags.is={classic}");
        narrowed.ShouldContain($"<option value=\"{classic}\" selected>Classic</option>");
        WebUtility.HtmlDecode(narrowed).ShouldContain("Tags: Classic");
        narrowed.ShouldContain("Linked One");
        narrowed.ShouldNotContain("Linked None");
        // With the panel closed, the active filters still name the row.
        WebUtility
            .HtmlDecode(await LibrarySiteTests.ReadAsync(root, $"/books?f.tags.is={classic}"))
            .ShouldContain("Tags: Classic");
        // A foreign key is picked the same way instead of typing a key; unreadable rows are not found.
        await using var db = library.Connect();
        var grace = await db
            .Authors.Where(author => author.Name.StartsWith("Grace"))
            .Select(author => author.Id)
            .SingleAsync(Cancellation);
        var byAuthor = WebUtility.HtmlDecode(
            await LibrarySiteTests.ReadAsync(root, "/books?filters=yes&find.authorId=grace")
        );
        byAuthor.ShouldContain($"<option value=\"{grace}\">Grace %_\\</option>");
        byAuthor.ShouldNotContain("<input id=\"f-authorId-is\"");
        WebUtility
            .HtmlDecode(await LibrarySiteTests.ReadAsync(root, $"/books?filters=yes&f.authorId.is={grace}"))
            .ShouldContain($"<option value=\"{grace}\" selected>Grace %_\\</option>");
        (await LibrarySiteTests.ReadAsync(root, "/books?filters=yes&find.authorId=Hidden")).ShouldNotContain(
            "Hidden Hand"
        );
        // An invalid search shows an error and finds nothing.
        (
            await LibrarySiteTests.ReadAsync(
                root,
                $"/books?filters=yes&find.tags={string.Join('+', Enumerable.Range(1, 11))}"
            )
        ).ShouldContain("At most 10 words");
        root.Dispose();
    }

    ListState Read(string query) =>
        ListState.Read(library.Site.Find("books")!, QueryHelpers.ParseQuery(query)) with
        {
            Size = 250,
        };

    /// <summary>
    /// Four books with one tag, another, both or none; one translated by an unreadable author. And an unreadable one
    /// with both tags.
    /// </summary>
    async Task<(int Classic, int Modern, Guid Hidden)> FillAsync()
    {
        await using var db = library.Connect();
        if (await db.Tags.FirstOrDefaultAsync(tag => tag.Name == "Classic", Cancellation) is not { } classic)
        {
            var ada = await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation);
            (classic, var modern) = (new Tag { Name = "Classic" }, new Tag { Name = "Modern" });
            foreach (
                var (title, tags) in new (string, Tag[])[]
                {
                    ("One", [classic]),
                    ("Other", [modern]),
                    ("Both", [classic, modern]),
                    ("None", []),
                    ("NotVisible", [classic, modern]),
                    ("Gone", [classic, modern]),
                }
            )
            {
                var book = new Book
                {
                    Title = $"Linked {title}",
                    Genre = Genre.Poem,
                    Pages = 3,
                    AuthorId = ada.Id,
                    IsRestricted = title == "NotVisible",
                    DeletedAt = title == "Gone" ? DateTimeOffset.UnixEpoch : null,
                };
                book.Tags.AddRange(tags);
                if (title == "One")
                    book.Translators.Add(await db.Authors.SingleAsync(author => author.IsHidden, Cancellation));
                db.Books.Add(book);
            }
            await db.SaveChangesAsync(Cancellation);
        }
        return (
            classic.Id,
            await db.Tags.Where(tag => tag.Name == "Modern").Select(tag => tag.Id).SingleAsync(Cancellation),
            await db.Authors.Where(author => author.IsHidden).Select(author => author.Id).SingleAsync(Cancellation)
        );
    }
}
