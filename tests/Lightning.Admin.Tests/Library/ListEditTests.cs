using System.Globalization;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Lists;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Tests.Library;

/// <summary>Editing rows in the list.</summary>
public sealed class ListEditTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_edit_has_fields_where_the_policy_allows()
    {
        await using var open = library.Open("books");
        var state = new ListState { Size = 250, Columns = ["title", "author.name"] };
        var form = await open.Rows.EditListAsync(state, Cancellation);
        form.Columns.Select(column => column.Name).ShouldBe(["title", "author.name", "price", "pages", "isNew"]);
        var listed = await open.Rows.ListAsync(state, Cancellation);
        form.Rows.Select(row => row.Key).ShouldBe(listed.Rows.Select(row => row.Key));
        foreach (var (row, other) in form.Rows.Zip(listed.Rows))
            row.Inputs.Keys.ShouldBe(other.MayUpdate ? ["price", "pages", "isNew"] : [], ignoreOrder: true);
        form.Rows.ShouldContain(row => row.Inputs.Count == 0);
        var input = form.Rows.First(row => row.Inputs.Count > 0).Inputs["price"];
        (input.Name, input.Row).ShouldBe(
            (
                $"rows:{form.Rows.First(row => row.Inputs.Count > 0).Key}:price",
                form.Rows.First(row => row.Inputs.Count > 0).Name
            )
        );
    }

    [Fact]
    public async Task List_edit_saves_and_audits_only_changed_rows()
    {
        var (one, two, three) = (await BookAsync("One"), await BookAsync("Two"), await BookAsync("Three"));
        var saved = await SaveAsync([
            .. Row(one, ("price", "1.5", "1"), ("pages", "1", "1"), ("isNew", "false", "false")),
            .. Row(two, ("price", "1", "1"), ("pages", "7", "1"), ("isNew", "true", "false")),
            .. Row(three, ("price", "1", "1")),
        ]);
        (saved.Rows, saved.Form).ShouldBe((2, null));
        (await StateAsync(one), await StateAsync(two), await StateAsync(three)).ShouldBe(
            ("1.5 1 False", "1 7 True", "1 1 False")
        );
        foreach (var (book, lines) in new[] { (one, 1L), (two, 1L), (three, 0L) })
            (
                await library.Database.ExecuteAsync($"SELECT count(*) FROM audit.entries WHERE subject_id = '{book}'")
            ).ShouldBe(lines);
    }

    [Fact]
    public async Task List_edit_with_too_many_rows_is_refused()
    {
        var book = await BookAsync("Among many");
        var others = Enumerable
            .Range(0, ListState.Sizes[^1])
            .SelectMany(_ => Row(Guid.NewGuid().ToString(), ("price", "1", "1")));
        (await SaveAsync([.. Row(book, ("price", "2", "1")), .. others])).IsUnknown.ShouldBeTrue();
        (await StateAsync(book)).ShouldBe("1 1 False");
    }

    [Fact]
    public async Task List_edit_conflict_shows_both_values_and_saves_the_rest()
    {
        var (fine, theirs, gone, wrong) = (
            await BookAsync("Fine"),
            await BookAsync("Theirs"),
            await BookAsync("Gone"),
            await BookAsync("Wrong")
        );
        await using var db = library.Connect();
        var read = await db.Books.FirstAsync(
            book => book.Author!.Name == "Anonymous" && !book.IsRestricted,
            Cancellation
        );
        var restricted = await db.Books.FirstAsync(book => book.IsRestricted, Cancellation);
        await db
            .Books.Where(book => book.Id == Guid.Parse(theirs))
            .ExecuteUpdateAsync(set => set.SetProperty(book => book.Price, 9), Cancellation);
        await db.Books.Where(book => book.Id == Guid.Parse(gone)).ExecuteDeleteAsync(Cancellation);

        var saved = await SaveAsync([
            .. Row(theirs, ("price", "2", "1"), ("pages", "2", "1")),
            .. Row(gone, ("price", "2", "1")),
            .. Row(fine, ("price", "2", "1")),
            .. Row(wrong, ("price", "much", "1"), ("pages", "2", "1")),
            .. Row(read.Id.ToString(), ("isNew", "true", "-")),
            .. Row(restricted.Id.ToString(), ("isNew", "true", "-")),
        ]);

        (saved.Rows, saved.HasConflict).ShouldBe((1, true));
        (await StateAsync(fine), await StateAsync(theirs), await StateAsync(wrong)).ShouldBe(
            ("2 1 False", "9 1 False", "1 1 False")
        );
        (
            await db
                .Books.AsNoTracking()
                .Where(book => book.Id == read.Id || book.Id == restricted.Id)
                .Select(book => book.IsNew)
                .ToListAsync(Cancellation)
        ).ShouldBe([read.IsNew, restricted.IsNew], ignoreOrder: true);
        var rows = saved.Form!.Rows.ToDictionary(row => row.Key);
        rows.Count.ShouldBe(5);
        (
            rows[theirs].Inputs["price"].Text,
            rows[theirs].Inputs["price"].ConcurrentValue,
            rows[theirs].Inputs["price"].Seen
        ).ShouldBe(("2", "9", "9"));
        rows[theirs].Inputs["pages"].Text.ShouldBe("2");
        (
            rows[wrong].Inputs["price"].Text,
            rows[wrong].Inputs["price"].Error,
            rows[wrong].Inputs["pages"].Text
        ).ShouldBe(("much", "Enter a number in the allowed range.", "2"));
        rows[read.Id.ToString()].Error.ShouldBe("You are not allowed to change this row.");
        foreach (var nobodys in new[] { gone, restricted.Id.ToString() })
            (rows[nobodys].Cells.Count, rows[nobodys].Error).ShouldBe((0, "This row was deleted by someone else."));

        // The returned form saves.
        (await SaveAsync(Row(theirs, ("price", "2", "9"), ("pages", "2", "1")))).Rows.ShouldBe(1);
        (await StateAsync(theirs)).ShouldBe("2 2 False");
    }

    [Fact]
    public async Task List_edit_with_a_foreign_field_is_refused()
    {
        var book = await BookAsync("Whole");
        foreach (var name in new[] { "title", "secret", "isRestricted", "Price" })
            (
                await SaveAsync([.. Row(book, ("price", "2", "1")), .. Row(book, (name, "true", ""))])
            ).IsUnknown.ShouldBeTrue(name);
        (
            await SaveAsync([.. Row(book, ("price", "2", "1")), ($"_remove.rows:{book}", "true")])
        ).IsUnknown.ShouldBeTrue();
        (await SaveAsync([.. Row(book, ("price", "2", "1")), ("title", "x")])).IsUnknown.ShouldBeTrue();
        (await StateAsync(book)).ShouldBe("1 1 False");
    }

    static (string, string)[] Row(string key, params (string Field, string Text, string Seen)[] fields) =>
        [
            .. fields
                .SelectMany(field =>
                    new[] { ($"rows:{key}:{field.Field}", field.Text), ($"_seen.rows:{key}:{field.Field}", field.Seen) }
                )
                .Where(field => field.Item2 != "-"),
        ];

    async Task<RowsSaved> SaveAsync((string Name, string Value)[] fields)
    {
        await using var open = library.Open("books");
        return await open.Rows.UpdateListAsync(
            new ListState(),
            Posted.Read(fields.Select(field => new KeyValuePair<string, StringValues>(field.Name, field.Value)))
        );
    }

    async Task<string> BookAsync(string title)
    {
        await using var db = library.Connect();
        var book = new Book
        {
            Title = title,
            Price = 1,
            Pages = 1,
            AuthorId = (await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation)).Id,
        };
        db.Add(book);
        await db.SaveChangesAsync(Cancellation);
        return book.Id.ToString();
    }

    async Task<string> StateAsync(string key)
    {
        await using var db = library.Connect();
        var book = await db.Books.SingleAsync(book => book.Id == Guid.Parse(key), Cancellation);
        return string.Create(CultureInfo.InvariantCulture, $"{book.Price} {book.Pages} {book.IsNew}");
    }
}
