using System.Text.RegularExpressions;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Tests.Notes;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Data.Tests;

/// <summary>The code, the SQL and the names of database objects in the documentation are true.</summary>
public sealed partial class DocumentationTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The page's questions to a policy are in the next test.</summary>
    [Fact]
    public void Code_in_rules_is_quoted_from_compiled_sources()
    {
        string[] sources =
        [
            "Lightning.Data/Notes/NotePolicy.cs",
            "Lightning.Api/Notes/NotesApi.cs",
            "tests/Lightning.Data.Tests/DocumentationTests.cs",
        ];

        var blocks = DocumentationPage.Read("docs/rules.md").Blocks;

        blocks.ShouldNotBeEmpty();
        foreach (var block in blocks.Where(block => block.Language == "csharp"))
            sources.ShouldContain(source => block.IsIn(source), block.Code);
    }

    [Fact]
    public async Task Filter_and_policy_in_rules_are_generated()
    {
        await using var db = LightningDbFactory.ConnectForMigrations("Host=localhost");
        var actor = new Actor(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: false, IsVerified: true);
        var filter = db.Notes.Where(new NotePolicy(), actor, Verb.Read).ToQueryString();
        var create = db.GetService<IDesignTimeModel>().Model.FindEntityType(typeof(Note))!["Lightning:RowSecurity"];

        var blocks = DocumentationPage.Read("docs/rules.md").Blocks.Where(block => block.Language == "sql").ToList();

        blocks.Count.ShouldBe(2);
        filter.ShouldEndWith(blocks[0].Code.TrimEnd());
        create.ShouldBeOfType<string>().ShouldContain(blocks[1].Code);
    }

    [Fact]
    public async Task Statements_in_rules_give_their_answers()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        await using var db = database.Connect();
        var (policy, actor, cancellationToken) = (new NotePolicy(), actors[3], Cancellation);
        var note = await db.Notes.FirstAsync(
            note => note.OwnerId == actors[0].UserId && note.OrganizationId == null,
            cancellationToken
        );

        var query = db.Notes.Where(policy, actor, Verb.Read);
        var can = new Dictionary<Guid, IReadOnlyDictionary<string, bool>>();
        foreach (var row in await query.WithGrants(policy, actor).ToListAsync(cancellationToken))
            can.Add(row.Row.Id, policy.Can(actor, row));
        var first = db.Notes.First(policy, actor, Verb.Read, rows => rows.OrderBy(row => row.Title).Take(20));
        var explanation = await policy.ExplainAsync(db, actor, Verb.Update, note, cancellationToken);

        can.Count.ShouldBe(await query.CountAsync(cancellationToken));
        (await first.CountAsync(cancellationToken)).ShouldBe(Math.Min(20, can.Count));
        (await policy.MayAsync(db, actor, Verb.Update, note, cancellationToken)).ShouldBeFalse();
        explanation.IsAllowed.ShouldBeFalse();
        policy.IsPossible(actor, Verb.Create).ShouldBeTrue();
    }

    [Theory]
    [InlineData("docs/accounts.md")]
    [InlineData("docs/audit.md")]
    public async Task SQL_runs(string path)
    {
        await using var database = await server.CreateDatabaseAsync();
        var blocks = DocumentationPage.Read(path).Blocks.Where(block => block.Language == "sql").ToList();

        blocks.ShouldNotBeEmpty();
        foreach (var block in blocks)
            await database.ExecuteAsync(block.Code);
    }

    /// <summary>Every table and view is in docs/contracts.md, but EF's own table, and what is there exists.</summary>
    [Fact]
    public async Task Contracts_names_the_tables_and_functions_of_the_database()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var tables = await db
            .Database.SqlQuery<string>(
                $"""
                SELECT schemaname || '.' || relname AS "Value" FROM pg_stat_user_tables WHERE schemaname <> 'public'
                UNION SELECT schemaname || '.' || viewname FROM pg_views
                    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
                """
            )
            .ToListAsync(Cancellation);
        var functions = await db
            .Database.SqlQuery<string>(
                $"""SELECT pronamespace::regnamespace || '.' || proname AS "Value" FROM pg_proc"""
            )
            .ToListAsync(Cancellation);
        var schemas = tables.Select(table => table.Split('.')[0]).ToHashSet();
        var page = DocumentationPage.Read("docs/contracts.md").Text;

        var named = QualifiedName()
            .Matches(page)
            .Select(name => name.Value[1..])
            .Where(name => schemas.Contains(name.Split('.')[0]))
            .ToList();

        named.ShouldNotBeEmpty();
        foreach (var name in named)
            tables.Concat(functions).ShouldContain(known => known == name || name.StartsWith(known + "."), name);
        foreach (var table in tables)
            named.ShouldContain(name => name == table || name.StartsWith(table + "."), table);
    }

    [GeneratedRegex(@"`[a-z_]+\.[a-z_]+(\.[a-z_]+)?")]
    private static partial Regex QualifiedName();
}
