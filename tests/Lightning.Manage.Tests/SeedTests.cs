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

        var again = await CommandTests.RunAsync(["seed"], environment);
        (again.ExitCode, again.Errors.Trim().Split('\n').Length).ShouldBe((1, 1));
        again.Errors.ShouldContain("already has users");
        (await CountAsync("app.users")).ShouldBe(20);
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
