using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests;

/// <summary>
/// Everything that the product's pages offer works with the site's own database role, and is audited.
/// </summary>
public sealed partial class OfferTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    /// <summary>The fields that create a row in each list that offers it.</summary>
    static readonly Dictionary<string, (string Name, string Text)[]> Filled = new()
    {
        ["notes"] = [("title", "By hand"), ("body", "")],
    };

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task New_and_import_work_exactly_where_offered()
    {
        var (_, _, root) = await admin.SignInAsync(isAdmin: true);
        var offered = new List<string>();
        await using var services = ListTests.SiteOf(admin.Database.ConnectionStringOf("admin"));
        foreach (var registration in services.GetRequiredService<AdminSite>().Registrations)
        {
            var slug = registration.Slug;
            var list = await ReadAsync(root, $"/{slug}");
            var (canMake, canImport) = (list.Contains($"/{slug}/-/new"), list.Contains($"/{slug}/-/import"));
            canImport.ShouldBe(canMake, slug);
            if (!canMake)
            {
                foreach (var page in new[] { "new", "import" })
                    (await root.GetAsync($"/{slug}/-/{page}", ("Accept", "text/html"))).StatusCode.ShouldBe(
                        HttpStatusCode.NotFound,
                        slug
                    );
                continue;
            }
            offered.Add(slug);
            using var made = await PostAsync(root, $"/{slug}/-/new", $"/{slug}/-/new", Filled[slug]);
            made.StatusCode.ShouldBe(
                HttpStatusCode.SeeOther,
                $"{slug}: {await made.Content.ReadAsStringAsync(Cancellation)}"
            );
            var file =
                $"{string.Join(',', Filled[slug].Select(field => field.Name))}\r\n"
                + $"{string.Join(',', Filled[slug].Select(field => field.Text))}\r\n";
            using var imported = await PostAsync(
                root,
                $"/{slug}/-/import",
                $"/{slug}/-/import",
                ("data", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(file))),
                ("sure", "yes")
            );
            imported.StatusCode.ShouldBe(
                HttpStatusCode.SeeOther,
                $"{slug}: {await imported.Content.ReadAsStringAsync(Cancellation)}"
            );
        }
        offered.ShouldBe(["notes"]);
        root.Dispose();
    }

    [Fact]
    public async Task Share_creation_without_address_field_is_not_offered()
    {
        var (user, _, root) = await admin.SignInAsync(isAdmin: true);
        await admin.Database.ExecuteAsync($"UPDATE app.users SET email_verified = true WHERE id = '{user.Id}'");
        var note = await AddNoteAsync(user.Id);
        await Wait.UntilAsync(
            async () => (await ReadAsync(root, $"/notes/{note.Id}")).Contains("Delete…"),
            TimeSpan.FromSeconds(3)
        );
        (await ReadAsync(root, $"/notes/{note.Id}")).ShouldNotContain("/shares/-/new");
        root.Dispose();
    }

    [Fact]
    public async Task Shares_are_editable_only_in_own_notes()
    {
        var (user, _, root) = await admin.SignInAsync(isAdmin: true);
        await using var db = admin.Database.Connect();
        var (own, other) = (await AddNoteAsync(user.Id), await AddNoteAsync(await UserAsync()));
        NoteShare Share(Note note, string address, bool canEdit = false) =>
            new()
            {
                NoteId = note.Id,
                Address = address,
                CanEdit = canEdit,
                CreatedAt = DateTimeOffset.UtcNow,
            };
        var shares = new[]
        {
            Share(own, "one@example.com"),
            Share(own, "two@example.com"),
            Share(other, user.Email, canEdit: true),
            Share(other, "three@example.com"),
        };
        db.NoteShares.AddRange(shares);
        await db.SaveChangesAsync(Cancellation);
        await admin.Database.ExecuteAsync(
            $"UPDATE app.note_shares SET user_id = '{user.Id}' WHERE address = '{user.Email}'"
        );
        string Field(NoteShare share) => $"shares:{share.Id}:canEdit";

        var form = await ReadAsync(root, $"/notes/{own.Id}/edit");
        foreach (var share in shares[..2])
            form.ShouldContain($"name=\"{Field(share)}\"");
        form.ShouldNotContain("Add a share");
        // The shares also have their own list, filtered by the note's key in the URL.
        (await ReadAsync(root, $"/notes/{own.Id}")).ShouldContain($"href=\"/shares?f.noteId.is={own.Id}\"");
        var list = WebUtility.HtmlDecode(await ReadAsync(root, $"/shares?f.noteId.is={own.Id}"));
        list.ShouldContain($"Remove the filter Note id: {own.Title}\"");
        list.ShouldContain("one@example.com");
        list.ShouldNotContain("three@example.com");
        using var saved = await PostAsync(
            root,
            $"/notes/{own.Id}/edit",
            $"/notes/{own.Id}/edit",
            ("title", "Renamed"),
            (Field(shares[0]), "true"),
            ($"_seen.{Field(shares[0])}", "false"),
            ($"_remove.shares:{shares[1].Id}", "true")
        );
        saved.StatusCode.ShouldBe(HttpStatusCode.SeeOther, await saved.Content.ReadAsStringAsync(Cancellation));
        (
            await admin.Database.ExecuteAsync(
                $"SELECT string_agg(address || ' ' || can_edit, ', ') FROM app.note_shares WHERE note_id = '{own.Id}'"
            )
        ).ShouldBe("one@example.com true");
        (
            await admin.Database.ExecuteAsync(
                $"""
                SELECT string_agg(action, ' ' ORDER BY id) FROM audit.entries
                    WHERE user_id = '{user.Id}' AND subject_type IN ('note', 'note-share')
                """
            )
        ).ShouldBe("note.updated note-share.deleted note-share.updated");

        // A user who may edit a shared note may change its text, but not its shares.
        var theirs = await ReadAsync(root, $"/notes/{other.Id}/edit");
        theirs.ShouldContain("three@example.com");
        theirs.ShouldNotContain(Field(shares[3]));
        (
            await PostAsync(
                root,
                $"/notes/{other.Id}/edit",
                $"/notes/{other.Id}/edit",
                (Field(shares[3]), "true"),
                ($"_seen.{Field(shares[3])}", "false")
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        root.Dispose();
    }

    [Fact]
    public async Task Users_are_renamed_in_the_list()
    {
        var (_, _, root) = await admin.SignInAsync(isAdmin: true);
        var (ada, grace) = (await UserAsync(), await UserAsync());
        using var saved = await PostAsync(
            root,
            "/users/-/edits",
            "/users/-/edits",
            ($"rows:{ada}:name", "Ada L."),
            ($"rows:{grace}:name", "")
        );
        saved.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await saved.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Enter a name.");
        (await admin.Database.ExecuteAsync($"SELECT name FROM app.users WHERE id = '{ada}'")).ShouldBe("Ada L.");
        (
            await admin.Database.ExecuteAsync(
                $"SELECT count(*) FROM audit.entries WHERE action = 'user.updated' AND subject_id = '{ada}'"
            )
        ).ShouldBe(1L);
        root.Dispose();
    }

    [Theory]
    [InlineData("\u200B", "Enter a name with at least one visible character.")]
    [InlineData("\u3164", "Enter a name with at least one visible character.")]
    [InlineData("Ada \u202Enimda", "changes the direction of text")]
    [InlineData("\u2066Ada", "changes the direction of text")]
    [InlineData("Ada\u0007", "Enter the name on one line.")]
    public async Task Users_get_no_name_that_deceives(string name, string error)
    {
        var (_, _, root) = await admin.SignInAsync(isAdmin: true);
        var ada = await UserAsync();

        using var saved = await PostAsync(root, $"/users/{ada}/edit", $"/users/{ada}/edit", ("name", name));

        saved.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await saved.Content.ReadAsStringAsync(Cancellation)).ShouldContain(error);
        root.Dispose();
    }

    [Fact]
    public async Task Action_that_no_rule_can_allow_is_not_offered()
    {
        // Deleting a note requires a verified email address.
        var (user, _, root) = await admin.SignInAsync(isAdmin: true);
        await AddNoteAsync(user.Id);
        var list = await ReadAsync(root, "/notes");
        list.ShouldContain("<option value=\"archive\">");
        list.ShouldNotContain("<option value=\"delete\">");
        root.Dispose();
    }

    [Fact]
    public async Task Action_that_does_not_apply_to_a_row_is_not_offered_and_checked_again_when_done()
    {
        var (user, _, root) = await admin.SignInAsync(isAdmin: true);
        var (open, archived) = (await AddNoteAsync(user.Id), await AddNoteAsync(user.Id));
        Task<object?> ArchiveAsync(Note note) =>
            admin.Database.ExecuteAsync(
                $"UPDATE app.notes SET archived_at = '2026-01-02 03:04Z' WHERE id = '{note.Id}'"
            );
        await ArchiveAsync(archived);
        foreach (var (note, action) in new[] { (open, "archive"), (archived, "unarchive") })
            Offered()
                .Matches(await ReadAsync(root, $"/notes/{note.Id}"))
                .Select(match => match.Groups["action"].Value)
                .ShouldBe([action]);

        (string, string)[] several =
        [
            ("action", "archive"),
            ("key", open.Id.ToString()),
            ("key", archived.Id.ToString()),
        ];
        using (var asked = await PostAsync(root, "/notes", "/notes/-/act", several))
        {
            var question = await asked.Content.ReadAsStringAsync(Cancellation);
            question.ShouldContain("Archive 1 notes?");
            question.ShouldContain($"<li><a href=\"/notes/{open.Id}\">");
            question.ShouldNotContain($"<li><a href=\"/notes/{archived.Id}\">");
            question.ShouldContain("1 selected row is skipped: already archived.");
            question.ShouldNotContain("you are not allowed to do this");
        }
        using (
            var asked = await PostAsync(
                root,
                "/notes",
                "/notes/-/act",
                ("action", "unarchive"),
                ("all", "yes"),
                ("from", $"?f.ownerId.is={user.Id}")
            )
        )
            (await asked.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
                "Rows that are not archived are skipped."
            );
        using (var done = await PostAsync(root, "/notes", "/notes/-/act", [.. several, ("sure", "yes")]))
            done.Headers.Location!.ToString().ShouldBe("/notes?done=done&count=1");
        (
            await admin.Database.ExecuteAsync(
                $"""
                SELECT count(*) FROM audit.entries
                    WHERE user_id = '{user.Id}' AND action = 'note.updated'
                    AND subject_id = '{archived.Id}'
                """
            )
        ).ShouldBe(0L);

        // A forbidden action is independent of the row's state.
        using (
            var others = await PostAsync(
                root,
                "/notes",
                "/notes/-/act",
                ("action", "archive"),
                ("key", Guid.NewGuid().ToString())
            )
        )
        {
            var answer = await others.Content.ReadAsStringAsync(Cancellation);
            answer.ShouldContain("You cannot do this to any of these rows.");
            answer.ShouldNotContain("already archived");
        }

        // A concurrent change.
        await ArchiveAsync(open);
        using (var late = await PostAsync(root, "/notes", "/notes/-/act", [.. several, ("sure", "yes")]))
        {
            late.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
            (await late.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
                "You cannot do this to any of these rows: rows that are already archived are skipped."
            );
        }
        (
            await admin.Database.ExecuteAsync(
                $"SELECT count(DISTINCT archived_at) FROM app.notes WHERE owner_id = '{user.Id}'"
            )
        ).ShouldBe(1L);
        root.Dispose();
    }

    [Fact]
    public async Task Ended_session_has_no_link_to_end_it()
    {
        var (_, session, root) = await admin.SignInAsync(isAdmin: true);
        var (_, ended, other) = await admin.SignInAsync(isAdmin: false);
        await admin.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Id}', 'test')");
        var list = await ReadAsync(root, "/sessions");
        foreach (var page in new[] { list, await ReadAsync(root, $"/sessions/{session.Id}") })
            page.ShouldContain($"/sessions/end/{session.Id}\"");
        list.ShouldContain($"/sessions/{ended.Id}\"");
        foreach (var page in new[] { list, await ReadAsync(root, $"/sessions/{ended.Id}") })
            page.ShouldNotContain($"/sessions/end/{ended.Id}\"");
        root.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task Write_without_database_grant_shows_an_error()
    {
        await using var services = ListTests.SiteOf(admin.Database.ConnectionStringOf("admin"));
        await using var db = admin.Database.ConnectAs("admin");
        var user = await UserAsync();
        db.NoteShares.Add(
            new NoteShare
            {
                NoteId = (await AddNoteAsync(user)).Id,
                Address = "grace@example.com",
                CanEdit = false,
                CreatedAt = DateTimeOffset.UtcNow,
            }
        );
        var refusal = await Should.ThrowAsync<DbUpdateException>(() => db.SaveChangesAsync(Cancellation));
        DatabaseErrors
            .Describe(refusal, db.Model.FindEntityType(typeof(NoteShare))!)
            .ShouldNotBeNull()
            .Sentence.ShouldStartWith("The admin site does not have permission to make this change");
    }

    [Fact]
    public async Task Note_deletion_does_not_mention_search_words()
    {
        await using var services = ListTests.SiteOf(admin.Database.ConnectionStringOf("admin"));
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        var user = await UserAsync();
        var note = await AddNoteAsync(user);
        var actor = new Actor(user, Guid.NewGuid(), IsAdmin: true, IsVerified: true);
        var rows = site.Find("notes")!
            .Open(new(site, scope.ServiceProvider.GetRequiredService<DbContext>(), actor, TimeProvider.System));
        (await rows.ConsequencesAsync(note.Id.ToString(), Cancellation)).ShouldNotBeNull().ShouldBeEmpty();
    }

    [Fact]
    public async Task Audit_of_an_impersonation_names_both_users()
    {
        var (user, session, root) = await admin.SignInAsync(isAdmin: true);
        var ada = await UserAsync();
        var note = await AddNoteAsync(ada);
        var acting = Guid.CreateVersion7();
        // The database derives the impersonator from the session.
        await admin.Database.ExecuteAsync(
            $"""
            UPDATE app.users SET email = 'ada@example.com' WHERE id = '{ada}';
            INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, methods,
                actor_id, actor_sid, device)
                VALUES ('{acting}', 'issuer', '{ada}', now(), 'epoch', now(), now() + interval '1 hour', ARRAY['pwd'],
                    '{user.Id}', '{session.Id}', 'An administrator, acting as you');
            INSERT INTO audit.entries (at, action, user_id, session_id, subject_type, subject_id)
                VALUES (now(), 'note.updated', '{ada}', '{acting}', 'note', '{note.Id}');
            """
        );
        var entry = await admin.Database.ExecuteAsync(
            $"SELECT id FROM audit.entries WHERE subject_id = '{note.Id}' AND acted_by = '{user.Id}'"
        );

        foreach (var path in new[] { $"/audit-entries?f.userId.is={ada}", $"/audit-entries/{entry}" })
        {
            var page = await ReadAsync(root, path);
            page.ShouldContain($"""<a href="/users/{ada}">ada@example.com</a>""", Case.Sensitive, path);
            page.ShouldContain($"""<a href="/users/{user.Id}">{user.Email}</a>""", Case.Sensitive, path);
        }
        foreach (var path in new[] { $"/notes/{note.Id}", $"/notes/{note.Id}/history" })
            (await ReadAsync(root, path)).ShouldMatch(
                $"""by\s+<a href="/users/{user.Id}">{user.Email}</a>\s+as\s+"""
                    + $"""<a href="/users/{ada}">ada@example.com</a>"""
            );
        (await ReadAsync(root, $"/sessions?f.userId.is={ada}")).ShouldContain(
            $"""<a href="/users/{user.Id}">{user.Email}</a>"""
        );
        // An impersonation session has no authentication or device of its own, only an impersonator.
        foreach (var path in new[] { $"/sessions?f.userId.is={ada}", $"/sessions/{acting}", $"/sessions/end/{acting}" })
        {
            var page = WebUtility.HtmlDecode(await ReadAsync(root, path));
            page.ShouldNotContain("1970");
            page.ShouldNotContain("acting as you");
            page.ShouldContain($"""<a href="/users/{user.Id}">{user.Email}</a>""", Case.Sensitive, path);
        }
        var acted = WebUtility.HtmlDecode(await ReadAsync(root, $"/sessions/{acting}"));
        foreach (var title in new[] { "Authenticated", "Methods", "Device" })
            acted.ShouldMatch($"<dt>{title}</dt>\\s*<dd class=\"text\">–</dd>");
        acted.ShouldContain("<dt>Impersonated by</dt>");
        WebUtility
            .HtmlDecode(await ReadAsync(root, $"/sessions/{session.Id}"))
            .ShouldMatch("<dt>Authenticated</dt>\\s*<dd class=\"text\">20");
        // A deleted user stays in the audit log as a key.
        var gone = Guid.NewGuid();
        await admin.Database.ExecuteAsync(
            $"INSERT INTO audit.entries (at, action, user_id) VALUES (now(), 'signed-out', '{gone}')"
        );
        var list = await ReadAsync(root, $"/audit-entries?f.userId.is={gone}");
        list.ShouldContain(gone.ToString());
        list.ShouldNotContain($"/users/{gone}");
        root.Dispose();
    }

    [Fact]
    public async Task Search_by_a_word_of_too_many_users_warns()
    {
        var (_, _, root) = await admin.SignInAsync(isAdmin: true);
        await admin.Database.ExecuteAsync(
            """
            INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                SELECT uuidv7(), 'crowd', number::text, 'crowd-' || number || '@example.com', true, 'Crowd',
                false, now() FROM generate_series(1, 1100) AS number
            """
        );
        foreach (var path in new[] { "/sessions?q=crowd", "/notes?q=crowd", "/search?q=crowd" })
            WebUtility
                .HtmlDecode(await ReadAsync(root, path))
                .ShouldContain("“crowd” matches more than 1,000 users, so", Case.Sensitive, path);
        foreach (var path in new[] { "/sessions?q=crowd-7", "/users?q=crowd", "/search?q=nobody" })
            WebUtility
                .HtmlDecode(await ReadAsync(root, path))
                .ShouldNotContain("matches more than", Case.Sensitive, path);
        using var picked = await root.GetAsync("/notes/-/pick?q=crowd");
        using var found = System.Text.Json.JsonDocument.Parse(await picked.Content.ReadAsStringAsync(Cancellation));
        found.RootElement.GetProperty("leftOut").GetString()!.ShouldContain("“crowd” matches more than 1,000 users");
        await admin.Database.ExecuteAsync("DELETE FROM app.users WHERE issuer = 'crowd'");
        root.Dispose();
    }

    async Task<Guid> UserAsync()
    {
        await using var db = admin.Database.Connect();
        return (await db.AddUserAsync($"ada-{Guid.NewGuid():N}")).Id;
    }

    async Task<Note> AddNoteAsync(Guid owner)
    {
        var note = new Note
        {
            OwnerId = owner,
            Title = "A note",
            Body = "",
            CreatedAt = DateTimeOffset.UtcNow,
            UpdatedAt = DateTimeOffset.UtcNow,
        };
        await using var db = admin.Database.Connect();
        db.Notes.Add(note);
        await db.SaveChangesAsync(Cancellation);
        return note;
    }

    static async Task<string> ReadAsync(Browser browser, string path)
    {
        using var answer = await browser.GetAsync(path, ("Accept", "text/html"));
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{path}: {text}");
        return text;
    }

    static async Task<HttpResponseMessage> PostAsync(
        Browser browser,
        string page,
        string path,
        params (string Name, string Text)[] fields
    )
    {
        var token = Token().Match(await ReadAsync(browser, page)).Groups["value"].Value;
        return await browser.SendAsync(
            HttpMethod.Post,
            path,
            new FormUrlEncodedContent(
                fields
                    .Append(("__RequestVerificationToken", token))
                    .Select(field => KeyValuePair.Create(field.Item1, field.Item2))
            ),
            ("Accept", "text/html")
        );
    }

    [GeneratedRegex(
        """name="action" value="(?<action>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Offered();

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
