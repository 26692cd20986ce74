using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Tests.Library;

/// <summary>Inline children: reviews in the form of their book.</summary>
public sealed class ChildrenTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Children_are_saved_with_their_parent_and_audited()
    {
        var (book, reviews) = await BookAsync("One", "Two", "Three");
        var saved = await UpdateAsync(
            book,
            ("title", "New title"),
            ($"reviews:{reviews[0]}:text", "One, better"),
            ($"_seen.reviews:{reviews[0]}:text", "One"),
            ($"reviews:{reviews[1]}:text", "Two"),
            ($"_seen.reviews:{reviews[1]}:text", "Two"),
            ($"reviews:{reviews[2]}:text", "Three"),
            ($"_remove.reviews:{reviews[2]}", "true"),
            ("reviews:+0:number", "9"),
            ("reviews:+0:text", "Nine"),
            ("reviews:+1:number", "0"),
            ("reviews:+1:text", "")
        );
        saved.Outcome.ShouldBe(Outcome.Done);
        (await StateAsync(book)).ShouldBe("New title: 1 One, better; 2 Two; 9 Nine");
        var id = Guid.Parse(book);
        (
            await library.Database.ExecuteAsync(
                $"""
                SELECT string_agg(action || ' ' || subject_id, '; ' ORDER BY id) FROM audit.entries
                    WHERE subject_id LIKE '{id}%' AND subject_type = 'review'
                """
            )
        ).ShouldBe($"review.deleted {id},3; review.updated {id},1; review.created {id},9");

        // A new book can have reviews.
        await using var open = library.Open("books");
        var author = await AuthorAsync();
        var made = await open.Rows.CreateAsync(
            Form(
                ("title", "Made"),
                ("genre", "Poem"),
                ("author", author),
                ("reviews:+0:number", "1"),
                ("reviews:+0:text", "First"),
                ("reviews:+1:number", "2"),
                ("reviews:+1:text", "Second")
            )
        );
        made.Outcome.ShouldBe(Outcome.Done);
        (await StateAsync(made.Key!)).ShouldBe("Made: 1 First; 2 Second");
    }

    [Theory]
    [InlineData("many", "New", "number", "Enter a number in the allowed range.")]
    [InlineData("5", "", "text", "Say something.")]
    [InlineData("1", "New", "number", "Another row already has this value.")]
    public async Task Child_with_an_error_saves_nothing_and_keeps_input(
        string number,
        string text,
        string field,
        string error
    )
    {
        var (book, reviews) = await BookAsync("One", "Two");
        var saved = await UpdateAsync(
            book,
            ("title", "New title"),
            ($"reviews:{reviews[0]}:text", "One, better"),
            ($"_seen.reviews:{reviews[0]}:text", "One"),
            ($"_remove.reviews:{reviews[1]}", "true"),
            ("reviews:+4:number", number),
            ("reviews:+4:text", text)
        );
        (saved.Outcome, saved.Form!.HasErrors).ShouldBe((Outcome.Redisplay, true));
        (await StateAsync(book)).ShouldBe("Before: 1 One; 2 Two");
        saved.Form.Inputs.Single(input => input.Field.Name == "title").Text.ShouldBe("New title");
        var rows = saved.Form.Children.ShouldHaveSingleItem().Rows;
        rows.Select(row => (row.Key, row.IsRemoved)).ShouldBe([(reviews[1], true), (reviews[0], false), ("+4", false)]);
        rows[1].Inputs.Single().Text.ShouldBe("One, better");
        rows[2]
            .Inputs.Select(input => (input.Name, input.Text))
            .ShouldBe([("reviews:+4:number", number), ("reviews:+4:text", text)]);
        rows[2].Inputs.Single(input => input.Field.Name == field).Error.ShouldBe(error);

        // An error of the parent also prevents its children from being saved.
        (await UpdateAsync(book, ("title", ""), ($"reviews:{reviews[0]}:text", "One, better")))
            .Form!.Children[0]
            .Rows[1]
            .Inputs.Single()
            .Text.ShouldBe("One, better");
        (await StateAsync(book)).ShouldBe("Before: 1 One; 2 Two");
    }

    [Fact]
    public async Task Child_that_the_policy_forbids_is_read_only()
    {
        var (book, reviews) = await BookAsync("One", "Sealed");
        await using (var open = library.Open("books"))
        {
            var sealed_ = (await open.Rows.EditAsync(book, Cancellation))!
                .Children.Single()
                .Rows.Single(row => row.Key == reviews[1]);
            (sealed_.Inputs.Count, sealed_.CanRemove).ShouldBe((0, false));
        }
        foreach (
            var change in new[] { ($"reviews:{reviews[1]}:text", "Open"), ($"_remove.reviews:{reviews[1]}", "true") }
        )
            (await UpdateAsync(book, ("title", "New title"), change)).Outcome.ShouldBe(Outcome.Forbidden);
        // The policy also checks the new state, and rolls back the parent's change too.
        var saved = await UpdateAsync(book, ("title", "New title"), ($"reviews:{reviews[0]}:text", "Sealed"));
        saved
            .Form!.Children[0]
            .Rows.Single(row => row.Key == reviews[0])
            .Error.ShouldBe("You are not allowed to save these changes.");
        // Neither a forbidden field nor a list that is not in the form.
        foreach (
            var name in new[]
            {
                $"reviews:{reviews[0]}:number",
                $"reviews:{reviews[0]}:book",
                "reviews:+0:bookId",
                "tags:+0:name",
            }
        )
            (await UpdateAsync(book, ("title", "New title"), (name, "7"))).Outcome.ShouldBe(Outcome.UnknownField, name);
        (await StateAsync(book)).ShouldBe("Before: 1 One; 2 Sealed");

        // A review of another book cannot be changed here.
        var (other, theirs) = await BookAsync("Theirs");
        (
            await UpdateAsync(book, ($"reviews:{theirs[0]}:text", "Taken"), ($"_remove.reviews:{theirs[0]}", "true"))
        ).Outcome.ShouldBe(Outcome.Done);
        (await UpdateAsync(book, ($"reviews:{theirs[0]}:text", "Taken"))).Outcome.ShouldBe(Outcome.Redisplay);
        (await StateAsync(other)).ShouldBe("Before: 1 Theirs");
    }

    [Fact]
    public async Task Child_conflict_shows_both_values()
    {
        var (book, reviews) = await BookAsync("One", "Two", "Three");
        (
            await UpdateAsync(book, ($"reviews:{reviews[0]}:text", "Theirs"), ($"_remove.reviews:{reviews[1]}", "true"))
        ).Outcome.ShouldBe(Outcome.Done);
        (string, string)[] mine =
        [
            ("title", "Mine"),
            ($"reviews:{reviews[0]}:text", "Mine"),
            ($"_seen.reviews:{reviews[0]}:text", "One"),
            ($"reviews:{reviews[1]}:text", "Two, mine"),
            ($"_seen.reviews:{reviews[1]}:text", "Two"),
        ];
        var saved = await UpdateAsync(book, mine);
        (saved.Outcome, saved.Form!.HasConflict).ShouldBe((Outcome.Redisplay, true));
        (await StateAsync(book)).ShouldBe("Before: 1 Theirs; 3 Three");
        var rows = saved.Form.Children[0].Rows.ToDictionary(row => row.Key);
        var input = rows[reviews[0]].Inputs.Single();
        (input.Text, input.ConcurrentValue, input.Seen).ShouldBe(("Mine", "Theirs", "Theirs"));
        (rows[reviews[1]].Inputs.Single().Text, rows[reviews[1]].IsRemoved).ShouldBe(("Two, mine", true));

        // The returned form saves.
        (
            await UpdateAsync(
                book,
                ("title", "Mine"),
                ($"reviews:{reviews[0]}:text", "Mine"),
                ($"_seen.reviews:{reviews[0]}:text", "Theirs"),
                ($"reviews:{reviews[1]}:text", "Two, mine"),
                ($"_remove.reviews:{reviews[1]}", "true")
            )
        ).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync(book)).ShouldBe("Mine: 1 Mine; 3 Three");
        // An unchanged child causes no conflict.
        (
            await UpdateAsync(
                book,
                ("title", "Again"),
                ($"reviews:{reviews[0]}:text", "One"),
                ($"_seen.reviews:{reviews[0]}:text", "One")
            )
        ).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync(book)).ShouldBe("Again: 1 Mine; 3 Three");
        // Removing a child that was changed concurrently is a conflict.
        (
            await UpdateAsync(
                book,
                ($"reviews:{reviews[0]}:text", "One"),
                ($"_seen.reviews:{reviews[0]}:text", "One"),
                ($"_remove.reviews:{reviews[0]}", "true")
            )
        ).Form!.HasConflict.ShouldBeTrue();
    }

    [Fact]
    public async Task Adding_a_child_without_scripts_keeps_input()
    {
        var (book, reviews) = await BookAsync("One");
        var saved = await UpdateAsync(
            book,
            ("title", "Half"),
            ($"reviews:{reviews[0]}:text", "Half too"),
            ("reviews:+0:number", "5"),
            ("_add", "reviews")
        );
        (saved.Outcome, saved.Form!.HasErrors, saved.Form.IsUnsaved).ShouldBe((Outcome.Redisplay, false, true));
        saved.Form.Inputs.Single(input => input.Field.Name == "title").Text.ShouldBe("Half");
        var rows = saved.Form.Children[0].Rows;
        rows.Select(row => row.Key).ShouldBe([reviews[0], "+0", "+1"]);
        rows[0].Inputs.Single().Text.ShouldBe("Half too");
        (rows[1].Inputs[0].Text, rows[2].Inputs[0].HasFocus, rows[2].Inputs.Count).ShouldBe(("5", true, 2));
        (await StateAsync(book)).ShouldBe("Before: 1 One");
    }

    /// <summary>
    /// The number of queries does not grow with the number of children: pickers of one list share a query.
    /// </summary>
    [Fact]
    public async Task Pickers_of_all_children_share_one_query()
    {
        var counts = new List<(int All, int Shelves)>();
        foreach (var children in new[] { 1, 7 })
        {
            await using var db = library.Connect();
            var author = new Author { Name = $"Of {children}" };
            var shelves = Enumerable
                .Range(0, 40)
                .Select(number => new Shelf { Room = $"Of {children}", Number = number })
                .ToList();
            db.AddRange([
                author,
                .. shelves,
                .. shelves
                    .Take(children)
                    .Select(
                        (shelf, i) =>
                            new Book
                            {
                                Title = $"{i}",
                                AuthorId = author.Id,
                                Shelf = shelf,
                            }
                    ),
            ]);
            await db.SaveChangesAsync(Cancellation);
            var statements = new Statements();
            await using var counted = new LibraryDb(
                new DbContextOptionsBuilder<LibraryDb>()
                    .UseNpgsql(library.Database.ConnectionStringOf("admin"))
                    .UseModel(library.Site.Model)
                    .AddInterceptors(statements)
                    .Options
            );
            var form = await library
                .Site.Find("authors")!
                .Open(new AdminRequest(library.Site, counted, library.Root, TimeProvider.System))
                .EditAsync(author.Id.ToString(), Cancellation);
            var inputs = form!
                .Children.Single()
                .Rows.Select(row => row.Inputs.Single(input => input.Field.Name == "shelf"))
                .ToList();
            inputs.Count.ShouldBe(children);
            inputs.ShouldAllBe(input =>
                input.Choices.Single(choice => choice.Key == input.Text).Name == $"Of {children}"
                && input.Choices.Count >= 20
            );
            counts.Add(
                (
                    statements.Queries.Count,
                    statements.Queries.Count(statement =>
                        statement.Text.Contains("FROM library.shelves", StringComparison.Ordinal)
                    )
                )
            );
        }
        counts[1].ShouldBe(counts[0]);
        counts[0].Shelves.ShouldBe(2, "what is found, and the names of what is chosen");
    }

    static Posted Form(params (string Name, string Value)[] fields) =>
        Posted.Read(fields.Select(field => new KeyValuePair<string, StringValues>(field.Name, field.Value)));

    async Task<Saved> UpdateAsync(string key, params (string Name, string Value)[] fields)
    {
        await using var open = library.Open("books");
        return await open.Rows.UpdateAsync(key, Form(fields));
    }

    async Task<(string Book, IReadOnlyList<string> Reviews)> BookAsync(params string[] reviews)
    {
        await using var db = library.Connect();
        var book = new Book { Title = "Before", AuthorId = Guid.Parse(await AuthorAsync()) };
        book.Reviews.AddRange(
            reviews.Select(
                (text, i) =>
                    new Review
                    {
                        BookId = book.Id,
                        Number = i + 1,
                        Text = text,
                    }
            )
        );
        db.Add(book);
        await db.SaveChangesAsync(Cancellation);
        return (book.Id.ToString(), [.. reviews.Select((_, i) => RowKey.Format([book.Id, i + 1]))]);
    }

    async Task<string> AuthorAsync()
    {
        await using var db = library.Connect();
        return (await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation)).Id.ToString();
    }

    async Task<string> StateAsync(string key)
    {
        await using var db = library.Connect();
        var book = await db
            .Books.Include(book => book.Reviews)
            .SingleAsync(book => book.Id == Guid.Parse(key), Cancellation);
        return $"{book.Title}: "
            + string.Join(
                "; ",
                book.Reviews.OrderBy(review => review.Number).Select(review => $"{review.Number} {review.Text}")
            );
    }
}
