using Lightning.Admin.Engine.Actions;
using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.History;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Library;

/// <summary>Creating, updating and deleting rows.</summary>
public sealed class LibraryFormTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_round_trips_every_field_type_and_is_audited()
    {
        var author = await AuthorAsync("Ada");
        var saved = await CreateAsync(
            "books",
            ("title", "All of it"),
            ("subtitle", ""),
            ("genre", "ShortStory"),
            ("secondGenre", ""),
            ("price", "12.50"),
            ("pages", "-3"),
            ("isLent", "false"),
            ("isNew", "true"),
            ("publishedOn", "2024-02-29"),
            ("readAt", "2024-03-14 15:09"),
            ("keywords", "one\r\ntwo"),
            ("extra", "{\"a\": 1}"),
            ("origin.city", "Paris"),
            ("origin.year", "1900"),
            ("dedication.to", "Dad"),
            ("author", author),
            ("shelf", RowKey.Format(["A/B ~,-", 1]))
        );
        saved.Outcome.ShouldBe(
            Outcome.Done,
            string.Join(
                ", ",
                saved
                    .Form?.Inputs.Where(input => input.Error is not null)
                    .Select(input => $"{input.Field.Name}: {input.Error}")
                    ?? []
            )
        );

        await using var db = library.Connect();
        var book = await db
            .Books.Include(book => book.Shelf)
            .SingleAsync(book => book.Id == Guid.Parse(saved.Key!), Cancellation);
        (
            book.Title,
            book.Subtitle,
            book.Genre,
            book.SecondGenre,
            book.Price,
            book.Pages,
            book.IsLent,
            book.IsNew
        ).ShouldBe(("All of it", null, Genre.ShortStory, null, 12.5m, -3, false, true));
        (book.PublishedOn, book.ReadAt, book.Extra, book.AuthorId).ShouldBe(
            (
                new DateOnly(2024, 2, 29),
                new DateTimeOffset(2024, 3, 14, 15, 9, 0, TimeSpan.Zero),
                "{\"a\": 1}",
                Guid.Parse(author)
            )
        );
        book.Keywords.ShouldBe(["one", "two"]);
        (book.Origin!.City, book.Origin.Year, book.Dedication!.To, book.Shelf!.Label).ShouldBe(
            ("Paris", 1900, "Dad", "East")
        );
        var made = (await HistoryAsync("books", saved.Key!)).ShouldHaveSingleItem();
        made.What.ShouldBe("Created");
        made.Changes.ShouldContain(change => change.Title == "Title" && change.To == "All of it");
        made.Changes.ShouldContain(change => change.Title == "Origin city" && change.To == "Paris");
        made.Record.Session.ShouldNotBeNull().Url.ShouldBe($"/sessions/{library.Root.SessionId}");
    }

    [Fact]
    public async Task Create_with_errors_shows_them_and_keeps_input()
    {
        var hidden = await AuthorAsync("Hidden Hand");
        var long_ = new string('x', 201);
        var saved = await CreateAsync(
            "books",
            ("title", long_),
            ("genre", "Comic"),
            ("price", "much"),
            ("pages", "99999999999"),
            ("publishedOn", "2023-02-29"),
            ("readAt", "soon"),
            ("extra", "{"),
            ("origin.year", "x"),
            ("subtitle", "a\0b"),
            ("author", "")
        );
        saved.Outcome.ShouldBe(Outcome.Redisplay);
        var inputs = saved.Form!.Inputs.ToDictionary(input => input.Field.Name);
        foreach (
            var name in new[]
            {
                "title",
                "genre",
                "price",
                "pages",
                "publishedOn",
                "readAt",
                "extra",
                "origin.year",
                "subtitle",
                "author",
            }
        )
            inputs[name].Error.ShouldNotBeNull(name);
        (inputs["title"].Text, inputs["price"].Text, inputs["readAt"].Text).ShouldBe((long_, "much", "soon"));
        inputs["shelf"].Error.ShouldBeNull();

        // Neither unreadable nor missing rows can be referenced.
        foreach (var author in new[] { hidden, Guid.NewGuid().ToString() })
            (await CreateAsync("books", ("title", "x"), ("genre", "Poem"), ("author", author)))
                .Form!.Inputs.Single(input => input.Field.Name == "author")
                .Error.ShouldBe("This row does not exist.");
        (await CreateAsync("books", ("title", ""), ("genre", "Poem"), ("author", await AuthorAsync("Ada"))))
            .Form!.Inputs.Single(input => input.Field.Name == "title")
            .Error.ShouldBe("Give it a title.");
        // Database errors are attributed to their field.
        (await CreateAsync("shelves", ("room", "New"), ("number", "1"), ("label", "East")))
            .Form!.Inputs.Single(input => input.Field.Name == "label")
            .Error.ShouldBe("Another row already has this value.");
        (await CreateAsync("shelves", ("room", "A/B ~,-"), ("number", "1"), ("label", "North")))
            .Form!.Inputs.Single(input => input.Field.Name == "room")
            .Error.ShouldBe("Another row already has this value.");
    }

    [Fact]
    public async Task Form_with_a_forbidden_field_is_refused()
    {
        var key = await BookAsync("Before");
        await using var db = library.Connect();
        var writable = library.Site.Find("books")!.WrittenNames.ToHashSet();
        foreach (
            var name in db
                .Model.FindEntityType(typeof(Book))!
                .GetProperties()
                .Select(property => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(property.Name))
                .Concat(["Title", "author.name", "reviews"])
                .Where(name => !writable.Contains(name))
        )
        {
            await using var open = library.Open("books");
            (
                await open.Rows.UpdateAsync(key, LibraryListTests.Filled(("title", "After"), (name, "true")))
            ).Outcome.ShouldBe(Outcome.UnknownField, name);
            (await CreateAsync("books", ("title", "After"), (name, "true"))).Outcome.ShouldBe(
                Outcome.UnknownField,
                name
            );
        }
        (await db.Books.SingleAsync(book => book.Id == Guid.Parse(key), Cancellation)).Title.ShouldBe("Before");
        await using var shelves = library.Open("shelves");
        (
            await shelves.Rows.UpdateAsync(RowKey.Format(["-", 2]), LibraryListTests.Filled(("room", "Other")))
        ).Outcome.ShouldBe(Outcome.UnknownField);
    }

    [Fact]
    public async Task Update_with_a_conflict_shows_both_values_and_merges_the_rest()
    {
        var key = await BookAsync("First", ("subtitle", "old"), ("pages", "1"));
        await using var mine = library.Open("books");
        var form = (await mine.Rows.EditAsync(key, Cancellation))!;
        var theirs = await UpdateAsync(key, ("title", "Theirs"), ("pages", "2"));
        theirs.Outcome.ShouldBe(Outcome.Done);

        var seen = form.Inputs.ToDictionary(input => input.Field.Name, input => input.Seen);
        var fields = form.Inputs.ToDictionary(input => input.Field.Name, input => input.Text);
        (fields["title"], fields["subtitle"]) = ("Mine", "new");
        await using var second = library.Open("books");
        var saved = await second.Rows.UpdateAsync(key, new(fields, seen, new Dictionary<string, string>(), false));
        (saved.Outcome, saved.Form!.HasConflict).ShouldBe((Outcome.Redisplay, true));
        var inputs = saved.Form.Inputs.ToDictionary(input => input.Field.Name);
        (inputs["title"].Text, inputs["title"].ConcurrentValue).ShouldBe(("Mine", "Theirs"));
        (inputs["subtitle"].Text, inputs["subtitle"].ConcurrentValue).ShouldBe(("new", null));
        (inputs["pages"].Text, inputs["pages"].ConcurrentValue).ShouldBe(("2", null));
        (await BookOfAsync(key)).Title.ShouldBe("Theirs");

        await using var third = library.Open("books");
        (
            await third.Rows.UpdateAsync(
                key,
                new(
                    inputs.ToDictionary(input => input.Key, input => input.Value.Text),
                    inputs.ToDictionary(input => input.Key, input => input.Value.Seen),
                    new Dictionary<string, string>(),
                    false
                )
            )
        ).Outcome.ShouldBe(Outcome.Done);
        var book = await BookOfAsync(key);
        (book.Title, book.Subtitle, book.Pages).ShouldBe(("Mine", "new", 2));
        var history = await HistoryAsync("books", key);
        history[0]
            .Changes.ShouldContain(change => change.Title == "Title" && change.From == "Theirs" && change.To == "Mine");
        history.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Update_that_violates_the_policy_is_rolled_back()
    {
        var (key, anonymous) = (await BookAsync("Mine"), await AuthorAsync("Anonymous"));
        var saved = await UpdateAsync(key, ("author", anonymous), ("title", "Gone"));
        (saved.Outcome, saved.Form!.Error).ShouldBe((Outcome.Redisplay, "You are not allowed to save these changes."));
        saved.Form.Inputs.Single(input => input.Field.Name == "title").Text.ShouldBe("Gone");
        (await BookOfAsync(key)).Title.ShouldBe("Mine");
        (await HistoryAsync("books", key)).Count.ShouldBe(1);
        // A row outside the policy may be readable but not writable.
        await using var db = library.Connect();
        var read = await db.Books.FirstAsync(
            book => book.Author!.Name == "Anonymous" && !book.IsRestricted,
            Cancellation
        );
        (await UpdateAsync(read.Id.ToString(), ("title", "x"))).Outcome.ShouldBe(Outcome.Forbidden);
        await using var open = library.Open("books");
        (await open.Rows.FindAsync(read.Id.ToString(), Cancellation)).ShouldNotBeNull().MayUpdate.ShouldBeFalse();
    }

    [Fact]
    public async Task Picker_search_without_scripts_keeps_input()
    {
        await using var open = library.Open("books");
        var saved = await open.Rows.CreateAsync(
            new(
                new Dictionary<string, string> { ["title"] = "Half" },
                new Dictionary<string, string>(),
                new Dictionary<string, string> { ["author"] = "grace" },
                true
            )
        );
        saved.Outcome.ShouldBe(Outcome.Redisplay);
        var inputs = saved.Form!.Inputs.ToDictionary(input => input.Field.Name);
        inputs["title"].Text.ShouldBe("Half");
        inputs["author"].Choices.ShouldHaveSingleItem().Name.ShouldBe("Grace %_\\");
    }

    [Fact]
    public async Task Delete_lists_its_effects_and_can_be_undone()
    {
        var key = await BookAsync("Short-lived");
        await using (var open = library.Open("books"))
        {
            (await open.Rows.ConsequencesAsync(key, Cancellation)).ShouldBeEmpty();
            (await open.Rows.DeleteAsync(key)).ShouldBe((true, null));
            (await open.Rows.ListAsync(new ListState { Size = 250 }, Cancellation)).Rows.ShouldAllBe(row =>
                row.Key != key
            );
            (await open.Rows.ListAsync(new ListState { Size = 250, Deleted = true }, Cancellation))
                .Rows.ShouldHaveSingleItem()
                .Key.ShouldBe(key);
            (await open.Rows.UpdateAsync(key, LibraryListTests.Filled(("title", "x")))).Outcome.ShouldBe(
                Outcome.NotFound
            );
        }
        await using (var open = library.Open("books"))
        {
            (await open.Rows.RestoreAsync(key)).ShouldBe((true, null));
            (await open.Rows.RestoreAsync(key)).Found.ShouldBeFalse();
        }
        (await BookOfAsync(key)).DeletedAt.ShouldBeNull();
        (await HistoryAsync("books", key)).Select(entry => entry.What).ShouldBe(["Updated", "Updated", "Created"]);

        await using var db = library.Connect();
        var mentor = await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation);
        await using var authors = library.Open("authors");
        var along = (await authors.Rows.ConsequencesAsync(mentor.Id.ToString(), Cancellation))!;
        along
            .Select(consequence => (consequence.Title, consequence.Effect))
            .ShouldBe(
                [
                    ("Authors", "kept, but the reference is removed"),
                    ("Books (by their author)", "prevents the deletion"),
                ],
                ignoreOrder: true
            );
        (await authors.Rows.DeleteAsync(mentor.Id.ToString())).ShouldBe((true, "Other rows still refer to this one."));
        await using var reviews = library.Open("reviews");
        var review = await db.Reviews.FirstAsync(review => !review.Book!.IsRestricted, Cancellation);
        var reviewKey = RowKey.Format([review.BookId, review.Number]);
        (await reviews.Rows.DeleteAsync(reviewKey)).ShouldBe((true, null));
        (await reviews.Rows.DeleteAsync(reviewKey)).Found.ShouldBeFalse();
    }

    [Fact]
    public async Task Action_applies_to_allowed_rows_atomically_and_is_audited()
    {
        var key = await BookAsync("To lend");
        await using var db = library.Connect();
        var anonymous = await db.Books.FirstAsync(
            book => book.Author!.Name == "Anonymous" && !book.IsRestricted,
            Cancellation
        );
        var lend = library.Site.Find("books")!.Actions.Single(action => action.Name == "lend");
        await using var open = library.Open("books");
        var chosen = new RowSelection([key, anonymous.Id.ToString(), "nonsense"], null);
        (await open.Rows.PreviewAsync(lend, chosen, Cancellation)).Count.ShouldBe(1);
        (await open.Rows.RunAsync(lend, chosen, new Dictionary<string, string> { ["to"] = "Grace" })).ShouldBe(
            (1, null)
        );
        ((await BookOfAsync(key)).Subtitle, (await BookOfAsync(anonymous.Id.ToString())).Subtitle).ShouldBe(
            ("Grace", anonymous.Subtitle)
        );
        (await HistoryAsync("books", key))[0]
            .Changes.ShouldContain(change => change.Title == "Subtitle" && change.To == "Grace");
        await using var all = library.Open("books");
        var everything = new RowSelection(
            [],
            ListState.Read(
                library.Site.Find("books")!,
                Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery("?q=lend")
            )
        );
        (await all.Rows.PreviewAsync(lend, everything, Cancellation)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Import_saves_all_rows_or_none()
    {
        var author = await AuthorAsync("Ada");
        Dictionary<string, string> Row(string title, string pages) =>
            new()
            {
                ["title"] = title,
                ["genre"] = "Poem",
                ["author"] = author,
                ["pages"] = pages,
            };
        async Task<long> CountAsync() =>
            (long)
                (
                    await library.Database.ExecuteAsync(
                        """
                        SELECT (SELECT count(*) FROM library.books
                            WHERE title LIKE 'Imported%') + (SELECT count(*) FROM audit.entries
                            WHERE details ->> 'title' LIKE '%Imported%')
                        """
                    )
                )!;
        await using var open = library.Open("books");
        (await open.Rows.ImportAsync([Row("Imported 1", "1"), Row("Imported 2", "2")], trial: true)).ShouldBeEmpty();
        (await CountAsync()).ShouldBe(0);
        var errors = await open.Rows.ImportAsync([Row("Imported 1", "1"), Row("Imported 2", "many")], trial: false);
        errors.ShouldBe([(2, "pages", "Enter a number in the allowed range.")]);
        (await CountAsync()).ShouldBe(0);
        (
            await open.Rows.ImportAsync([new Dictionary<string, string> { ["secret"] = "x" }], trial: false)
        ).ShouldContain((0, "secret", "This field does not exist or cannot be written."));
        (await open.Rows.ImportAsync([Row("Imported 1", "1"), Row("Imported 2", "")], trial: false)).ShouldBeEmpty();
        (await CountAsync()).ShouldBe(4);
    }

    [Theory]
    [InlineData("=1+1")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@x")]
    [InlineData("\tx")]
    [InlineData("\rx")]
    [InlineData(" =1")]
    [InlineData("'=1")]
    [InlineData("\"=1")]
    [InlineData("＝1")]
    [InlineData("＋1")]
    [InlineData("－1")]
    [InlineData("＠x")]
    [InlineData("﹦1")]
    [InlineData("−1")]
    [InlineData("\uFEFF=1")]
    [InlineData("\u200B+1")]
    [InlineData("\u200D\u2060-1")]
    [InlineData("\u00A0@x")]
    [InlineData("\u3000=1")]
    [InlineData("\u2028=1")]
    [InlineData("\u0085=1")]
    [InlineData("\u00AD=1")]
    [InlineData("\u202E=1")]
    [InlineData("\uFE0F=1")]
    [InlineData("\u034F=1")]
    [InlineData("\u3164=1")]
    [InlineData("\u2800＝1")]
    [InlineData("\U000E0020=1")]
    [InlineData("\u0001=1")]
    [InlineData(",=1")]
    [InlineData(" \u200B\"'\uFEFF =1")]
    [InlineData("''=1")]
    public void Csv_formula_is_escaped_and_read_back(string text)
    {
        CsvText.EscapeFormula(text).ShouldBe($"'{text}");
        CsvText.Unguard(CsvText.EscapeFormula(text)).ShouldBe(text);
        CsvText.Unguard("'quoted").ShouldBe("'quoted");
    }

    [Theory]
    [InlineData(";=1", "';'=1")]
    [InlineData("\n=1", "'\n'=1")]
    [InlineData("\t\u200B=1", "'\t'\u200B=1")]
    [InlineData("a;=1", "a;'=1")]
    [InlineData("a\";\uFEFF＝1;b", "a\";'\uFEFF＝1;b")]
    [InlineData("a\r\n-1\n +2\n", "a\r\n'-1\n' +2\n")]
    [InlineData("a\t'@x", "a\t''@x")]
    [InlineData("-a;;=1", "'-a;;'=1")]
    public void Csv_formula_after_a_separator_is_escaped_and_read_back(string text, string escaped)
    {
        CsvText.EscapeFormula(text).ShouldBe(escaped);
        CsvText.Unguard(escaped).ShouldBe(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\uFEFF")]
    [InlineData("a=1")]
    [InlineData("1-2")]
    [InlineData("a, -1")]
    [InlineData("'quoted'; \"b\"")]
    [InlineData("ada@example.org")]
    [InlineData("😀=1")]
    [InlineData("line\r\nline\n\n")]
    public void Csv_text_without_a_formula_is_unchanged(string text)
    {
        CsvText.EscapeFormula(text).ShouldBe(text);
        CsvText.Unguard(text).ShouldBe(text);
    }

    async Task<Saved> CreateAsync(string slug, params (string Name, string Text)[] fields)
    {
        await using var open = library.Open(slug);
        return await open.Rows.CreateAsync(LibraryListTests.Filled(fields));
    }

    async Task<string> BookAsync(string title, params (string Name, string Text)[] fields) =>
        (
            await CreateAsync(
                "books",
                [("title", title), ("genre", "Novel"), ("author", await AuthorAsync("Ada")), .. fields]
            )
        ).Key!;

    async Task<Saved> UpdateAsync(string key, params (string Name, string Text)[] fields)
    {
        await using var open = library.Open("books");
        return await open.Rows.UpdateAsync(key, LibraryListTests.Filled(fields));
    }

    async Task<Book> BookOfAsync(string key)
    {
        await using var db = library.Connect();
        return await db.Books.SingleAsync(book => book.Id == Guid.Parse(key), Cancellation);
    }

    async Task<string> AuthorAsync(string name)
    {
        await using var db = library.Connect();
        return (await db.Authors.SingleAsync(author => author.Name == name, Cancellation)).Id.ToString();
    }

    async Task<IReadOnlyList<HistoryEntry>> HistoryAsync(string slug, string subject)
    {
        await using var scope = library.Services.CreateAsyncScope();
        var request = new AdminRequest(
            library.Site,
            scope.ServiceProvider.GetRequiredService<DbContext>(),
            library.Root,
            TimeProvider.System
        );
        return await new RowHistory(request).ReadAsync(library.Site.Find(slug)!, subject, null, 50, Cancellation);
    }
}
