using System.Diagnostics;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Manage.Tests;

/// <summary>Runs the commands as processes and checks their output and exit code.</summary>
public class CommandTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Migrate_of_an_empty_database_twice_applies_once()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();

        var first = await RunAsync(["migrate"], WithPasswords(database.ConnectionString));
        first.ExitCode.ShouldBe(0, first.Errors);
        first.Output.ShouldContain("Applied");

        var second = await RunAsync(["migrate"], WithPasswords(database.ConnectionString));
        second.Output.ShouldContain("up to date");
    }

    [Fact]
    [Trait("Check", "U11")]
    public async Task CreateAdmin_prints_a_link_and_stores_only_its_hash()
    {
        await using var database = await server.CreateDatabaseAsync();

        var run = await RunAsync(
            ["create-admin", "ada@example.com"],
            new() { ["ConnectionStrings__lightning"] = database.ConnectionString }
        );

        run.ExitCode.ShouldBe(0, run.Errors);
        var link = run
            .Output.Split('\n', StringSplitOptions.TrimEntries)
            .Single(line => line.StartsWith("http://localhost:5101/account/password?token=", StringComparison.Ordinal));

        await using var db = database.Connect();
        var kept = await db.AccountLinks.SingleAsync(Cancellation);
        kept.GrantsAdmin.ShouldBeTrue();
        kept.TokenHash.ShouldBe(Lightning.Data.Accounts.AccountLink.Hash(link.Split("token=")[1]));
        kept.ExpiresAt.ShouldBeLessThanOrEqualTo(DateTimeOffset.UtcNow.AddMinutes(10));
        (await db.Accounts.CountAsync(Cancellation)).ShouldBe(0);
    }

    [Fact]
    [Trait("Check", "A28")]
    public async Task Keys_are_listed_rotated_revoked_and_audited()
    {
        await using var database = await server.CreateDatabaseAsync();
        var environment = new Dictionary<string, string?>
        {
            ["ConnectionStrings__lightning"] = database.ConnectionString,
        };
        (await RunAsync(["keys", "list"], environment)).Output.ShouldContain("There is no key yet");
        await using var db = database.Connect();
        var now = DateTimeOffset.UtcNow;
        foreach (var (kid, age) in new[] { ("old-key", 2), ("new-key", 1) })
            db.SigningKeys.Add(
                new()
                {
                    Id = kid,
                    Algorithm = "ES256",
                    PrivateKey = [1],
                    CreatedAt = now.AddDays(-age),
                    SignsFrom = now.AddDays(-age),
                    SuccessorDueAt = now.AddDays(90 - age),
                    RetiredAt = kid == "old-key" ? now.AddDays(14) : null,
                }
            );
        await db.SaveChangesAsync(Cancellation);
        var list = (await RunAsync(["keys", "list"], environment)).Output.Split('\n');
        list[0].ShouldStartWith("new-key  ES256  signs; its successor is due at ");
        list[1].ShouldStartWith("old-key  ES256  verifies until ");

        (await RunAsync(["keys", "rotate"], environment)).Output.ShouldContain("The successor of new-key is created");
        (await RunAsync(["keys", "rotate"], environment)).Output.ShouldContain("nothing to do");
        (
            await db.SigningKeys.AsNoTracking().SingleAsync(key => key.Id == "new-key", Cancellation)
        ).SuccessorDueAt.ShouldBeLessThanOrEqualTo(DateTimeOffset.UtcNow);

        (await RunAsync(["keys", "revoke", "new-key"], environment)).Output.ShouldContain("new-key is revoked");
        (
            await db.SigningKeys.AsNoTracking().SingleAsync(key => key.Id == "new-key", Cancellation)
        ).RetiredAt!.Value.ShouldBeLessThanOrEqualTo(DateTimeOffset.UtcNow);
        foreach (var kid in new[] { "new-key", "no-key" })
        {
            var refused = await RunAsync(["keys", "revoke", kid], environment);
            (refused.ExitCode, refused.Errors.Trim()).ShouldBe(
                (1, $"There is no active key '{kid}': `keys list` prints the keys.")
            );
        }
        (
            await db.AuditEntries.OrderBy(entry => entry.Id).Select(entry => entry.Action).ToListAsync(Cancellation)
        ).ShouldBe(["signing-key-rotation-asked", "signing-key-revoked"]);
    }

    [Fact]
    [Trait("Check", "L11")]
    public async Task Sessions_are_listed_ended_and_audited_by_id_user_and_for_all()
    {
        await using var database = await server.CreateDatabaseAsync();
        var environment = new Dictionary<string, string?>
        {
            ["ConnectionStrings__lightning"] = database.ConnectionString,
        };
        await using var db = database.Connect();
        var (ada, bob) = (await db.AddUserAsync("Ada"), await db.AddUserAsync("bob"));
        var sessions = new[]
        {
            await db.AddSessionAsync(ada),
            await db.AddSessionAsync(ada),
            await db.AddSessionAsync(ada),
            await db.AddSessionAsync(bob),
        };
        await database.ExecuteAsync(
            $"UPDATE identity.sessions SET ip = '192.0.2.7', device = 'Firefox on Linux' WHERE id = '{sessions[1].Id}'"
        );
        async Task<Guid[]> ListAsync(params string[] filters)
        {
            var list = await RunAsync(["sessions", "list", .. filters], environment);
            list.ExitCode.ShouldBe(0, list.Errors);
            return
            [
                .. sessions
                    .Select(session => session.Id)
                    .Where(id => list.Output.Contains(id.ToString(), StringComparison.Ordinal)),
            ];
        }

        (await ListAsync("--user", "ada@example.com")).ShouldBe(sessions[..3].Select(session => session.Id));
        (await ListAsync("--user", bob.Id.ToString())).ShouldBe([sessions[3].Id]);
        var byAddress = (await RunAsync(["sessions", "list", "--ip", "192.0.2.7"], environment))
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ShouldHaveSingleItem();
        byAddress.ShouldStartWith($"{sessions[1].Id}  {ada.Id}  Ada@example.com  Firefox on Linux  192.0.2.7  began ");
        (await RunAsync(["sessions", "list", "--most", "2"], environment)).Output.ShouldContain(
            "There are more than 2"
        );

        (await RunAsync(["sessions", "end", sessions[0].Id.ToString()], environment))
            .Output.Trim()
            .ShouldBe("Ended 1 session.");
        (await ListAsync()).ShouldBe(sessions[1..].Select(session => session.Id));
        (await RunAsync(["sessions", "list", "--ended"], environment)).Output.ShouldContain("(ended-by-command)");
        (await RunAsync(["sessions", "end", "--user", "ada@example.com"], environment))
            .Output.Trim()
            .ShouldBe("Ended 2 sessions.");
        (await RunAsync(["sessions", "end", "--everyone"], environment)).Errors.ShouldContain("add --yes to confirm");
        (await database.ExecuteAsync("SELECT count(*) FROM identity.sessions WHERE ended_at IS NULL")).ShouldBe(1L);
        (await RunAsync(["sessions", "end", "--everyone", "--yes"], environment))
            .Output.Trim()
            .ShouldBe("Ended 1 session.");
        (await ListAsync()).ShouldBeEmpty();

        var entries = await db.AuditEntries.OrderBy(entry => entry.Id).ToListAsync(Cancellation);
        entries
            .Select(entry => (entry.Action, entry.SubjectType, entry.SubjectId))
            .ShouldBe([
                ("sessions-ended-by-command", "session", sessions[0].Id.ToString()),
                ("sessions-ended-by-command", "user", ada.Id.ToString()),
                ("sessions-ended-by-command", "everyone", null),
            ]);
    }

    [Theory]
    [InlineData("sessions end", "Give the sessions to end")]
    [InlineData("sessions end --user nobody@example.com", "There is no user 'nobody@example.com'")]
    [InlineData("sessions end nonsense", "is not a session id")]
    [InlineData("sessions end 0198c0de-7a11-7000-8000-00000000c0de", "There is no active session")]
    [InlineData("sessions list --ip nonsense", "is not an IP address")]
    public async Task Sessions_with_bad_input_prints_one_sentence_and_exits_with_1(string arguments, string expected)
    {
        await using var database = await server.CreateDatabaseAsync();

        var run = await RunAsync(
            arguments.Split(' '),
            new() { ["ConnectionStrings__lightning"] = database.ConnectionString }
        );

        (run.ExitCode, run.Errors.Trim().Split('\n').Length).ShouldBe((1, 1), run.Errors);
        run.Errors.ShouldContain(expected);
    }

    [Theory]
    [InlineData("migrate", "", "ConnectionStrings:lightning is not set")]
    [InlineData("migrate", "nonsense", "ConnectionStrings:lightning cannot be read")]
    [InlineData("migrate", "Host=127.0.0.1;Port=1;Username=x;Database=lightning", "cannot be reached")]
    [InlineData("create-admin ada@exam_ple.com", "Host=127.0.0.1;Port=1;Database=lightning", "must be a domain")]
    [InlineData("create-admin nonsense", "Host=127.0.0.1;Port=1;Database=lightning", "is not an email address")]
    public async Task Command_with_bad_input_prints_one_sentence_and_exits_with_1(
        string arguments,
        string connectionString,
        string expected
    )
    {
        var run = await RunAsync(arguments.Split(' '), WithPasswords(connectionString));
        run.ExitCode.ShouldBe(1);
        run.Errors.ShouldContain(expected);
        run.Errors.Trim().Split('\n').Length.ShouldBe(1, run.Errors);
    }

    [Fact]
    public async Task Migrate_of_a_missing_database_names_it()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var missing = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Database = "nowhere",
        }.ConnectionString;

        var run = await RunAsync(["migrate"], WithPasswords(missing));

        run.ExitCode.ShouldBe(1);
        run.Errors.ShouldContain("\"nowhere\" does not exist");
    }

    [Fact]
    public async Task Migrate_of_a_foreign_schema_fails_in_one_sentence_and_changes_nothing()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await database.ExecuteAsync("CREATE SCHEMA app; CREATE TABLE app.users (id int);");

        var run = await RunAsync(["migrate"], WithPasswords(database.ConnectionString));

        run.ExitCode.ShouldBe(1);
        run.Errors.ShouldContain("Migration failed");
        run.Errors.Trim().Split('\n').Length.ShouldBe(1, run.Errors);
        (await database.ExecuteAsync("SELECT count(*) FROM pg_namespace WHERE nspname = 'web'")).ShouldBe(0L);
    }

    static Dictionary<string, string?> WithPasswords(string connectionString) =>
        PostgresServer
            .Passwords.Select(password =>
                KeyValuePair.Create($"DatabaseRoles__{password.Key}", (string?)password.Value)
            )
            .Append(new("ConnectionStrings__lightning", connectionString))
            .ToDictionary();

    internal static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string[] arguments,
        Dictionary<string, string?> environment
    )
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Lightning.Manage.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (
            process.StandardOutput.ReadToEndAsync(Cancellation),
            process.StandardError.ReadToEndAsync(Cancellation)
        );
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await errors);
    }
}
