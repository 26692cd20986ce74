using Lightning.Data.Impersonation;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Accounts;

/// <summary>
/// The database functions with which the admin site's role changes accounts; they authorize on their own.
/// </summary>
public class AccountActTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Each function on an account, called in a session.</summary>
    static readonly (string Name, string Sql)[] Acts =
    [
        ("disable", "SELECT identity.disable_user($1, $2)"),
        ("enable", "SELECT identity.enable_user($1, $2)"),
        ("reset", "SELECT identity.reset_second_factor($1, $2)"),
        ("hand over", "SELECT identity.hand_over(sha256($1::text::bytea), $1, $2, 'why', false)"),
        ("ask for a password", "SELECT identity.request_password_reset($1, $2)"),
        ("remove", "SELECT identity.remove_user($1, $2)"),
    ];

    [Fact, Trait("Check", "L12")]
    public async Task Account_functions_require_an_administrators_recently_authenticated_session()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, other, ada, bob) = (
            await db.AddUserAsync("root", isAdmin: true),
            await db.AddUserAsync("other", isAdmin: true),
            await AddAccountAsync(db, "ada"),
            await db.AddUserAsync("bob")
        );
        var (good, stale, ended, over, his, shut) = (
            await db.AddSessionAsync(root),
            await db.AddSessionAsync(root),
            await db.AddSessionAsync(root),
            await db.AddSessionAsync(root, DateTimeOffset.UtcNow.AddSeconds(-1)),
            await db.AddSessionAsync(bob),
            await db.AddSessionAsync(other)
        );
        // The functions prevent impersonating an administrator; such a session has no rights all the same.
        var acting = await db.AddImpersonationSessionAsync(root, shut);
        await database.ExecuteAsync(
            $"""
            UPDATE identity.sessions SET auth_time = now() - interval '61 minutes' WHERE id = '{stale.Id}';
            UPDATE identity.sessions SET auth_time = now() WHERE id = '{acting.Id}';
            SELECT identity.end_session('{ended.Id}', 'test');
            UPDATE app.users SET disabled_at = now() WHERE id = '{other.Id}'
            """
        );
        foreach (var (name, sql) in Acts)
        {
            await database.ExecuteAsync(
                $"UPDATE app.users SET disabled_at = {(name == "enable" ? "now()" : "NULL")} WHERE id = '{ada.Id}'"
            );
            foreach (
                var (session, why) in new[]
                {
                    (stale.Id, "stale"),
                    (ended.Id, "ended"),
                    (over.Id, "over"),
                    (his.Id, "no administrator's"),
                    (shut.Id, "of one who is shut out"),
                    (acting.Id, "acting"),
                    (Guid.NewGuid(), "none"),
                }
            )
                (await DoAsync(database, sql, ada.Id, session)).ShouldBeFalse($"{name} in a session that is {why}");
            (await DoAsync(database, sql, root.Id, good.Id)).ShouldBeFalse($"{name} to oneself");
            (await DoAsync(database, sql, Guid.NewGuid(), good.Id)).ShouldBeFalse($"{name} to nobody");
            (await DoAsync(database, sql, ada.Id, good.Id)).ShouldBeTrue(name);
        }
    }

    [Fact, Trait("Check", "L12")]
    public async Task Disable_user_ends_every_session_once()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, ada) = (await db.AddUserAsync("root", isAdmin: true), await db.AddUserAsync("ada"));
        var session = await db.AddSessionAsync(root);
        await db.AddSessionAsync(ada);
        await db.AddSessionAsync(ada);
        (await DoAsync(database, Acts[0].Sql, ada.Id, session.Id)).ShouldBeTrue();
        (await DoAsync(database, Acts[0].Sql, ada.Id, session.Id)).ShouldBeFalse();
        (
            await db.Sessions.Where(one => one.UserId == ada.Id).Select(one => one.EndReason).ToListAsync(Cancellation)
        ).ShouldBe(["account-disabled", "account-disabled"]);
        (await DoAsync(database, Acts[1].Sql, ada.Id, session.Id)).ShouldBeTrue();
        (await database.ExecuteAsync($"SELECT disabled_at IS NULL FROM app.users WHERE id = '{ada.Id}'")).ShouldBe(
            true
        );
        (await db.Sessions.CountAsync(one => one.UserId == ada.Id && one.EndedAt == null, Cancellation)).ShouldBe(
            0,
            "what has ended stays ended"
        );
    }

    /// <summary>
    /// With the lock, one of two administrators who disable each other at once remains; without it, none does.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Administrators_disabling_each_other_at_once_leave_one(bool locks)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (one, two) = (await db.AddUserAsync("one", isAdmin: true), await db.AddUserAsync("two", isAdmin: true));
        var (mine, theirs) = (await db.AddSessionAsync(one), await db.AddSessionAsync(two));
        if (!locks)
        {
            var source = (string)
                (await database.ExecuteAsync("SELECT pg_get_functiondef('identity.disable_user'::regproc)"))!;
            await database.ExecuteAsync(
                source.Replace(
                    "PERFORM pg_advisory_xact_lock(hashtextextended('administrators', 0));",
                    "",
                    StringComparison.Ordinal
                )
            );
        }
        await using var first = new NpgsqlConnection(database.ConnectionStringOf("admin"));
        await using var second = new NpgsqlConnection(database.ConnectionStringOf("admin"));
        await first.OpenAsync(Cancellation);
        await second.OpenAsync(Cancellation);
        await using var transaction = await first.BeginTransactionAsync(Cancellation);
        (await DoAsync(first, Acts[0].Sql, two.Id, mine.Id)).ShouldBeTrue();
        var other = DoAsync(second, Acts[0].Sql, one.Id, theirs.Id);
        // Either it waits for the lock, or it has not seen the first write.
        if (locks)
            await Wait.UntilAsync(async () =>
                await database.ExecuteAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                    is > 0L
            );
        else
            await other;
        await transaction.CommitAsync(Cancellation);
        (await other).ShouldBe(!locks);
        (await database.ExecuteAsync("SELECT count(*) FROM app.users WHERE is_admin AND disabled_at IS NULL")).ShouldBe(
            locks ? 1L : 0L
        );
    }

    [Fact]
    public async Task Second_factor_reset_ends_sessions_notifies_Identity_and_keeps_the_password()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, ada) = (await db.AddUserAsync("root", isAdmin: true), await AddAccountAsync(db, "ada"));
        var (session, hers) = (await db.AddSessionAsync(root), await db.AddSessionAsync(ada));
        (await DoAsync(database, Acts[2].Sql, ada.Id, session.Id)).ShouldBeTrue();
        (
            await database.ExecuteAsync(
                $"""
                SELECT password_hash || two_factor_enabled || (totp_key IS NULL) || (totp_last_step IS NULL) ||
                    (security_stamp <> 'before') || (concurrency_stamp <> 'before') FROM identity.accounts
                    WHERE id = '{ada.Id}'
                """
            )
        ).ShouldBe("hashfalsetruetruetruetrue");
        (await db.RecoveryCodes.AnyAsync(Cancellation)).ShouldBeFalse();
        (await database.ExecuteAsync("SELECT count(*) FROM identity.account_passkeys")).ShouldBe(0L);
        (await db.Sessions.AsNoTracking().SingleAsync(one => one.Id == hers.Id, Cancellation)).EndReason.ShouldBe(
            "second-factor-reset"
        );
        var word = await db.Outbox.SingleAsync(Cancellation);
        (word.Kind, word.Recipient, word.Payload.Length).ShouldBe(("second-factor-reset", ada.Id.ToString(), 0));
        (await DoAsync(database, Acts[2].Sql, ada.Id, session.Id)).ShouldBeFalse("there is nothing left to take away");
    }

    public static TheoryData<string, string> Ends =>
        new()
        {
            { "SELECT identity.end_session('{admin}', 'signed-out')", "administrator-left" },
            { "SELECT identity.end_user_sessions('{root}', 'password-changed')", "administrator-left" },
            { "SELECT identity.end_all('emergency')", "emergency" },
            { "SELECT identity.end_session('{acting}', 'acting-stopped')", "acting-stopped" },
            { "SELECT identity.end_user_sessions('{ada}', 'password-changed')", "password-changed" },
            { "UPDATE app.users SET is_admin = false WHERE id = '{root}'", "right-lost" },
            { "UPDATE app.users SET disabled_at = now() WHERE id = '{root}'", "right-lost" },
            { "UPDATE app.users SET disabled_at = now() WHERE id = '{ada}'", "right-lost" },
            { "UPDATE app.users SET is_admin = true WHERE id = '{ada}'", "right-lost" },
            { "DELETE FROM identity.sessions WHERE id = '{admin}'", "gone" },
            { "DELETE FROM app.users WHERE id = '{root}'", "gone" },
        };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task Impersonation_ends_and_is_audited_when_a_precondition_is_lost(string cause, string reason)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, ada) = (await db.AddUserAsync("root", isAdmin: true), await db.AddUserAsync("ada"));
        var session = await db.AddSessionAsync(root);
        var acting = await db.AddImpersonationSessionAsync(ada, session);
        var bystander = await db.AddSessionAsync(await db.AddUserAsync("bob"));
        await using var listener = new NpgsqlConnection(database.ConnectionString);
        await listener.OpenAsync(Cancellation);
        var heard = new List<string>();
        listener.Notification += (_, told) => heard.Add(told.Payload);
        await using (var listen = new NpgsqlCommand("LISTEN lightning", listener))
            await listen.ExecuteNonQueryAsync(Cancellation);

        await database.ExecuteAsync(
            cause
                .Replace("{admin}", session.Id.ToString(), StringComparison.Ordinal)
                .Replace("{acting}", acting.Id.ToString(), StringComparison.Ordinal)
                .Replace("{root}", root.Id.ToString(), StringComparison.Ordinal)
                .Replace("{ada}", ada.Id.ToString(), StringComparison.Ordinal)
        );

        await using (var look = new NpgsqlCommand("SELECT 1", listener))
            await look.ExecuteNonQueryAsync(Cancellation);
        if (!cause.Contains("end_all", StringComparison.Ordinal))
            (
                await db.Sessions.AsNoTracking().SingleAsync(one => one.Id == bystander.Id, Cancellation)
            ).EndedAt.ShouldBeNull();
        string[] words = [$"session:{acting.Id}", $"user:{ada.Id}", "all"];
        heard.Intersect(words).ShouldNotBeEmpty("every replica forgets it");
        var row = await db.Sessions.AsNoTracking().SingleOrDefaultAsync(one => one.Id == acting.Id, Cancellation);
        (row?.EndReason ?? "gone").ShouldBe(reason);
        if (row is null)
            return;
        row.EndedAt.ShouldNotBeNull();
        var line = await db.AuditEntries.SingleAsync(entry => entry.Action == "acting-ended", Cancellation);
        (line.UserId, line.ActedBy, line.SessionId, line.SubjectType, line.SubjectId).ShouldBe(
            (root.Id, root.Id, acting.Id, "user", ada.Id.ToString())
        );
        line.Details.ShouldBe($$"""{"reason": "{{reason}}"}""");
    }

    [Fact]
    public async Task Audit_entry_of_an_impersonated_session_names_the_administrator()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var owner = database.Connect();
        var (root, ada) = (await owner.AddUserAsync("root", isAdmin: true), await owner.AddUserAsync("ada"));
        var (session, own) = (await owner.AddSessionAsync(root), await owner.AddSessionAsync(ada));
        var acting = await owner.AddImpersonationSessionAsync(ada, session);
        foreach (var service in new[] { "identity", "api", "bff", "admin" })
        {
            await using var db = database.ConnectAs(service);
            foreach (var sid in new Guid?[] { acting.Id, own.Id, null })
                db.AuditEntries.Add(
                    new()
                    {
                        At = DateTimeOffset.UtcNow,
                        Action = service,
                        UserId = ada.Id,
                        SessionId = sid,
                    }
                );
            await db.SaveChangesAsync(Cancellation);
        }
        (await owner.AuditEntries.AsNoTracking().ToListAsync(Cancellation)).ShouldAllBe(line =>
            line.ActedBy == (line.SessionId == acting.Id ? root.Id : null) && line.Service == "lightning_" + line.Action
        );
    }

    [Fact]
    public async Task Impersonation_ticket_requires_a_reason_and_an_enabled_ordinary_user()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var (root, other, ada, shut) = (
            await db.AddUserAsync("root", isAdmin: true),
            await db.AddUserAsync("other", isAdmin: true),
            await db.AddUserAsync("ada"),
            await db.AddUserAsync("shut")
        );
        var session = await db.AddSessionAsync(root);
        await database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{shut.Id}'");
        foreach (var person in new[] { other, shut })
            (await DoAsync(database, Acts[3].Sql, person.Id, session.Id)).ShouldBeFalse();
        (
            await DoAsync(database, Acts[3].Sql.Replace("'why'", "'  '", StringComparison.Ordinal), ada.Id, session.Id)
        ).ShouldBeFalse();
        (await DoAsync(database, Acts[3].Sql, ada.Id, session.Id)).ShouldBeTrue();
        var kept = await db.ImpersonationTickets.SingleAsync(Cancellation);
        (kept.SessionId, kept.UserId, kept.Reason, kept.UsedAt).ShouldBe((session.Id, ada.Id, "why", null));
        var (code, hash) = ImpersonationTicket.Create();
        ImpersonationTicket.Hash(code).ShouldBe(hash);
    }

    /// <summary>An account with every kind of second factor.</summary>
    static async Task<User> AddAccountAsync(LightningDb db, string name)
    {
        var user = await db.AddUserAsync(name);
        db.Accounts.Add(
            new()
            {
                Id = user.Id,
                UserName = user.Email,
                Email = user.Email,
                PasswordHash = "hash",
                SecurityStamp = "before",
                ConcurrencyStamp = "before",
                TwoFactorEnabled = true,
                TotpKey = [1],
                TotpLastStep = 1,
            }
        );
        db.RecoveryCodes.Add(new() { AccountId = user.Id, CodeHash = [1] });
        db.UserPasskeys.Add(
            new()
            {
                UserId = user.Id,
                CredentialId = [1],
                Data = new()
                {
                    PublicKey = [],
                    Name = "key",
                    AttestationObject = [],
                    ClientDataJson = [],
                    Transports = [],
                },
            }
        );
        await db.SaveChangesAsync(Cancellation);
        return user;
    }

    static async Task<bool> DoAsync(TestDatabase database, string sql, Guid who, Guid session)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionStringOf("admin"));
        await connection.OpenAsync(Cancellation);
        return await DoAsync(connection, sql, who, session);
    }

    static async Task<bool> DoAsync(NpgsqlConnection connection, string sql, Guid who, Guid session)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = who });
        command.Parameters.Add(new() { Value = session });
        return (bool)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
