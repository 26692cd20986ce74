using System.Diagnostics;
using System.Net;
using Lightning.Testing;

namespace Lightning.Api.Tests;

public class SharingTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    [Fact]
    public async Task Recipient_can_read_a_note_and_edit_it_if_allowed()
    {
        var (ada, bob, eve) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("eve")
        );
        var note = await ada.WriteAsync("Ours");
        (await bob.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var share = await ada.ShareAsync(note, bob);

        var read = await bob.ReadAsync(note);
        read.GetProperty("isOwn").GetBoolean().ShouldBeFalse();
        read.GetProperty("can").GetProperty("update").GetBoolean().ShouldBeFalse();
        (await bob.TitlesAsync()).ShouldBe(["Ours"]);
        (await bob.TitlesAsync("?shared=true")).ShouldBe(["Ours"]);
        (await bob.TitlesAsync("?shared=false")).ShouldBeEmpty();
        (await ada.TitlesAsync("?shared=true")).ShouldBeEmpty();

        var refused = await bob.PutAsync(note, new { title = "Mine", body = "" });
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var problem = await refused.JsonAsync();
        problem.GetProperty("reason").GetString().ShouldBe("not-owner-or-member-or-editor");
        problem
            .GetProperty("detail")
            .GetString()
            .ShouldBe(
                "Update denied: not ((owner | member) & writer | editor & writer). owner: note belongs to another "
                    + "user. member: not a member of the organization. writer: holds. editor: no share for editing."
            );

        (await ada.PutAsync(share, new { canEdit = true })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await bob.PutAsync(note, new { title = "Bob's version", body = "" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        foreach (
            var (method, path) in new[]
            {
                ("DELETE", note),
                ("PUT", $"{note}/archived"),
                ("PUT", $"{note}/pinned"),
                ("POST", $"{note}/shares"),
            }
        )
            (
                await bob.CallAsync(new(method), path, method == "POST" ? new { address = "x@example.com" } : null, "*")
            ).StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
        (await eve.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        // Bob removes his share; Eve cannot even see it.
        (await eve.DeleteAsync(share)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await bob.DeleteAsync(share)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await bob.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Share_does_not_reveal_whether_the_account_exists()
    {
        await api.WaitForSessionCacheAsync();
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var (note, unknown) = (await ada.WriteAsync("Ours"), $"later-{Guid.NewGuid():N}@example.com");
        var responses = new List<string>();
        foreach (var address in new[] { bob.User.Email, unknown })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{note}/shares")
            {
                Content = System.Net.Http.Json.JsonContent.Create(new { address }),
            };
            var (response, statements) = await RequestStatements.HearAsync(
                ada.Client,
                request,
                TestContext.Current.CancellationToken
            );
            response.StatusCode.ShouldBe(HttpStatusCode.Created);
            var share = await response.JsonAsync();
            responses.Add(
                (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
                    .Replace(address, "")
                    .Replace(share.GetProperty("id").GetString()!, "")
                    .Replace(share.GetProperty("createdAt").GetString()!, "") + $"\n{string.Join('\n', statements)}"
            );
        }
        responses[0].ShouldBe(responses[1]);

        var before = await (await ada.GetAsync($"{note}/shares")).Content.ReadAsStringAsync(
            TestContext.Current.CancellationToken
        );
        await using (var db = api.Database.Connect())
        {
            var late = new Data.Users.User
            {
                Id = Guid.CreateVersion7(),
                Issuer = People.Issuer,
                Subject = Guid.NewGuid().ToString(),
                Email = unknown.ToUpperInvariant(),
                EmailVerified = false,
                CreatedAt = DateTimeOffset.UtcNow,
            };
            db.Users.Add(late);
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
            var person = new Person(late, await db.AddSessionAsync(late), null!);
            person = person with { Client = api.With(ApiUnderTest.Token(late, person.Session)) };
            (await person.GetAsync(note)).StatusCode.ShouldBe(
                HttpStatusCode.NotFound,
                "an unverified address claims no share"
            );
            late.EmailVerified = true;
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
            (await person.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        (
            await (await ada.GetAsync($"{note}/shares")).Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken
            )
        ).ShouldBe(before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Share_created_during_verification_is_claimed_only_with_the_lock(bool isBroken)
    {
        await using var own = new ApiUnderTest(api.Server);
        await own.InitializeAsync();
        var ada = await own.SignInAsync("ada");
        var note = Guid.Parse((await ada.WriteAsync("Ours"))[^36..]);
        if (isBroken)
            foreach (var function in new[] { "resolve_share", "claim_shares" })
                await own.Database.ExecuteAsync(
                    $"""
DO $do$ BEGIN
EXECUTE regexp_replace(pg_get_functiondef('app.{function}'::regproc), 'PERFORM pg_advisory_xact_lock[^;]*;', '');
END $do$
"""
                );
        // Both have written but not committed: without the lock neither sees the other.
        await using var giver = new Npgsql.NpgsqlConnection(own.Database.ConnectionString);
        await using var prover = new Npgsql.NpgsqlConnection(own.Database.ConnectionString);
        await giver.OpenAsync(TestContext.Current.CancellationToken);
        await prover.OpenAsync(TestContext.Current.CancellationToken);
        await using var giving = await giver.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var proving = await prover.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(
            giver,
            $"""
            INSERT INTO app.note_shares (id, note_id, address, can_edit, created_at)
                VALUES (gen_random_uuid(), '{note}', 'late@example.com', false, now())
            """
        );
        var proof = ExecuteAsync(
            prover,
            $"""
            INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                VALUES (gen_random_uuid(), '{People.Issuer}', 'late', 'late@example.com', true, '', false, now())
            """
        );
        if (isBroken)
            await proof;
        else
            await Wait.UntilAsync(async () =>
                (bool)
                    (
                        await own.Database.ExecuteAsync(
                            $"SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {prover.ProcessID} AND NOT granted)"
                        )
                    )!
            );
        await giving.CommitAsync(TestContext.Current.CancellationToken);
        await proof;
        await proving.CommitAsync(TestContext.Current.CancellationToken);
        (await own.Database.ExecuteAsync("SELECT count(*) FROM app.note_shares WHERE user_id IS NOT NULL")).ShouldBe(
            isBroken ? 0L : 1L
        );
    }

    /// <summary>
    /// However the owner types the address, its user sees the note, and the share names that address.
    /// </summary>
    [Theory]
    [InlineData("  {0}\r\n")]
    [InlineData("\u200B{0}\uFEFF")]
    [InlineData("Grace Hopper <{0}>")]
    [InlineData("\"Hopper, Grace\" <{0}>")]
    public async Task Share_by_a_pasted_address_reaches_its_user(string pasted)
    {
        var (ada, grace) = (await api.SignInAsync("ada"), await api.SignInAsync("grace"));
        var note = await ada.WriteAsync("For Grace");
        var address = string.Format(
            System.Globalization.CultureInfo.InvariantCulture,
            pasted,
            grace.User.Email.ToUpperInvariant()
        );

        var created = await ada.PostAsync($"{note}/shares", new { address });

        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await created.JsonAsync()).GetProperty("address").GetString().ShouldBe(grace.User.Email.ToLowerInvariant());
        (await grace.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Share_with_an_international_domain_reaches_its_user_in_every_spelling()
    {
        var ada = await api.SignInAsync("ada");
        await using var db = api.Database.Connect();
        var user = new Data.Users.User
        {
            Id = Guid.CreateVersion7(),
            Issuer = People.Issuer,
            Subject = Guid.NewGuid().ToString(),
            Email = "grace@xn--bcher-kva.example",
            EmailVerified = true,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        db.Users.Add(user);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        var session = await db.AddSessionAsync(user);
        var grace = new Person(user, session, api.With(ApiUnderTest.Token(user, session)));
        foreach (var domain in new[] { "bücher.example", "BÜCHER.example", "bu\u0308cher.example", "ｂücher.example" })
        {
            var note = await ada.WriteAsync("For Grace");

            var created = await ada.PostAsync($"{note}/shares", new { address = $"Grace@{domain}" });

            created.StatusCode.ShouldBe(HttpStatusCode.Created);
            (await grace.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.OK, domain);
        }
    }

    [Theory]
    [InlineData("nonsense", HttpStatusCode.BadRequest)]
    [InlineData("zoë@example.com", HttpStatusCode.BadRequest)]
    [InlineData("grace@exam ple.com", HttpStatusCode.BadRequest)]
    [InlineData("grace@example.com, ada@example.com", HttpStatusCode.BadRequest)]
    [InlineData("\u200B", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData(null, HttpStatusCode.BadRequest)]
    public async Task Share_with_an_invalid_address_is_400(string? address, HttpStatusCode expected)
    {
        var ada = await api.SignInAsync("ada");
        var response = await ada.PostAsync($"{await ada.WriteAsync("Mine")}/shares", new { address });
        response.StatusCode.ShouldBe(expected);
        (await response.JsonAsync()).GetProperty("errors").EnumerateObject().Single().Name.ShouldBe("address");
    }

    [Fact]
    public async Task Share_with_own_address_or_twice_is_rejected()
    {
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Mine");
        (
            await ada.PostAsync($"{note}/shares", new { address = ada.User.Email.ToUpperInvariant() })
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ada.PostAsync($"{note}/shares", new { address = "x@example.com" })).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        (await ada.PostAsync($"{note}/shares", new { address = "X@example.com" })).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
    }

    [Fact]
    public async Task Share_Twice_logs_no_error()
    {
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Mine");
        await ada.PostAsync($"{note}/shares", new { address = "x@example.com" });
        var trace = ActivityTraceId.CreateRandom();
        ada.Client.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");

        var response = await ada.PostAsync($"{note}/shares", new { address = "x@example.com" });

        response.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        api.Log.Of(trace).ShouldBeEmpty();
    }

    [Fact]
    public async Task Deleted_account_leaves_only_audit_entries()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var (adas, bobs) = (await ada.WriteAsync("Ada's secret words"), await bob.WriteAsync("Bob's"));
        await ada.ShareAsync(adas, bob, canEdit: true);
        await bob.ShareAsync(bobs, ada);
        (await bob.PutAsync(adas, new { title = "Ada's secret words, by Bob", body = "" })).EnsureSuccessStatusCode();
        (await ada.PostAsync("/api/v1/notes", new { title = "Keyed" }, "a-key")).EnsureSuccessStatusCode();
        var root = await api.SignInAsync("root", isAdmin: true);
        (await root.DeleteAsync($"/api/v1/users/{ada.User.Id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        // All tables, including future ones: key, session, address and text must be gone.
        var tables = (
            (string)
                (
                    await api.Database.ExecuteAsync(
                        """
                        SELECT string_agg(format('%I.%I', schemaname, tablename), ' ' ORDER BY 1) FROM pg_tables
                            WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
                        """
                    )
                )!
        ).Split(' ');
        tables.Length.ShouldBeGreaterThan(20);
        foreach (var trace in new[] { $"{ada.User.Id}", $"{ada.Session.Id}", ada.User.Email, "secret words" })
        foreach (var table in tables)
        {
            // The audit log keeps user, action and session, but no text and no address.
            if (table == "audit.entries" && Guid.TryParse(trace, out _))
                continue;
            (
                await api.Database.ExecuteAsync(
                    $"SELECT count(*) FROM {table} AS line WHERE line::text LIKE '%{trace}%'"
                )
            ).ShouldBe(0L, $"{trace} in {table}");
        }
        (
            await api.Database.ExecuteAsync(
                "SELECT count(*) FROM audit.entries WHERE details::text LIKE '%secret words%'"
            )
        ).ShouldBe(0L);
        (
            await api.Database.ExecuteAsync(
                $"SELECT count(*) FROM audit.entries WHERE user_id = '{ada.User.Id}' AND action = 'note.created'"
            )
        ).ShouldBe(2L);
        (
            await api.Database.ExecuteAsync(
                $"""
                SELECT count(*) FROM audit.entries
                    WHERE user_id = '{bob.User.Id}' AND action = 'note.created'
                    AND details IS NOT NULL
                """
            )
        ).ShouldBe(1L);
    }

    static async Task ExecuteAsync(Npgsql.NpgsqlConnection connection, string sql)
    {
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
