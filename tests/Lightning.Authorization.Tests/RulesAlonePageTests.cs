using System.Diagnostics;
using System.Text.RegularExpressions;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Authorization.Tests;

/// <summary>The application in docs/rules-alone.md compiles and prints what the page says.</summary>
public sealed partial class RulesAlonePageTests(PostgresServer server)
{
    const string Reference = "../libs/Lightning.Authorization/Lightning.Authorization.csproj";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_compiles_and_prints_its_output()
    {
        var folder = Directory.CreateTempSubdirectory("rules-alone-");
        // Roles belong to the server, which other tests may share.
        var role = $"documents_app_{Guid.NewGuid():N}";
        var text = DocumentationPage.Read("docs/rules-alone.md").Text;
        var page = new DocumentationPage(text.Replace("documents_app", role, StringComparison.Ordinal));
        try
        {
            await WriteProjectAsync(folder.FullName, page.Blocks);

            await using (var database = await server.CreateEmptyDatabaseAsync())
                (await RunAsync(folder.FullName, database.ConnectionString)).ShouldBe(
                    string.Concat(page.Blocks.Where(block => block.Language == "text").Select(block => block.Code))
                );
        }
        finally
        {
            folder.Delete(recursive: true);
            await DropRoleAsync(role);
        }
    }

    /// <summary>
    /// Writes each block to its file. A block of C# that starts with no file name continues <c>Program.cs</c>.
    /// </summary>
    static async Task WriteProjectAsync(string folder, IEnumerable<CodeBlock> blocks)
    {
        foreach (var (language, code) in blocks)
        {
            var (file, text) = language switch
            {
                "xml" => ("Documents.csproj", code.Replace(Reference, Path.Combine(Repository.Root, Reference[3..]))),
                "sql" => ("row-security.sql", code),
                "csharp" => (FileName().Match(code) is { Success: true } name ? name.Value[3..] : "Program.cs", code),
                _ => ("", ""),
            };
            if (file.Length > 0)
                await File.AppendAllTextAsync(Path.Combine(folder, file), text, Cancellation);
        }
    }

    /// <returns>What the application prints.</returns>
    static async Task<string> RunAsync(string folder, string connectionString)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The library is built already, and a second build at the same time would write the same files.
        foreach (var argument in (string[])["run", "-p:BuildProjectReferences=false", "--", connectionString])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        process.ExitCode.ShouldBe(0, await output + await errors);
        return await output;
    }

    async Task DropRoleAsync(string role)
    {
        await using var source = NpgsqlDataSource.Create(server.OwnerConnectionString + ";Database=postgres");
        await using var command = source.CreateCommand($"DROP ROLE IF EXISTS {role}");
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    [GeneratedRegex(@"^// \w+\.cs")]
    private static partial Regex FileName();
}
