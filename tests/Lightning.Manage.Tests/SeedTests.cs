using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Manage.Tests;

/// <summary>Made-up people, in a database of their own and nowhere else.</summary>
public class SeedTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U11")]
    public async Task Seed_Small_FillsAnEmptyDatabaseOnce_WithPeopleWhomNoPasswordLetsIn()
    {
        await using var database = await server.CreateDatabaseAsync();
        var environment = new Dictionary<string, string?> { ["ConnectionStrings__lightning"] = database.ConnectionString, ["DOTNET_ENVIRONMENT"] = "Development" };
        var run = await CommandTests.RunAsync(["seed"], environment);
        run.ExitCode.ShouldBe(0, run.Errors);
        run.Output.ShouldContain("notes: 200 of 200 (100 %)");
        async Task<long> CountAsync(string rows) => (long)(await database.ExecuteAsync($"SELECT count(*) FROM {rows}"))!;
        (await CountAsync("app.users")).ShouldBe(20);
        (await CountAsync("app.users AS person JOIN identity.accounts AS account ON account.id = person.id AND account.email = person.email AND person.subject = person.id::text")).ShouldBe(20);
        (await CountAsync("identity.accounts WHERE password_hash IS NULL")).ShouldBe(20);
        (await CountAsync("app.users WHERE is_admin")).ShouldBe(0);
        (await CountAsync("app.notes")).ShouldBe(200);
        (await CountAsync("identity.sessions")).ShouldBe(12);
        (await CountAsync("audit.entries")).ShouldBe(2_000);
        // As the triggers would have written them: with whose the address is, and never with the owner themself.
        (await CountAsync("app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id JOIN app.users AS person ON person.id = share.user_id AND person.email = share.address AND person.id <> note.owner_id")).ShouldBe(300);
        (await CountAsync("audit.entries AS entry JOIN app.notes AS note ON note.id::text = entry.subject_id AND note.owner_id = entry.user_id")).ShouldBeGreaterThan(200);
        (await CountAsync("app.notes WHERE title = '<script>alert(1)</script>' OR title = '%_\\'")).ShouldBeGreaterThan(0);
        (await CountAsync("pg_trigger WHERE tgenabled = 'D'")).ShouldBe(0, "the triggers are on again");

        var again = await CommandTests.RunAsync(["seed"], environment);
        (again.ExitCode, again.Errors.Trim().Split('\n').Length).ShouldBe((1, 1));
        again.Errors.ShouldContain("has people in it");
        (await CountAsync("app.users")).ShouldBe(20);
    }

    [Theory]
    [InlineData("seed", "Production", "This is Production")]
    [InlineData("seed --size large", null, "This is Production")]
    [InlineData("seed --size huge", "Development", "--size is 'huge', which is unknown: write small or large.")]
    public async Task Seed_InProductionOrOfAnUnknownSize_SaysOneSentence_AndWritesNothing(string arguments, string? name, string expected)
    {
        await using var database = await server.CreateDatabaseAsync();
        var run = await CommandTests.RunAsync(arguments.Split(' '), new() { ["ConnectionStrings__lightning"] = database.ConnectionString, ["DOTNET_ENVIRONMENT"] = name });
        (run.ExitCode, run.Errors.Trim().Split('\n').Length).ShouldBe((1, 1), run.Errors);
        run.Errors.ShouldContain(expected);
        await using var db = database.Connect();
        (await db.Users.AnyAsync(Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task Seed_BesideSomebody_LeavesThemAlone_AndWithoutTablesSaysSo()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        await db.AddUserAsync("ada");
        var run = await CommandTests.RunAsync(["seed", "--size", "large"], new() { ["ConnectionStrings__lightning"] = database.ConnectionString, ["DOTNET_ENVIRONMENT"] = "Development" });
        run.ExitCode.ShouldBe(1);
        run.Errors.ShouldContain("has people in it");
        (await db.Users.CountAsync(Cancellation)).ShouldBe(1);
        await using var empty = await server.CreateEmptyDatabaseAsync();
        var missing = await CommandTests.RunAsync(["seed"], new() { ["ConnectionStrings__lightning"] = empty.ConnectionString, ["DOTNET_ENVIRONMENT"] = "Development" });
        missing.Errors.ShouldContain("run `migrate` first");
    }
}
