using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Roles;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Data.Tests;

public class ModelTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Model_has_no_pending_changes()
    {
        using var db = new LightningDbFactory().CreateDbContext([]);
        db.Database.HasPendingModelChanges()
            .ShouldBeFalse("CONTRIBUTING.md says how to add a migration for what was changed");
    }

    [Fact]
    public async Task Three_concurrent_migrations_apply_once()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var applied = await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(_ =>
                    DatabaseMigration.ApplyAsync(database.ConnectionString, PostgresServer.Passwords, Cancellation)
                )
        );
        applied.Count(migrations => migrations.Count > 0).ShouldBe(1);
        applied.Count(migrations => migrations.Count == 0).ShouldBe(2);
    }

    [Theory]
    [InlineData("api", "SELECT * FROM identity.accounts")]
    [InlineData("api", "SELECT * FROM identity.signing_keys")]
    [InlineData("api", "SELECT * FROM identity.refresh_tokens")]
    [InlineData("api", "SELECT * FROM web.sessions")]
    [InlineData("api", "SELECT ip FROM identity.sessions")]
    [InlineData("api", "UPDATE app.users SET is_admin = true")]
    [InlineData("bff", "SELECT * FROM identity.accounts")]
    [InlineData("bff", "SELECT * FROM app.notes")]
    [InlineData("bff", "SELECT * FROM app.deleted_notes")]
    [InlineData("admin", "SELECT * FROM app.deleted_notes")]
    [InlineData("admin", "SELECT app.restore_note(gen_random_uuid())")]
    [InlineData("identity", "SELECT app.purge_deleted_notes(now(), 1)")]
    [InlineData("api", "SELECT * FROM app.deleted_note_shares")]
    [InlineData("api", "UPDATE app.deleted_notes SET deleted_at = now()")]
    [InlineData("api", "SELECT app.search_phrase('text', true)")]
    [InlineData("bff", "UPDATE identity.sessions SET ended_at = NULL")]
    [InlineData("bff", "SELECT identity.end_all('test')")]
    [InlineData("admin", "SELECT password_hash FROM identity.accounts")]
    [InlineData("admin", "SELECT security_stamp FROM identity.accounts")]
    [InlineData("admin", "SELECT * FROM identity.signing_keys")]
    [InlineData("identity", "UPDATE identity.sessions SET ended_at = NULL")]
    [InlineData("identity", "SELECT * FROM web.sessions")]
    [InlineData("identity", "UPDATE audit.entries SET action = 'other'")]
    [InlineData("admin", "DELETE FROM audit.entries")]
    [InlineData("identity", "DELETE FROM audit.entries")]
    [InlineData("api", "SELECT * FROM audit.entries")]
    [InlineData("bff", "SELECT audit.forget('refreshed', now(), 1)")]
    [InlineData("admin", "SELECT audit.forget('refreshed', now(), 1)")]
    [InlineData("api", "SELECT identity.request_password_reset(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("bff", "SELECT identity.request_password_reset(gen_random_uuid(), gen_random_uuid())")]
    [InlineData(
        "admin",
        """
            INSERT INTO identity.outbox (id, kind, payload, due_at, attempts)
                VALUES (gen_random_uuid(), 'password-reset', '', now(), 0)
            """
    )]
    [InlineData("bff", "SELECT identity.disable_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("api", "SELECT identity.enable_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("api", "SELECT identity.remove_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("identity", "SELECT identity.remove_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("admin", "SELECT identity.take_away(gen_random_uuid())")]
    [InlineData("api", "SELECT identity.take_away(gen_random_uuid())")]
    [InlineData("identity", "SELECT identity.reset_second_factor(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("bff", "SELECT identity.hand_over('', gen_random_uuid(), gen_random_uuid(), 'why', true)")]
    [InlineData("identity", "SELECT identity.hand_over('', gen_random_uuid(), gen_random_uuid(), 'why', true)")]
    [InlineData("admin", "SELECT identity.administrator_in(gen_random_uuid())")]
    [InlineData("admin", "UPDATE app.users SET disabled_at = now()")]
    [InlineData("admin", "SELECT * FROM identity.account_passkeys")]
    [InlineData("admin", "DELETE FROM identity.account_recovery_codes")]
    [InlineData("admin", "SELECT * FROM identity.handovers")]
    [InlineData("admin", "INSERT INTO identity.sessions (id) VALUES (gen_random_uuid())")]
    [InlineData("bff", "SELECT * FROM identity.handovers")]
    [InlineData("identity", "INSERT INTO identity.handovers (code_hash) VALUES ('')")]
    [InlineData("api", "INSERT INTO audit.entries (at, action, acted_by) VALUES (now(), 'test', gen_random_uuid())")]
    [InlineData("admin", "SELECT * FROM identity.account_links")]
    [InlineData("admin", "INSERT INTO identity.account_links (token_hash) VALUES ('')")]
    [InlineData("admin", "UPDATE identity.accounts SET password_hash = ''")]
    [InlineData("admin", "SELECT * FROM identity.attempts")]
    [InlineData("api", "INSERT INTO audit.entries (at, action, service) VALUES (now(), 'test', 'lightning_admin')")]
    [InlineData("identity", "SELECT * FROM app.notes")]
    public async Task Role_without_a_right_is_denied(string service, string sql)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.ConnectAs(service);
        var exception = await Should.ThrowAsync<PostgresException>(() =>
            db.Database.ExecuteSqlRawAsync(sql, Cancellation)
        );
        exception.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task Audit_entry_has_the_role_of_the_service_that_wrote_it()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using (var api = database.ConnectAs("api"))
        {
            api.AuditEntries.Add(
                new()
                {
                    At = DateTimeOffset.UtcNow,
                    Action = "note.updated",
                    Details = """{ "title": { "from": "a", "to": "b" } }""",
                }
            );
            await api.SaveChangesAsync(Cancellation);
        }
        await using var admin = database.ConnectAs("admin");
        (await admin.AuditEntries.SingleAsync(Cancellation)).Service.ShouldBe("lightning_api");
    }

    [Fact, Trait("Check", "O01")]
    public async Task Audit_log_deletes_only_old_refreshes_and_failed_sign_ins()
    {
        await using var database = await server.CreateDatabaseAsync();
        var now = DateTimeOffset.UtcNow;
        await using (var db = database.Connect())
        {
            foreach (var action in new[] { "refreshed", "sign-in-failed", "signed-in" })
            foreach (var hours in new[] { 1, 30, 100 })
                db.AuditEntries.Add(new() { At = now.AddHours(-hours), Action = action });
            await db.SaveChangesAsync(Cancellation);
        }
        await using var identity = database.ConnectAs("identity");
        async Task<int> ForgetAsync(string action, DateTimeOffset before, int most = 1000) =>
            (
                await identity
                    .Database.SqlQuery<int>($"""SELECT audit.forget({action}, {before}, {most}) AS "Value" """)
                    .ToListAsync(Cancellation)
            ).Single();
        (await ForgetAsync("signed-in", now)).ShouldBe(0);
        (await ForgetAsync("refreshed", now.AddHours(-50))).ShouldBe(1);
        // The last day always stays.
        (await ForgetAsync("refreshed", now.AddYears(1))).ShouldBe(1);
        (await ForgetAsync("sign-in-failed", now, most: 1)).ShouldBe(1);
        (
            await database.ExecuteAsync(
                """
                SELECT string_agg(action || ' ' || round(extract(epoch FROM now() - at) / 3600), ', '
                    ORDER BY action, at) FROM audit.entries
                """
            )
        ).ShouldBe("refreshed 1, sign-in-failed 30, sign-in-failed 1, signed-in 100, signed-in 30, signed-in 1");
    }

    [Fact, Trait("Check", "U13")]
    public async Task Password_reset_by_an_administrator_queues_one_request_without_a_link()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, ada) = (await db.AddUserAsync("root", isAdmin: true), await db.AddUserAsync("ada"));
        db.Accounts.Add(
            new()
            {
                Id = ada.Id,
                UserName = ada.Email,
                Email = ada.Email,
            }
        );
        await db.SaveChangesAsync(Cancellation);
        var (session, hers) = (await db.AddSessionAsync(root), await db.AddSessionAsync(ada));
        await using var admin = database.ConnectAs("admin");
        async Task<bool> AskAsync(Guid account, Guid askedIn) =>
            (
                await admin
                    .Database.SqlQuery<bool>(
                        $"""SELECT identity.request_password_reset({account}, {askedIn}) AS "Value" """
                    )
                    .ToListAsync(Cancellation)
            ).Single();
        (await AskAsync(ada.Id, hers.Id)).ShouldBeFalse("not an administrator");
        (await AskAsync(ada.Id, root.Id)).ShouldBeFalse("no session");
        (await AskAsync(Guid.NewGuid(), session.Id)).ShouldBeFalse("no account");
        (
            await Task.WhenAll(
                Enumerable
                    .Range(0, 8)
                    .Select(async _ =>
                    {
                        await using var another = database.ConnectAs("admin");
                        return (
                            await another
                                .Database.SqlQuery<bool>(
                                    $"""SELECT identity.request_password_reset({ada.Id}, {session.Id}) AS "Value" """
                                )
                                .ToListAsync(Cancellation)
                        ).Single();
                    })
            )
        ).Count(asked => asked).ShouldBe(1);
        var waiting = await db.Outbox.AsNoTracking().SingleAsync(Cancellation);
        (waiting.Kind, waiting.Recipient, waiting.Payload.Length).ShouldBe(("password-reset", ada.Id.ToString(), 0));
        await database.ExecuteAsync(
            $"DELETE FROM identity.outbox; UPDATE app.users SET disabled_at = now() WHERE id = '{root.Id}'"
        );
        (await AskAsync(ada.Id, session.Id)).ShouldBeFalse("disabled");
    }

    [Fact]
    public async Task Key_rings_of_two_services_are_hidden_from_each_other()
    {
        await using var database = await server.CreateDatabaseAsync();
        foreach (var service in new[] { "bff", "identity" })
        {
            await using var db = database.ConnectAs(service);
            db.DataProtectionKeys.Add(new() { FriendlyName = service, Xml = "<key/>" });
            await db.SaveChangesAsync(Cancellation);
        }
        await using var bff = database.ConnectAs("bff");
        (await bff.DataProtectionKeys.Select(key => key.FriendlyName).ToListAsync(Cancellation)).ShouldBe(["bff"]);
    }

    [Fact]
    [Trait("Check", "A16")]
    public async Task EndSession_twice_ends_once_and_revokes_refresh_tokens()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var session = await db.AddSessionAsync(await db.AddUserAsync("ada"));
        db.RefreshTokens.Add(
            new()
            {
                TokenHash = [1],
                Family = Guid.NewGuid(),
                ClientId = "lightning-bff",
                SessionId = session.Id,
                Scope = "openid",
                CreatedAt = session.CreatedAt,
                ExpiresAt = session.EndsAt,
                FamilyEndsAt = session.EndsAt,
            }
        );
        await db.SaveChangesAsync(Cancellation);

        var ends = $"SELECT identity.end_session('{session.Id}', 'signed-out')";
        (await database.ExecuteAsync(ends)).ShouldBe(true);
        (await database.ExecuteAsync(ends)).ShouldBe(false);

        (await db.RefreshTokens.AsNoTracking().SingleAsync(Cancellation)).RevokedAt.ShouldNotBeNull();
        var ended = await db.Sessions.AsNoTracking().SingleAsync(Cancellation);
        ended.EndedAt.ShouldNotBeNull();
        ended.EndReason.ShouldBe("signed-out");
    }

    [Fact]
    public async Task EndUserSessions_except_one_keeps_it_and_other_users_sessions()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (ada, bob) = (await db.AddUserAsync("ada"), await db.AddUserAsync("bob"));
        var (here, there, foreign) = (
            await db.AddSessionAsync(ada),
            await db.AddSessionAsync(ada),
            await db.AddSessionAsync(bob)
        );

        (
            await database.ExecuteAsync(
                $"SELECT identity.end_user_sessions('{ada.Id}', 'password-changed', '{here.Id}')"
            )
        ).ShouldBe(1);

        var alive = await db
            .Sessions.AsNoTracking()
            .Where(session => session.EndedAt == null)
            .Select(session => session.Id)
            .ToListAsync(Cancellation);
        alive.ShouldBe([here.Id, foreign.Id], ignoreOrder: true);
        alive.ShouldNotContain(there.Id);
    }

    [Fact]
    public async Task Note_scope_of_two_actors_is_one_parameterized_query()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var policy = new NotePolicy();
        string Sql(Guid user) =>
            db
                .Notes.Where(policy, new Actor(user, Guid.NewGuid(), false, true), Verb.Read)
                .ToQueryString()
                .Split("SELECT", 2)[1];
        Sql(Guid.NewGuid()).ShouldBe(Sql(Guid.NewGuid()));
        Sql(Guid.NewGuid()).ShouldContain("owner_id = @");
    }
}
