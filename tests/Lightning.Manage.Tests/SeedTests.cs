using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Manage.Tests;

/// <summary>The <c>seed</c> command, run as a process.</summary>
public class SeedTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U11")]
    public async Task Seed_small_fills_an_empty_database_once_with_users_without_passwords()
    {
        await using var database = await server.CreateDatabaseAsync();
        var environment = new Dictionary<string, string?>
        {
            ["ConnectionStrings__lightning"] = database.ConnectionString,
            ["DOTNET_ENVIRONMENT"] = "Development",
        };
        var run = await CommandTests.RunAsync(["seed"], environment);
        run.ExitCode.ShouldBe(0, run.Errors);
        run.Output.ShouldContain("notes: 200 of 200 (100 %)");
        async Task<long> CountAsync(string rows) =>
            (long)(await database.ExecuteAsync($"SELECT count(*) FROM {rows}"))!;
        (await CountAsync("app.users")).ShouldBe(20);
        (
            await CountAsync(
                "app.users AS person JOIN identity.accounts AS account ON account.id = person.id AND account.email = "
                    + "person.email AND person.subject = person.id::text"
            )
        ).ShouldBe(20);
        (await CountAsync("identity.accounts WHERE password_hash IS NULL")).ShouldBe(20);
        (await CountAsync("app.users WHERE is_admin")).ShouldBe(0);
        (await CountAsync("app.notes")).ShouldBe(200);
        (await CountAsync("identity.sessions")).ShouldBe(12);
        (await CountAsync("audit.entries")).ShouldBe(2_000);
        // As the triggers would resolve them: to the user with the address, who is never the owner.
        (
            await CountAsync(
                "app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id JOIN app.users AS person "
                    + "ON person.id = share.user_id AND person.email = share.address AND person.id <> note.owner_id"
            )
        ).ShouldBe(300);
        (
            await CountAsync(
                "audit.entries AS entry JOIN app.notes AS note ON note.id::text = entry.subject_id AND note.owner_id "
                    + "= entry.user_id"
            )
        ).ShouldBeGreaterThan(200);
        (await CountAsync("app.notes WHERE title = '<script>alert(1)</script>' OR title = '%_\\'")).ShouldBeGreaterThan(
            0
        );
        (await CountAsync("pg_trigger WHERE tgenabled = 'D'")).ShouldBe(0, "the triggers are enabled again");

        foreach (var (column, wrong) in Times)
            (await CountAsync(wrong)).ShouldBe(0, $"{column}: {wrong}");
        await EveryTimeIsCheckedAsync(database);

        var again = await CommandTests.RunAsync(["seed"], environment);
        (again.ExitCode, again.Errors.Trim().Split('\n').Length).ShouldBe((1, 1));
        again.Errors.ShouldContain("already has users");
        (await CountAsync("app.users")).ShouldBe(20);
    }

    const string Users = "app.users AS person ON person.id";

    /// <summary>For each time column, the rows whose time does not fit the others.</summary>
    static readonly (string Column, string Wrong)[] Times =
    [
        ("app.users.created_at", "app.users WHERE created_at > now()"),
        (
            "identity.accounts.created_at",
            $"identity.accounts AS account JOIN {Users} = account.id WHERE account.created_at <> person.created_at"
        ),
        (
            "identity.sessions.created_at",
            $"identity.sessions AS session JOIN {Users} = session.user_id WHERE session.created_at < person.created_at"
        ),
        ("identity.sessions.auth_time", "identity.sessions WHERE auth_time <> created_at"),
        (
            "identity.sessions.last_seen_at",
            "identity.sessions WHERE last_seen_at < created_at OR last_seen_at > coalesce(ended_at, now())"
        ),
        ("identity.sessions.ends_at", "identity.sessions WHERE ends_at <= last_seen_at"),
        ("identity.sessions.ended_at", "identity.sessions WHERE ended_at NOT BETWEEN created_at AND now()"),
        (
            "app.notes.created_at",
            $"app.notes AS note JOIN {Users} = note.owner_id WHERE note.created_at < person.created_at"
        ),
        ("app.notes.updated_at", "app.notes WHERE updated_at NOT BETWEEN created_at AND now()"),
        ("app.notes.archived_at", "app.notes WHERE archived_at NOT BETWEEN created_at AND now()"),
        ("app.notes.pinned_at", "app.notes WHERE pinned_at NOT BETWEEN created_at AND now()"),
        (
            "app.note_shares.created_at",
            $"""
            app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id JOIN {Users} = share.user_id
                WHERE share.created_at NOT BETWEEN greatest(note.created_at, person.created_at) AND now()
            """
        ),
        (
            "audit.entries.at",
            $"""
            audit.entries AS entry JOIN {Users} = entry.user_id
                WHERE entry.at NOT BETWEEN person.created_at AND now()
            """
        ),
        (
            "audit.entries.at",
            "audit.entries AS entry JOIN audit.entries AS next ON next.id = entry.id + 1 WHERE next.at < entry.at"
        ),
        (
            "audit.entries.at",
            """
            audit.entries AS entry JOIN app.notes AS note ON note.id::text = entry.subject_id
                WHERE entry.at < note.created_at OR entry.action = 'note.deleted'
                    OR (entry.action = 'note.created' AND entry.at <> note.created_at)
            """
        ),
        (
            "audit.entries.at",
            """
            app.notes AS note JOIN LATERAL (SELECT max(at) AS at FROM audit.entries
                WHERE action = 'note.updated' AND subject_id = note.id::text) AS last ON true
                WHERE note.updated_at <> coalesce(last.at, note.created_at)
            """
        ),
        (
            "audit.entries.at",
            """
            app.notes AS note JOIN LATERAL (SELECT details FROM audit.entries
                WHERE action = 'note.updated' AND subject_id = note.id::text ORDER BY at DESC LIMIT 1) AS last ON true
                WHERE last.details -> 'title' ->> 'to' <> note.title
            """
        ),
        (
            "audit.entries.at",
            """
            app.notes AS note WHERE note.created_at > now() - interval '89 days' AND NOT EXISTS (
                SELECT FROM audit.entries WHERE action = 'note.created' AND subject_id = note.id::text)
            """
        ),
        (
            "audit.entries.at",
            """
            identity.sessions AS session LEFT JOIN audit.entries AS entry
                ON entry.session_id = session.id AND entry.action = 'signed-in'
                WHERE entry.user_id IS DISTINCT FROM session.user_id OR entry.at <> session.created_at
            """
        ),
        (
            "audit.entries.at",
            """
            identity.sessions AS session LEFT JOIN audit.entries AS entry
                ON entry.session_id = session.id AND entry.action = 'signed-out'
                WHERE entry.at IS DISTINCT FROM session.ended_at
            """
        ),
        (
            "audit.entries.at",
            """
            audit.entries AS entry WHERE action = 'signed-out' AND NOT EXISTS (SELECT FROM audit.entries AS before
                WHERE before.action = 'signed-in' AND before.user_id = entry.user_id AND before.at < entry.at)
            """
        ),
    ];

    /// <summary>Every time column that has a value is in <see cref="Times"/>, so that a new one needs a rule.</summary>
    static async Task EveryTimeIsCheckedAsync(TestDatabase database)
    {
        var columns = (string)
            (
                await database.ExecuteAsync(
                    """
                    SELECT string_agg(format('%s.%s.%s', table_schema, table_name, column_name), ' ')
                    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
                    WHERE table_type = 'BASE TABLE' AND data_type = 'timestamp with time zone'
                        AND table_schema IN ('app', 'audit', 'identity', 'keys', 'web')
                    """
                )
            )!;
        var seeded = new List<string>();
        foreach (var column in columns.Split(' '))
        {
            var (table, name) = (column[..column.LastIndexOf('.')], column[(column.LastIndexOf('.') + 1)..]);
            if ((bool)(await database.ExecuteAsync($"SELECT EXISTS (SELECT FROM {table} WHERE {name} IS NOT NULL)"))!)
                seeded.Add(column);
        }
        seeded.ShouldBe(Times.Select(rule => rule.Column).Distinct(), ignoreOrder: true);
    }

    [Theory]
    [InlineData("seed", "Production", "`seed` is refused in Production")]
    [InlineData("seed --size large", null, "`seed` is refused in Production")]
    [InlineData("seed --size huge", "Development", "--size 'huge' is unknown: give small or large.")]
    public async Task Seed_in_Production_or_of_unknown_size_is_refused(string arguments, string? name, string expected)
    {
        await using var database = await server.CreateDatabaseAsync();

        var run = await CommandTests.RunAsync(
            arguments.Split(' '),
            new() { ["ConnectionStrings__lightning"] = database.ConnectionString, ["DOTNET_ENVIRONMENT"] = name }
        );

        (run.ExitCode, run.Errors.Trim().Split('\n').Length).ShouldBe((1, 1), run.Errors);
        run.Errors.ShouldContain(expected);
        await using var db = database.Connect();
        (await db.Users.AnyAsync(Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task Seed_of_a_database_with_users_or_without_tables_is_refused()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        await db.AddUserAsync("ada");

        var run = await CommandTests.RunAsync(
            ["seed", "--size", "large"],
            new()
            {
                ["ConnectionStrings__lightning"] = database.ConnectionString,
                ["DOTNET_ENVIRONMENT"] = "Development",
            }
        );

        run.ExitCode.ShouldBe(1);
        run.Errors.ShouldContain("already has users");
        (await db.Users.CountAsync(Cancellation)).ShouldBe(1);

        await using var empty = await server.CreateEmptyDatabaseAsync();
        var missing = await CommandTests.RunAsync(
            ["seed"],
            new() { ["ConnectionStrings__lightning"] = empty.ConnectionString, ["DOTNET_ENVIRONMENT"] = "Development" }
        );
        missing.Errors.ShouldContain("run `migrate` first");
    }
}
