using Lightning.Data.Notes;
using Lightning.Data.Roles;
using Lightning.Data.Rules;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Data.Tests;

public class ModelTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Model_AgainstItsMigrations_HasNoPendingChange()
    {
        using var db = new LightningDbDesign().CreateDbContext([]);
        db.Database.HasPendingModelChanges().ShouldBeFalse("CONTRIBUTING.md says how to add a migration for what was changed");
    }

    [Fact]
    public async Task Sharing_TakenBackAndAppliedAgain_LeavesTheSameTablesPoliciesAndFunctions()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var migrations = db.Database.GetMigrations().ToList();
        var before = await InventoryAsync();
        await db.GetService<IMigrator>().MigrateAsync(migrations[migrations.FindIndex(name => name.EndsWith("_Sharing", StringComparison.Ordinal)) - 1], Cancellation);
        (await InventoryAsync()).ShouldNotContain("note_shares");
        await db.Database.MigrateAsync(Cancellation);
        (await InventoryAsync()).ShouldBe(before);

        async Task<string> InventoryAsync() => (string)(await database.ExecuteAsync("""
            SELECT string_agg(thing, E'\n' ORDER BY thing) FROM (
                SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns WHERE table_schema IN ('app', 'identity', 'web', 'audit')
                UNION ALL SELECT policyname || ' on ' || tablename || ' ' || cmd FROM pg_policies
                UNION ALL SELECT tgname || ' on ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal
                UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'app'::regnamespace
                UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'app') AS things (thing)
            """))!;
    }

    [Fact]
    public async Task Migrators_ThreeAtOnce_OneAppliesAndTheOthersFindNothing()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var applied = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ =>
            DatabaseMigration.ApplyAsync(database.ConnectionString, PostgresServer.Passwords, Cancellation)));
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
    [InlineData("admin", "INSERT INTO identity.outbox (id, kind, payload, due_at, attempts) VALUES (gen_random_uuid(), 'password-reset', '', now(), 0)")]
    [InlineData("bff", "SELECT identity.disable_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("api", "SELECT identity.enable_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("api", "SELECT identity.remove_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("identity", "SELECT identity.remove_user(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("admin", "SELECT identity.take_away(gen_random_uuid())")]
    [InlineData("api", "SELECT identity.take_away(gen_random_uuid())")]
    [InlineData("identity", "SELECT identity.reset_second_factor(gen_random_uuid(), gen_random_uuid())")]
    [InlineData("bff", "SELECT identity.hand_over('', gen_random_uuid(), gen_random_uuid(), 'why')")]
    [InlineData("identity", "SELECT identity.hand_over('', gen_random_uuid(), gen_random_uuid(), 'why')")]
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
    public async Task Role_BeyondItsNeeds_IsDenied(string service, string sql)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.ConnectAs(service);
        var fault = await Should.ThrowAsync<PostgresException>(() => db.Database.ExecuteSqlRawAsync(sql, Cancellation));
        fault.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task AuditEntry_WrittenByAService_BearsThatServicesRole()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using (var api = database.ConnectAs("api"))
        {
            api.AuditEntries.Add(new() { At = DateTimeOffset.UtcNow, Action = "note.updated", Details = """{ "title": { "from": "a", "to": "b" } }""" });
            await api.SaveChangesAsync(Cancellation);
        }
        await using var admin = database.ConnectAs("admin");
        (await admin.AuditEntries.SingleAsync(Cancellation)).Service.ShouldBe("lightning_api");
    }

    [Fact, Trait("Check", "O01")]
    public async Task Book_Forgets_RefreshesAndFailedSignInsThatAreOld_AndNothingElse()
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
            (await identity.Database.SqlQuery<int>($"""SELECT audit.forget({action}, {before}, {most}) AS "Value" """).ToListAsync(Cancellation)).Single();
        (await ForgetAsync("signed-in", now)).ShouldBe(0);
        (await ForgetAsync("refreshed", now.AddHours(-50))).ShouldBe(1);
        // Whatever is asked, the last day stays.
        (await ForgetAsync("refreshed", now.AddYears(1))).ShouldBe(1);
        (await ForgetAsync("sign-in-failed", now, most: 1)).ShouldBe(1);
        (await database.ExecuteAsync("SELECT string_agg(action || ' ' || round(extract(epoch FROM now() - at) / 3600), ', ' ORDER BY action, at) FROM audit.entries"))
            .ShouldBe("refreshed 1, sign-in-failed 30, sign-in-failed 1, signed-in 100, signed-in 30, signed-in 1");
    }

    [Fact, Trait("Check", "U13")]
    public async Task PasswordReset_AskedByAnAdministrator_IsOneRequestWithoutALink_AndByNobodyElse()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, ada) = (await db.AddUserAsync("root", isAdmin: true), await db.AddUserAsync("ada"));
        db.Accounts.Add(new() { Id = ada.Id, UserName = ada.Email, Email = ada.Email });
        await db.SaveChangesAsync(Cancellation);
        var (session, hers) = (await db.AddSessionAsync(root), await db.AddSessionAsync(ada));
        await using var admin = database.ConnectAs("admin");
        async Task<bool> AskAsync(Guid account, Guid askedIn) =>
            (await admin.Database.SqlQuery<bool>($"""SELECT identity.request_password_reset({account}, {askedIn}) AS "Value" """).ToListAsync(Cancellation)).Single();
        (await AskAsync(ada.Id, hers.Id)).ShouldBeFalse("no administrator");
        (await AskAsync(ada.Id, root.Id)).ShouldBeFalse("no session");
        (await AskAsync(Guid.NewGuid(), session.Id)).ShouldBeFalse("no account");
        (await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var another = database.ConnectAs("admin");
            return (await another.Database.SqlQuery<bool>($"""SELECT identity.request_password_reset({ada.Id}, {session.Id}) AS "Value" """).ToListAsync(Cancellation)).Single();
        }))).Count(asked => asked).ShouldBe(1);
        var waiting = await db.Outbox.AsNoTracking().SingleAsync(Cancellation);
        (waiting.Kind, waiting.Recipient, waiting.Payload.Length).ShouldBe(("password-reset", ada.Id.ToString(), 0));
        await database.ExecuteAsync($"DELETE FROM identity.outbox; UPDATE app.users SET disabled_at = now() WHERE id = '{root.Id}'");
        (await AskAsync(ada.Id, session.Id)).ShouldBeFalse("shut out");
    }

    [Fact]
    public async Task KeyRings_OfTwoServices_AreHiddenFromEachOther()
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
    public async Task EndSession_Twice_EndsItOnceAndRevokesItsRefreshTokens()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var session = await db.AddSessionAsync(await db.AddUserAsync("ada"));
        db.RefreshTokens.Add(new()
        {
            TokenHash = [1],
            Family = Guid.NewGuid(),
            ClientId = "lightning-bff",
            SessionId = session.Id,
            Scope = "openid",
            CreatedAt = session.CreatedAt,
            ExpiresAt = session.EndsAt,
            FamilyEndsAt = session.EndsAt,
        });
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
    public async Task EndUserSessions_ButOne_LeavesThatOneAndOtherPeoples()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (ada, bob) = (await db.AddUserAsync("ada"), await db.AddUserAsync("bob"));
        var (here, there, foreign) = (await db.AddSessionAsync(ada), await db.AddSessionAsync(ada), await db.AddSessionAsync(bob));

        (await database.ExecuteAsync($"SELECT identity.end_user_sessions('{ada.Id}', 'password-changed', '{here.Id}')")).ShouldBe(1);

        var alive = await db.Sessions.AsNoTracking().Where(session => session.EndedAt == null).Select(session => session.Id).ToListAsync(Cancellation);
        alive.ShouldBe([here.Id, foreign.Id], ignoreOrder: true);
        alive.ShouldNotContain(there.Id);
    }

    [Fact]
    public async Task NoteScope_OfTwoActors_IsOnePlanWithAParameter()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var policy = new NotePolicy();
        string Sql(Guid user) => db.Notes.Where(policy, new Actor(user, Guid.NewGuid(), false, true), Verb.Read).ToQueryString().Split("SELECT", 2)[1];
        Sql(Guid.NewGuid()).ShouldBe(Sql(Guid.NewGuid()));
        Sql(Guid.NewGuid()).ShouldContain("owner_id = @");
    }
}
