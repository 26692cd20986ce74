using Lightning.Admin.Exports;
using Lightning.Admin.Forms;
using Lightning.Admin.History;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Library;

/// <summary>Rows that are made, changed and deleted.</summary>
public sealed class LibraryFormTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_OfEverythingThatAFieldCanBe_IsReadBackTheSame_AndIsInTheBook()
    {
        var author = await AuthorAsync("Ada");
        var saved = await CreateAsync("books",
            ("title", "All of it"), ("subtitle", ""), ("genre", "ShortStory"), ("secondGenre", ""), ("price", "12.50"), ("pages", "-3"), ("isLent", "false"), ("isNew", "true"), ("publishedOn", "2024-02-29"),
            ("readAt", "2024-03-14 15:09"), ("keywords", "one\r\ntwo"), ("extra", "{\"a\": 1}"), ("origin.city", "Paris"), ("origin.year", "1900"), ("dedication.to", "Dad"), ("author", author), ("shelf", RowKey.Write(["A/B ~,-", 1])));
        saved.Outcome.ShouldBe(Outcome.Done, string.Join(", ", saved.Form?.Inputs.Where(input => input.Fault is not null).Select(input => $"{input.Field.Name}: {input.Fault}") ?? []));

        await using var db = library.Connect();
        var book = await db.Books.Include(book => book.Shelf).SingleAsync(book => book.Id == Guid.Parse(saved.Key!), Cancellation);
        (book.Title, book.Subtitle, book.Genre, book.SecondGenre, book.Price, book.Pages, book.IsLent, book.IsNew).ShouldBe(("All of it", null, Genre.ShortStory, null, 12.5m, -3, false, true));
        (book.PublishedOn, book.ReadAt, book.Extra, book.AuthorId).ShouldBe((new DateOnly(2024, 2, 29), new DateTimeOffset(2024, 3, 14, 15, 9, 0, TimeSpan.Zero), "{\"a\": 1}", Guid.Parse(author)));
        book.Keywords.ShouldBe(["one", "two"]);
        (book.Origin!.City, book.Origin.Year, book.Dedication!.To, book.Shelf!.Label).ShouldBe(("Paris", 1900, "Dad", "East"));
        var made = (await HistoryAsync("books", saved.Key!)).ShouldHaveSingleItem();
        made.What.ShouldBe("Created");
        made.Changes.ShouldContain(change => change.Title == "Title" && change.To == "All of it");
        made.Changes.ShouldContain(change => change.Title == "Origin city" && change.To == "Paris");
        made.Session.ShouldBe(library.Root.SessionId);
    }

    [Fact]
    public async Task Create_WithFaults_SaysThemAtTheirFields_AndLosesNothing()
    {
        var hidden = await AuthorAsync("Hidden Hand");
        var long_ = new string('x', 201);
        var saved = await CreateAsync("books", ("title", long_), ("genre", "Comic"), ("price", "much"), ("pages", "99999999999"), ("publishedOn", "2023-02-29"), ("readAt", "soon"), ("extra", "{"), ("origin.year", "x"), ("subtitle", "a\0b"), ("author", ""));
        saved.Outcome.ShouldBe(Outcome.Again);
        var inputs = saved.Form!.Inputs.ToDictionary(input => input.Field.Name);
        foreach (var name in new[] { "title", "genre", "price", "pages", "publishedOn", "readAt", "extra", "origin.year", "subtitle", "author" }) inputs[name].Fault.ShouldNotBeNull(name);
        (inputs["title"].Text, inputs["price"].Text, inputs["readAt"].Text).ShouldBe((long_, "much", "soon"));
        inputs["shelf"].Fault.ShouldBeNull();

        // A row that cannot be seen cannot be pointed at, and neither can one that there is not.
        foreach (var author in new[] { hidden, Guid.NewGuid().ToString() })
            (await CreateAsync("books", ("title", "x"), ("genre", "Poem"), ("author", author))).Form!.Inputs.Single(input => input.Field.Name == "author").Fault.ShouldBe("There is no such row.");
        (await CreateAsync("books", ("title", ""), ("genre", "Poem"), ("author", await AuthorAsync("Ada")))).Form!.Inputs.Single(input => input.Field.Name == "title").Fault.ShouldBe("Give it a title.");
        // What the database alone knows comes back to its field too.
        (await CreateAsync("shelves", ("room", "New"), ("number", "1"), ("label", "East"))).Form!.Inputs.Single(input => input.Field.Name == "label").Fault.ShouldBe("Another row has this already.");
        (await CreateAsync("shelves", ("room", "A/B ~,-"), ("number", "1"), ("label", "North"))).Form!.Inputs.Single(input => input.Field.Name == "room").Fault.ShouldBe("Another row has this already.");
    }

    [Fact]
    public async Task Form_WithAFieldThatThePolicyDoesNotLetBeWritten_IsRefused_FieldByField()
    {
        var key = await BookAsync("Before");
        await using var db = library.Connect();
        var writable = library.Site.Find("books")!.WrittenNames.ToHashSet();
        foreach (var name in db.Model.FindEntityType(typeof(Book))!.GetProperties().Select(property => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(property.Name)).Concat(["Title", "author.name", "reviews"]).Where(name => !writable.Contains(name)))
        {
            await using var open = library.Open("books");
            (await open.Rows.UpdateAsync(key, LibraryListTests.Filled(("title", "After"), (name, "true")))).Outcome.ShouldBe(Outcome.Unknown, name);
            (await CreateAsync("books", ("title", "After"), (name, "true"))).Outcome.ShouldBe(Outcome.Unknown, name);
        }
        (await db.Books.SingleAsync(book => book.Id == Guid.Parse(key), Cancellation)).Title.ShouldBe("Before");
        await using var shelves = library.Open("shelves");
        (await shelves.Rows.UpdateAsync(RowKey.Write(["-", 2]), LibraryListTests.Filled(("room", "Other")))).Outcome.ShouldBe(Outcome.Unknown);
    }

    [Fact]
    public async Task Update_OfARowThatSomebodyElseHasChanged_ShowsBoth_OverwritesNothing_AndTakesTheirsWhereOnlyTheyDid()
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
        (saved.Outcome, saved.Form!.IsOvertaken).ShouldBe((Outcome.Again, true));
        var inputs = saved.Form.Inputs.ToDictionary(input => input.Field.Name);
        (inputs["title"].Text, inputs["title"].Theirs).ShouldBe(("Mine", "Theirs"));
        (inputs["subtitle"].Text, inputs["subtitle"].Theirs).ShouldBe(("new", null));
        (inputs["pages"].Text, inputs["pages"].Theirs).ShouldBe(("2", null));
        (await BookOfAsync(key)).Title.ShouldBe("Theirs");

        await using var third = library.Open("books");
        (await third.Rows.UpdateAsync(key, new(inputs.ToDictionary(input => input.Key, input => input.Value.Text), inputs.ToDictionary(input => input.Key, input => input.Value.Seen), new Dictionary<string, string>(), false))).Outcome.ShouldBe(Outcome.Done);
        var book = await BookOfAsync(key);
        (book.Title, book.Subtitle, book.Pages).ShouldBe(("Mine", "new", 2));
        var history = await HistoryAsync("books", key);
        history[0].Changes.ShouldContain(change => change.Title == "Title" && change.From == "Theirs" && change.To == "Mine");
        history.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Update_ThatWouldLeaveTheRowOutsideTheRule_IsUndone()
    {
        var (key, anonymous) = (await BookAsync("Mine"), await AuthorAsync("Anonymous"));
        var saved = await UpdateAsync(key, ("author", anonymous), ("title", "Gone"));
        (saved.Outcome, saved.Form!.Fault).ShouldBe((Outcome.Again, "You may not leave it like that."));
        saved.Form.Inputs.Single(input => input.Field.Name == "title").Text.ShouldBe("Gone");
        (await BookOfAsync(key)).Title.ShouldBe("Mine");
        (await HistoryAsync("books", key)).Count.ShouldBe(1);
        // One that is outside already may be read, and not written.
        await using var db = library.Connect();
        var read = await db.Books.FirstAsync(book => book.Author!.Name == "Anonymous" && !book.IsRestricted, Cancellation);
        (await UpdateAsync(read.Id.ToString(), ("title", "x"))).Outcome.ShouldBe(Outcome.Refused);
        await using var open = library.Open("books");
        (await open.Rows.FindAsync(read.Id.ToString(), Cancellation)).ShouldNotBeNull().MayUpdate.ShouldBeFalse();
    }

    [Fact]
    public async Task Picker_SearchedWithoutScript_ShowsTheFormAgain_WithWhatWasFoundAndWhatWasFilledIn()
    {
        await using var open = library.Open("books");
        var saved = await open.Rows.CreateAsync(new(new Dictionary<string, string> { ["title"] = "Half" }, new Dictionary<string, string>(), new Dictionary<string, string> { ["author"] = "grace" }, true));
        saved.Outcome.ShouldBe(Outcome.Again);
        var inputs = saved.Form!.Inputs.ToDictionary(input => input.Field.Name);
        inputs["title"].Text.ShouldBe("Half");
        inputs["author"].Choices.ShouldHaveSingleItem().Name.ShouldBe("Grace %_\\");
    }

    [Fact]
    public async Task Delete_SaysFirstWhatGoesAlong_AndIsTakenBackWhereTheRowStays()
    {
        var key = await BookAsync("Short-lived");
        await using (var open = library.Open("books"))
        {
            (await open.Rows.ConsequencesAsync(key, Cancellation)).ShouldBeEmpty();
            (await open.Rows.DeleteAsync(key)).ShouldBe((true, null));
            (await open.Rows.ListAsync(new ListState { Size = 250 }, Cancellation)).Rows.ShouldAllBe(row => row.Key != key);
            (await open.Rows.ListAsync(new ListState { Size = 250, Deleted = true }, Cancellation)).Rows.ShouldHaveSingleItem().Key.ShouldBe(key);
            (await open.Rows.UpdateAsync(key, LibraryListTests.Filled(("title", "x")))).Outcome.ShouldBe(Outcome.Missing);
        }
        await using (var open = library.Open("books"))
        {
            (await open.Rows.RestoreAsync(key)).ShouldBe((true, null));
            (await open.Rows.RestoreAsync(key)).Found.ShouldBeFalse();
        }
        (await BookOfAsync(key)).DeletedAt.ShouldBeNull();
        (await HistoryAsync("books", key)).Select(happening => happening.What).ShouldBe(["Updated", "Updated", "Created"]);

        await using var db = library.Connect();
        var mentor = await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation);
        await using var authors = library.Open("authors");
        var along = (await authors.Rows.ConsequencesAsync(mentor.Id.ToString(), Cancellation))!;
        along.Select(consequence => (consequence.Title, consequence.Effect)).ShouldBe([("Authors", "kept, without it"), ("Books (by their author)", "in the way: as long as there are any, it stays")], ignoreOrder: true);
        (await authors.Rows.DeleteAsync(mentor.Id.ToString())).ShouldBe((true, "Other rows still refer to it."));
        await using var reviews = library.Open("reviews");
        var review = await db.Reviews.FirstAsync(review => !review.Book!.IsRestricted, Cancellation);
        var reviewKey = RowKey.Write([review.BookId, review.Number]);
        (await reviews.Rows.DeleteAsync(reviewKey)).ShouldBe((true, null));
        (await reviews.Rows.DeleteAsync(reviewKey)).Found.ShouldBeFalse();
    }

    [Fact]
    public async Task Action_IsDoneToWhatThePolicyAllows_AllOrNone_AndIsInTheBook()
    {
        var key = await BookAsync("To lend");
        await using var db = library.Connect();
        var anonymous = await db.Books.FirstAsync(book => book.Author!.Name == "Anonymous" && !book.IsRestricted, Cancellation);
        var lend = library.Site.Find("books")!.Actions.Single(action => action.Name == "lend");
        await using var open = library.Open("books");
        var chosen = new Chosen([key, anonymous.Id.ToString(), "nonsense"], null);
        (await open.Rows.AskAsync(lend, chosen, Cancellation)).Count.ShouldBe(1);
        (await open.Rows.RunAsync(lend, chosen, new Dictionary<string, string> { ["to"] = "Grace" })).ShouldBe((1, null));
        ((await BookOfAsync(key)).Subtitle, (await BookOfAsync(anonymous.Id.ToString())).Subtitle).ShouldBe(("Grace", anonymous.Subtitle));
        (await HistoryAsync("books", key))[0].Changes.ShouldContain(change => change.Title == "Subtitle" && change.To == "Grace");
        await using var all = library.Open("books");
        var everything = new Chosen([], ListState.Read(library.Site.Find("books")!, Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery("?q=lend")));
        (await all.Rows.AskAsync(lend, everything, Cancellation)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Import_OnTrialKeepsNothing_WithOneFaultKeepsNothing_AndThenKeepsAll()
    {
        var author = await AuthorAsync("Ada");
        Dictionary<string, string> Row(string title, string pages) => new() { ["title"] = title, ["genre"] = "Poem", ["author"] = author, ["pages"] = pages };
        async Task<long> CountAsync() => (long)(await library.Database.ExecuteAsync("SELECT (SELECT count(*) FROM library.books WHERE title LIKE 'Imported%') + (SELECT count(*) FROM audit.entries WHERE details ->> 'title' LIKE '%Imported%')"))!;
        await using var open = library.Open("books");
        (await open.Rows.ImportAsync([Row("Imported 1", "1"), Row("Imported 2", "2")], trial: true)).ShouldBeEmpty();
        (await CountAsync()).ShouldBe(0);
        var faults = await open.Rows.ImportAsync([Row("Imported 1", "1"), Row("Imported 2", "many")], trial: false);
        faults.ShouldBe([(2, "pages", "This is no number that fits.")]);
        (await CountAsync()).ShouldBe(0);
        (await open.Rows.ImportAsync([new Dictionary<string, string> { ["secret"] = "x" }], trial: false)).ShouldContain((0, "secret", "There is no such field that can be written."));
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
    public void Text_ThatBeginsAsAFormula_IsGuarded_AndReadBackAsItWas(string text)
    {
        CsvText.Guard(text).ShouldBe($"'{text}");
        CsvText.Unguard(CsvText.Guard(text)).ShouldBe(text);
        CsvText.Unguard("'quoted").ShouldBe("'quoted");
    }

    async Task<Saved> CreateAsync(string slug, params (string Name, string Text)[] fields)
    {
        await using var open = library.Open(slug);
        return await open.Rows.CreateAsync(LibraryListTests.Filled(fields));
    }

    async Task<string> BookAsync(string title, params (string Name, string Text)[] fields) =>
        (await CreateAsync("books", [("title", title), ("genre", "Novel"), ("author", await AuthorAsync("Ada")), .. fields])).Key!;

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

    async Task<IReadOnlyList<Happening>> HistoryAsync(string slug, string subject)
    {
        await using var scope = library.Services.CreateAsyncScope();
        var request = new AdminRequest(library.Site, scope.ServiceProvider.GetRequiredService<DbContext>(), library.Root, TimeProvider.System);
        return await new RowHistory(request).ReadAsync(library.Site.Find(slug)!, subject, null, 50, Cancellation);
    }
}
