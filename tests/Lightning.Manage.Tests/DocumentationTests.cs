using Lightning.Testing;

namespace Lightning.Manage.Tests;

/// <summary>The commands in the documentation run.</summary>
public sealed class DocumentationTests(PostgresServer server)
{
    const string Command = "dotnet run --project Lightning.Manage -- ";

    [Theory]
    [InlineData("docs/protocol.md", 3)]
    [InlineData("docs/auth/logout-and-back-channel.md", 4)]
    public async Task Documented_commands_succeed(string path, int count)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var session = await db.AddSessionAsync(await db.AddUserAsync("ada"));
        db.SigningKeys.Add(
            new()
            {
                Id = "KID",
                Algorithm = "ES256",
                PrivateKey = [1],
                CreatedAt = DateTimeOffset.UtcNow,
                SignsFrom = DateTimeOffset.UtcNow,
                SuccessorDueAt = DateTimeOffset.UtcNow.AddDays(90),
            }
        );
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        var commands = DocumentationPage
            .Read(path)
            .Blocks.SelectMany(block => block.Code.Split('\n'))
            .Where(line => line.StartsWith(Command, StringComparison.Ordinal))
            .Select(line => line[Command.Length..].Split('#')[0].Trim())
            .ToList();

        commands.Count.ShouldBe(count);
        foreach (var command in commands)
        {
            var arguments = command.Split(' ').Select(part => Guid.TryParse(part, out _) ? $"{session.Id}" : part);
            var run = await CommandTests.RunAsync(
                [.. arguments],
                new() { ["ConnectionStrings__lightning"] = database.ConnectionString }
            );
            run.ExitCode.ShouldBe(0, $"{command}: {run.Errors}");
        }
    }
}
