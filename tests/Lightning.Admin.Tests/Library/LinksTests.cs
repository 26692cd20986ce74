using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.History;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Tests.Library;

/// <summary>Many-to-many relations: books and their translators.</summary>
public sealed class LinksTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    const string Script = "<script>alert(1)</script>";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Links_show_readable_rows_by_name()
    {
        var (book, authors) = await BookAsync("Shown", Script, "Grace %_\\", "Hidden Hand");
        await using var open = library.Open("books");
        var page = await open.Rows.ListAsync(new ListState { Search = "Shown" }, Cancellation);
        var cell = page.Rows.ShouldHaveSingleItem().Cells[
            page.Columns.Select(column => column.Name).ToList().IndexOf("translators")
        ];
        cell.Rows.Select(row => (row.Text, row.Link))
            .ShouldBe([(Script, $"/authors/{authors[Script]}"), ("Grace %_\\", $"/authors/{authors["Grace %_\\"]}")]);
        (await open.Rows.FindAsync(book, Cancellation))!
            .Facts.Single(fact => fact.Title == "Translators")
            .Rows.Select(row => row.Text)
            .ShouldBe([Script, "Grace %_\\"]);
        await foreach (
            var row in open.Rows.StreamAsync(
                new ListState { Search = "Shown", Columns = ["translators"] },
                Cancellation
            )
        )
            row[^1].ShouldBe(new List<string> { Script, "Grace %_\\" });

        // Links are searched by their displayed name only.
        foreach (var (search, count) in new[] { ("shown grace", 1), ("shown <script>", 1), ("shown hidden", 0) })
            (await open.Rows.CountAsync(new ListState { Search = search }, Cancellation)).Rows.ShouldBe(count, search);

        // In the other direction: only readable books, and a limited number.
        await using var db = library.Connect();
        var ada = await db.Authors.SingleAsync(author => author.Name == "Ada", Cancellation);
        await db.Database.ExecuteSqlAsync(
            $"DELETE FROM library.author_book WHERE translators_id = {ada.Id}",
            Cancellation
        );
        ada.Translated.AddRange(await db.Books.Where(one => one.IsRestricted).ToListAsync(Cancellation));
        await db.SaveChangesAsync(Cancellation);
        await using var other = library.Open("authors");
        async Task<Cell> TranslatedAsync() =>
            (await other.Rows.ListAsync(new ListState { Size = 250 }, Cancellation))
                .Rows.Single(row => row.Key == ada.Id.ToString())
                .Cells[2];
        (await TranslatedAsync()).Rows.ShouldBeEmpty();
        var translations = Enumerable
            .Range(1, 30)
            .Select(number => new Book { Title = $"Translation {number:00}", AuthorId = ada.Id })
            .ToList();
        db.AddRange(translations);
        ada.Translated.AddRange(translations);
        await db.SaveChangesAsync(Cancellation);
        var many = (await TranslatedAsync()).Rows;
        many.Count.ShouldBe(Cells.MaxLinked + 1);
        (many[^1].Text, many[^1].Link).ShouldBe(("…", null));
        await foreach (
            var row in other.Rows.StreamAsync(new ListState { Columns = ["name", "translated"] }, Cancellation)
        )
            if (row[0]!.Equals(ada.Id))
                ((List<string>)row[^1]!).Count.ShouldBe(30);
        await db.Database.ExecuteSqlAsync(
            $"DELETE FROM library.author_book WHERE translators_id = {ada.Id}",
            Cancellation
        );
    }

    [Fact]
    public async Task Form_changes_readable_links_in_one_audit_entry()
    {
        var (book, authors) = await BookAsync("Before", "Ada", "Hidden Hand");
        await using (var open = library.Open("books"))
        {
            var input = (await open.Rows.EditAsync(book, Cancellation))!.Inputs.Single(input =>
                input.Field.Name == "translators"
            );
            (input.Text, input.Seen, input.HasMore).ShouldBe((authors["Ada"], authors["Ada"], false));
            input.Choices[0].ShouldBe(new Choice(authors["Ada"], "Ada"));
            input.Choices.ShouldAllBe(choice => choice.Name != "Hidden Hand");
        }
        (
            await UpdateAsync(
                book,
                [("title", "After"), .. Links([authors["Ada"]], authors[Script], authors["Grace %_\\"])]
            )
        ).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync(book)).ShouldBe($"After: {Script}, Grace %_\\, Hidden Hand");
        var line = (await HistoryAsync(book)).ShouldHaveSingleItem();
        line.Changes.ShouldContain(change =>
            change.Title == "Title" && change.From == "Before" && change.To == "After"
        );
        line.Changes.ShouldContain(change =>
            change.Title == "Translators"
            && change.From == "Ada"
            && (change.To == $"{Script}, Grace %_\\" || change.To == $"Grace %_\\, {Script}")
        );

        // A change of links alone is audited; no change is not.
        (
            await UpdateAsync(
                book,
                Links([authors[Script], authors["Grace %_\\"]], authors["Grace %_\\"], authors[Script])
            )
        ).Outcome.ShouldBe(Outcome.Done);
        (await HistoryAsync(book)).Count.ShouldBe(1);
        (await UpdateAsync(book, Links([authors[Script], authors["Grace %_\\"]]))).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync(book)).ShouldBe("After: Hidden Hand");
        (await HistoryAsync(book)).Count.ShouldBe(2);

        // A new row can have links.
        await using var making = library.Open("books");
        var made = await making.Rows.CreateAsync(
            Form(
                ("title", "Made"),
                ("genre", "Poem"),
                ("author", authors["Ada"]),
                ("translators[]", ""),
                ("translators[]", authors["ada"])
            )
        );
        (await StateAsync(made.Key!)).ShouldBe("Made: ada");
        (await HistoryAsync(made.Key!))
            .ShouldHaveSingleItem()
            .Changes.ShouldContain(change => change.Title == "Translators" && change.To == "ada");
    }

    [Fact]
    public async Task Form_with_a_forbidden_link_saves_nothing()
    {
        var (book, authors) = await BookAsync("Before", "Ada");
        foreach (var nobodys in new[] { authors["Hidden Hand"], Guid.NewGuid().ToString(), "nonsense" })
        {
            var saved = await UpdateAsync(
                book,
                [("title", "After"), .. Links([authors["Ada"]], authors["Ada"], nobodys)]
            );
            var input = saved.Form!.Inputs.Single(input => input.Field.Name == "translators");
            (saved.Outcome, input.Error).ShouldBe((Outcome.Redisplay, "This row does not exist."));
            input.Choices.ShouldAllBe(choice => choice.Name != "Hidden Hand");
            input.Text.ShouldContain(authors["Ada"]);
        }
        // The policy also checks the new state: a book without a readable translator cannot be changed.
        var refused = await UpdateAsync(
            book,
            [("title", "After"), .. Links([authors["Ada"]], authors["Ada"], authors["Anonymous"])]
        );
        refused.Form!.Error.ShouldBe("You are not allowed to save these changes.");
        refused
            .Form.Inputs.Single(input => input.Field.Name == "translators")
            .IsChosen(new(authors["Anonymous"], ""))
            .ShouldBeTrue();
        (await StateAsync(book)).ShouldBe("Before: Ada");
        (await HistoryAsync(book)).ShouldBeEmpty();
        var (sealed_, _) = await BookAsync("Sealed", "Anonymous");
        (await UpdateAsync(sealed_, Links([authors["Anonymous"]]))).Outcome.ShouldBe(Outcome.Forbidden);
        // A relation that the policy forbids has no field.
        await using var open = library.Open("authors");
        (await open.Rows.UpdateAsync(authors["Ada"], Form(("translated[]", book)))).Outcome.ShouldBe(
            Outcome.UnknownField
        );
        await using var nobody = library.Open("books", library.Root with { IsAdmin = false });
        (await nobody.Rows.UpdateAsync(book, Form(Links([authors["Ada"]])))).Outcome.ShouldBe(Outcome.NotFound);
        (await StateAsync(sealed_), await StateAsync(book)).ShouldBe(("Sealed: Anonymous", "Before: Ada"));
    }

    [Fact]
    public async Task Link_conflict_merges_both_changes()
    {
        var (book, authors) = await BookAsync("Both", "Ada", "ada");
        string[] seen = [authors["Ada"], authors["ada"]];
        (await UpdateAsync(book, Links(seen, authors["ada"], authors[Script]))).Outcome.ShouldBe(Outcome.Done);
        // The user added Grace and left the rest.
        var saved = await UpdateAsync(book, Links(seen, [.. seen, authors["Grace %_\\"]]));
        (saved.Outcome, saved.Form!.HasConflict).ShouldBe((Outcome.Redisplay, true));
        (await StateAsync(book)).ShouldBe($"Both: {Script}, ada");
        var input = saved.Form.Inputs.Single(input => input.Field.Name == "translators");
        input.ConcurrentValue.ShouldBe($"{Script}, ada");
        input.Choices.Where(input.IsChosen).Select(choice => choice.Name).ShouldBe([Script, "ada", "Grace %_\\"]);
        // The returned form saves; unchanged fields cause no conflict.
        (await UpdateAsync(book, ("_seen.translators", input.Seen), ("translators[]", input.Text))).Outcome.ShouldBe(
            Outcome.Done
        );
        (await StateAsync(book)).ShouldBe($"Both: {Script}, Grace %_\\, ada");
        var again = await UpdateAsync(book, [("title", "Mine"), .. Links(seen, seen)]);
        again
            .Form!.Inputs.Single(input => input.Field.Name == "translators")
            .Choices.Count(choice =>
                again.Form.Inputs.Single(input => input.Field.Name == "translators").IsChosen(choice)
            )
            .ShouldBe(3);
    }

    [Fact]
    public async Task Links_beyond_the_form_limit_stay_unchanged()
    {
        var (book, _) = await BookAsync("Many");
        await library.Database.ExecuteAsync(
            $"""
            INSERT INTO library.tags (name) SELECT 'Many ' || number FROM generate_series(1, 150) AS number;
            INSERT INTO library.book_tag (books_id, tags_id) SELECT '{book}', id FROM library.tags
                WHERE name LIKE 'Many %' ORDER BY id;
            INSERT INTO library.tags (name) VALUES ('One more');
            """
        );
        FormInput input;
        await using (var open = library.Open("books"))
            input = (await open.Rows.EditAsync(book, Cancellation))!.Inputs.Single(input => input.Field.Name == "tags");
        var keys = input.Seen.Split('\n');
        (keys.Length, input.HasMore).ShouldBe((LinkedRows.MaxShown, true));
        // "Save as new" would copy only the shown links.
        await using (var open = library.Open("books"))
            foreach (var (key, isOffered) in new[] { (book, false), ((await BookAsync("Few")).Book, true) })
                (await open.Rows.EditAsync(key, Cancellation))!.CanSaveAsNew.ShouldBe(isOffered);
        var (more, rest) = (
            (await library.Database.ExecuteAsync("SELECT id FROM library.tags WHERE name = 'One more'"))!.ToString()!,
            (long)
                (
                    await library.Database.ExecuteAsync(
                        $"SELECT count(*) FROM library.book_tag WHERE books_id = '{book}'"
                    )
                )!
        );
        (
            await UpdateAsync(book, ("_seen.tags", input.Seen), ("tags[]", string.Join('\n', keys[1..].Append(more))))
        ).Outcome.ShouldBe(Outcome.Done);
        (
            (long)
                (
                    await library.Database.ExecuteAsync(
                        $"SELECT count(*) FROM library.book_tag WHERE books_id = '{book}'"
                    )
                )!
        ).ShouldBe(rest);
        (
            await library.Database.ExecuteAsync(
                $"""
                SELECT string_agg(tags_id::text, ' ') FROM library.book_tag
                    WHERE books_id = '{book}' AND tags_id IN ({keys[0]}, {more})
                """
            )
        ).ShouldBe(more);
        // A shown link that was removed concurrently is detected.
        await library.Database.ExecuteAsync(
            $"DELETE FROM library.book_tag WHERE books_id = '{book}' AND tags_id = {keys[5]}"
        );
        (
            await UpdateAsync(
                book,
                ("_seen.tags", string.Join('\n', keys[1..])),
                ("tags[]", string.Join('\n', keys[2..]))
            )
        ).Form!.HasConflict.ShouldBeTrue();
        await library.Database.ExecuteAsync("DELETE FROM library.tags WHERE name LIKE 'Many %' OR name = 'One more'");
    }

    [Fact]
    public async Task Multi_picker_without_scripts_shows_selected_previous_and_matches()
    {
        var (book, authors) = await BookAsync("Picked", "Ada");
        var saved = await UpdateAsync(
            book,
            [.. Links([authors["Ada"]], authors["ada"]), ("_search.translators", "grace"), ("_find", "translators")]
        );
        (saved.Outcome, saved.Form!.HasErrors).ShouldBe((Outcome.Redisplay, false));
        var input = saved.Form.Inputs.Single(input => input.Field.Name == "translators");
        input
            .Choices.Select(choice => (choice.Name, input.IsChosen(choice)))
            .ShouldBe([("Ada", false), ("ada", true), ("Grace %_\\", false)], ignoreOrder: true);
        input.Search.ShouldBe("grace");
        (await StateAsync(book)).ShouldBe("Picked: Ada");
    }

    [Fact]
    public async Task Links_to_a_large_table_use_its_search_and_warn()
    {
        var (book, _) = await BookAsync("Large", "Grace %_\\", "Hidden Hand");
        await library.Database.ExecuteAsync(
            """
            INSERT INTO library.authors (id, name, is_hidden)
                SELECT gen_random_uuid(), 'Crowd ' || number, false
                FROM generate_series(1, 1001) AS number
            """
        );
        var site = new AdminSite(
            [new LargeBooks(), new LargeAuthors()],
            library.Services.GetRequiredService<IAuditLog>(),
            library.Services
        );
        await using var scope = library.Services.CreateAsyncScope();
        foreach (
            var (search, found, left) in new[] { ("large grace", 1, 0), ("large hidden", 0, 0), ("large crowd", 0, 1) }
        )
        {
            var page = await site.Find("books")!
                .Open(
                    new AdminRequest(
                        site,
                        scope.ServiceProvider.GetRequiredService<DbContext>(),
                        library.Root,
                        TimeProvider.System
                    )
                )
                .ListAsync(new ListState { Search = search }, Cancellation);
            page.Rows.Select(row => row.Key).ShouldBe(found == 1 ? [book] : [], search);
            page.SearchWarnings.Count.ShouldBe(left, search);
        }
        await library.Database.ExecuteAsync("DELETE FROM library.authors WHERE name LIKE 'Crowd %'");
    }

    [Fact]
    public async Task Row_with_a_generated_key_is_linked_atomically()
    {
        var (book, _) = await BookAsync("Tagged");
        await using var db = library.Connect();
        var restricted = (await db.Books.FirstAsync(one => one.IsRestricted, Cancellation)).Id.ToString();
        var site = new AdminSite(
            [new WrittenTags(), new BookAdmin()],
            library.Services.GetRequiredService<IAuditLog>(),
            library.Services
        );
        foreach (
            var (books, outcome) in new[] { (new[] { book, restricted }, Outcome.Redisplay), ([book], Outcome.Done) }
        )
        {
            await using var scope = library.Services.CreateAsyncScope();
            var rows = site.Find("tags")!
                .Open(
                    new AdminRequest(
                        site,
                        scope.ServiceProvider.GetRequiredService<DbContext>(),
                        library.Root,
                        TimeProvider.System
                    )
                );
            (
                await rows.CreateAsync(Form([("name", "Fresh"), .. books.Select(key => ("books[]", key))]))
            ).Outcome.ShouldBe(outcome);
        }
        (
            await db
                .Tags.Where(tag => tag.Name == "Fresh")
                .Select(tag => string.Join(",", tag.Books.Select(one => one.Title)))
                .ToListAsync(Cancellation)
        ).ShouldBe(["Tagged"]);
        await db.Tags.Where(tag => tag.Name == "Fresh").ExecuteDeleteAsync(Cancellation);
    }

    [Fact]
    public async Task Delete_of_a_linked_row_removes_only_the_links()
    {
        await using var db = library.Connect();
        var author = new Author { Name = "Short-lived" };
        author.Translated.AddRange(await db.Books.Where(book => !book.IsRestricted).Take(2).ToListAsync(Cancellation));
        author.Translated.AddRange(await db.Books.Where(book => book.IsRestricted).Take(2).ToListAsync(Cancellation));
        db.Add(author);
        await db.SaveChangesAsync(Cancellation);
        await using var open = library.Open("authors");
        (await open.Rows.ConsequencesAsync(author.Id.ToString(), Cancellation))!
            .Select(along => (along.Title, along.Count?.Rows, along.Effect))
            .ShouldBe([("Books (by their translators)", 2, "kept, but the reference is removed")]);
        var books = await db.Books.CountAsync(Cancellation);
        (await open.Rows.DeleteAsync(author.Id.ToString())).ShouldBe((true, null));
        (await db.Books.CountAsync(Cancellation)).ShouldBe(books);
    }

    [Fact]
    public async Task Link_pages_without_scripts_encode_names_and_save()
    {
        var (book, authors) = await BookAsync("By hand", Script);
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var edit = await LibrarySiteTests.ReadAsync(root, $"/books/{book}/edit");
        edit.ShouldContain(
            $"""<input type="checkbox" name="translators[]" value="{authors[Script]}" checked="checked"> """
                + "&lt;script&gt;alert(1)&lt;/script&gt;"
        );
        using var saved = await LibrarySiteTests.PostAsync(
            root,
            $"/books/{book}/edit",
            $"/books/{book}/edit",
            ("_seen.translators", authors[Script]),
            ("translators[]", ""),
            ("translators[]", authors["Ada"]),
            ("translators[]", authors[Script])
        );
        saved.StatusCode.ShouldBe(System.Net.HttpStatusCode.SeeOther);
        foreach (var path in new[] { $"/books/{book}", "/books?q=By+hand", $"/books/{book}/history" })
        {
            var page = await LibrarySiteTests.ReadAsync(root, path);
            if (!path.EndsWith("history", StringComparison.Ordinal))
                page.ShouldContain(
                    $"""<a href="/authors/{authors[Script]}">&lt;script&gt;alert(1)&lt;/script&gt;</a>""",
                    Case.Sensitive,
                    path
                );
            else
                page.ShouldContain("<ins>Ada</ins>");
            page.ShouldNotContain("<script>alert");
        }
        (await StateAsync(book)).ShouldBe($"By hand: {Script}, Ada");
        root.Dispose();
    }

    [Fact]
    public async Task Form_with_too_many_keys_is_refused()
    {
        var (book, _) = await BookAsync("Flooded");
        await using var open = library.Open("books");
        // One row per line, and one name per row.
        var shelf = string.Join('\n', Enumerable.Range(0, 100_000).Select(number => $"a,{number}"));
        foreach (var find in new[] { true, false })
        {
            var made = await open.Rows.CreateAsync(
                Form([
                    ("title", "Flooded too"),
                    ("shelf", shelf),
                    .. find ? [("_find", "shelf")] : Array.Empty<(string, string)>(),
                ])
            );
            made.Outcome.ShouldBe(Outcome.Redisplay);
            made.Form!.Inputs.Single(input => input.Field.Name == "shelf")
                .Choices.Count.ShouldBeInRange(1, RowLookup.MaxPicked + 1);
        }
        var keys = Enumerable.Range(0, 100_000).Select(_ => Guid.NewGuid().ToString()).ToArray();
        foreach (var name in new[] { "translators[]", "translators" })
        {
            var saved = await open.Rows.UpdateAsync(
                book,
                Form(("_seen.translators", string.Join('\n', keys)), (name, string.Join('\n', keys)))
            );
            saved.Outcome.ShouldBe(Outcome.Redisplay);
            saved.Form!.Inputs.Single(input => input.Field.Name == "translators").Choices.Count.ShouldBeLessThan(1000);
            var created = (
                await open.Rows.CreateAsync(Form(("title", "Flooded too"), (name, string.Join('\n', keys))))
            ).Form!.Inputs.Single(input => input.Field.Name == "translators");
            created.Error.ShouldBe("Select at most 200 rows.");
            created.Choices.Count.ShouldBeLessThan(1000);
        }
    }

    [Fact]
    public async Task Search_of_cyclic_relations_follows_one_level()
    {
        var (book, authors) = await BookAsync("Circle", "Grace %_\\");
        await using (var db = library.Connect())
            await db
                .Authors.Where(author => author.Name == "ada")
                .ExecuteUpdateAsync(
                    set => set.SetProperty(author => author.MentorId, Guid.Parse(authors["Ada"])),
                    Cancellation
                );
        var site = new AdminSite(
            [new LargeBooks(), new CircularAuthors()],
            library.Services.GetRequiredService<IAuditLog>(),
            library.Services
        );
        foreach (
            var (slug, search, found) in new[]
            {
                ("books", "circle grace", new[] { book }),
                ("authors", "circle", [authors["Grace %_\\"]]),
                ("authors", "ada", [authors["Ada"], authors["ada"]]),
            }
        )
        {
            await using var scope = library.Services.CreateAsyncScope();
            var page = await site.Find(slug)!
                .Open(
                    new AdminRequest(
                        site,
                        scope.ServiceProvider.GetRequiredService<DbContext>(),
                        library.Root,
                        TimeProvider.System
                    )
                )
                .ListAsync(new ListState { Search = search }, Cancellation);
            page.Rows.Select(row => row.Key).ShouldBe(found, ignoreOrder: true, search);
        }
    }

    [Fact]
    public async Task Link_columns_share_their_limit()
    {
        var (book, _) = await BookAsync("Crossed", "Ada", "ada");
        await library.Database.ExecuteAsync(
            $"""
            INSERT INTO library.tags (name) SELECT 'Crossed ' || number FROM generate_series(1, 40) AS number;
            INSERT INTO library.book_tag (books_id, tags_id) SELECT '{book}', id FROM library.tags
                WHERE name LIKE 'Crossed %';
            """
        );
        var site = new AdminSite(
            [new BooksByBoth(), new AuthorAdmin(), new TagAdmin()],
            library.Services.GetRequiredService<IAuditLog>(),
            library.Services
        );
        await using var scope = library.Services.CreateAsyncScope();
        var rows = site.Find("books")!
            .Open(
                new AdminRequest(
                    site,
                    scope.ServiceProvider.GetRequiredService<DbContext>(),
                    library.Root,
                    TimeProvider.System
                )
            );
        foreach (
            var (columns, onPage, inFile) in new (IReadOnlyList<string>?, int, int)[]
            {
                (null, 7, 31),
                (["title", "tags"], 10, 40),
            }
        )
        {
            var state = new ListState { Search = "Crossed", Columns = columns };
            var shown = (await rows.ListAsync(state, Cancellation)).Rows.ShouldHaveSingleItem().Cells[^1].Rows;
            (shown.Count, shown[^1].Text).ShouldBe((onPage + 1, "…"));
            await foreach (var row in rows.StreamAsync(state, Cancellation))
                ((List<string>)row[^1]!).Count(name => name != "…").ShouldBe(inFile);
        }
        (await rows.FindAsync(book, Cancellation))!
            .Facts.Single(fact => fact.Title == "Tags")
            .Rows.Count.ShouldBe(Cells.MaxLinked + 1);
        await library.Database.ExecuteAsync("DELETE FROM library.tags WHERE name LIKE 'Crossed %'");
    }

    [Fact]
    public async Task Links_by_text_keys_are_named_in_history_and_deletion()
    {
        string[] keys = ["a.b", "é", "~41"];
        await using (var open = library.Open("books"))
        {
            await using var making = library.Services.CreateAsyncScope();
            var db = making.ServiceProvider.GetRequiredService<DbContext>();
            var stamp = new Stamp { Ink = "Red" };
            stamp.Marks.AddRange(
                keys.Select(
                    (key, number) =>
                        new Mark
                        {
                            Id = key,
                            Number = number,
                            Name = $"Mark {number}",
                        }
                )
            );
            db.Add(stamp);
            await db.SaveChangesAsync(Cancellation);
        }
        // The model does not allow the audit entry to name them.
        (
            await library.Database.ExecuteAsync(
                "SELECT details->>'marks' FROM audit.entries WHERE action = 'stamp.created'"
            )
        ).ShouldBe("{}");
        await library.Database.ExecuteAsync(
            "INSERT INTO audit.entries (at, action, subject_type, subject_id, details) VALUES (now(), "
                + "'stamp.updated', 'stamp', 'old', '{\"marks\": {\"from\": [], \"to\": [\"a.b\", \"é\", \"~41\"]}}')"
        );
        var site = new AdminSite(
            [new Stamps(), new Marks()],
            library.Services.GetRequiredService<IAuditLog>(),
            library.Services
        );
        await using var scope = library.Services.CreateAsyncScope();
        var request = new AdminRequest(
            site,
            scope.ServiceProvider.GetRequiredService<DbContext>(),
            library.Root,
            TimeProvider.System
        );
        (await new RowHistory(request).ReadAsync(site.Find("stamps")!, "old", null, 50, Cancellation))
            .ShouldHaveSingleItem()
            .Changes.ShouldHaveSingleItem()
            .To.ShouldBe("Mark 0, Mark 1, Mark 2");
        // The number of unreadable stamps is not revealed.
        (await site.Find("marks")!.Open(request).ConsequencesAsync("a~2Eb", Cancellation))!
            .Select(along => (along.Title, along.Count, along.Effect))
            .ShouldContain(("Stamps", null, "prevents the deletion"));
    }

    sealed class CircularAuthors : AdminFor<Author>
    {
        public CircularAuthors()
            : base("Authors") =>
            List(author => author.Name)
                .Search(author => author.Name, author => author.Mentor!.Name, author => author.Translated)
                .UsingIndex("ix");
    }

    sealed class BooksByBoth : AdminFor<Book>
    {
        public BooksByBoth()
            : base("Books") =>
            List(book => book.Title, book => book.Translators, book => book.Tags)
                .Search(book => book.Title)
                .SmallTable();
    }

    sealed class Stamps : AdminFor<Stamp>
    {
        public Stamps()
            : base("Stamps") => List(stamp => stamp.Ink).SmallTable();
    }

    sealed class Marks : AdminFor<Mark>
    {
        public Marks()
            : base("Marks") => List(mark => mark.Name).Deletable().SmallTable();
    }

    sealed class WrittenTags : AdminFor<Tag>
    {
        public WrittenTags()
            : base("Tags") => List(tag => tag.Name).Edit(tag => tag.Name, tag => tag.Books).SmallTable();
    }

    sealed class LargeBooks : AdminFor<Book>
    {
        public LargeBooks()
            : base("Books") =>
            List(book => book.Title).Search(book => book.Title, book => book.Translators).UsingIndex("ix");
    }

    sealed class LargeAuthors : AdminFor<Author>
    {
        public LargeAuthors()
            : base("Authors") => List(author => author.Name).Search(author => author.Name).UsingIndex("ix");
    }

    static (string, string)[] Links(string[] seen, params string[] chosen) =>
        [("_seen.translators", string.Join('\n', seen)), ("translators[]", string.Join('\n', chosen))];

    static Posted Form(params (string Name, string Value)[] fields) =>
        Posted.Read(
            fields
                .GroupBy(field => field.Name)
                .Select(field => new KeyValuePair<string, StringValues>(
                    field.Key,
                    new([.. field.Select(one => one.Value)])
                ))
        );

    async Task<Saved> UpdateAsync(string key, params (string Name, string Value)[] fields)
    {
        await using var open = library.Open("books");
        return await open.Rows.UpdateAsync(key, Form(fields));
    }

    /// <summary>A book with translators, and all keys.</summary>
    async Task<(string Book, IReadOnlyDictionary<string, string> Authors)> BookAsync(
        string title,
        params string[] translators
    )
    {
        await using var db = library.Connect();
        var authors = await db.Authors.ToDictionaryAsync(author => author.Name, Cancellation);
        var book = new Book { Title = title, AuthorId = authors["Ada"].Id };
        book.Translators.AddRange(translators.Select(name => authors[name]));
        db.Add(book);
        await db.SaveChangesAsync(Cancellation);
        return (book.Id.ToString(), authors.ToDictionary(author => author.Key, author => author.Value.Id.ToString()));
    }

    async Task<string> StateAsync(string key)
    {
        await using var db = library.Connect();
        var book = await db
            .Books.Include(book => book.Translators)
            .SingleAsync(book => book.Id == Guid.Parse(key), Cancellation);
        return $"{book.Title}: "
            + string.Join(", ", book.Translators.Select(translator => translator.Name).Order(StringComparer.Ordinal));
    }

    async Task<IReadOnlyList<HistoryEntry>> HistoryAsync(string book)
    {
        await using var scope = library.Services.CreateAsyncScope();
        var request = new AdminRequest(
            library.Site,
            scope.ServiceProvider.GetRequiredService<DbContext>(),
            library.Root,
            TimeProvider.System
        );
        return await new RowHistory(request).ReadAsync(library.Site.Find("books")!, book, null, 50, Cancellation);
    }
}
