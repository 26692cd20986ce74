using Lightning.Testing;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Lightning.Data.Tests.Schema;

/// <summary>The files of this folder are the schema that <c>migrate</c> creates, one file a system catalog.</summary>
public class SchemaTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Catalogs => [.. DatabaseCatalogue.Queries.Keys];

    [Theory]
    [MemberData(nameof(Catalogs))]
    public async Task Database_migrated_from_nothing_has_the_recorded_catalog(string catalog)
    {
        await using var database = await server.CreateDatabaseAsync();
        var folder = Path.Combine(AppContext.BaseDirectory, "Schema");
        var expected = await File.ReadAllTextAsync(Path.Combine(folder, $"{catalog}.txt"), Cancellation);

        var actual = await DatabaseCatalogue.ReadAsync(database, catalog);

        var record = Path.Combine(folder, $"{catalog}.actual.txt");
        await File.WriteAllTextAsync(record, actual, Cancellation);
        actual.ShouldBe(
            expected,
            $"If the change is intended, copy {record} over tests/Lightning.Data.Tests/Schema/{catalog}.txt."
        );
    }

    [Theory]
    [InlineData("columns", "ALTER TABLE app.notes ALTER title DROP NOT NULL")]
    [InlineData("comments", "COMMENT ON TABLE app.notes IS 'text'")]
    [InlineData("constraints", "ALTER TABLE app.notes DROP CONSTRAINT fk_notes_users_owner_id")]
    [InlineData("default-privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO lightning_bff")]
    [InlineData("extensions", "DROP EXTENSION plpgsql CASCADE")]
    [InlineData("functions", "GRANT EXECUTE ON FUNCTION identity.end_all TO lightning_api")]
    [InlineData("functions", "ALTER FUNCTION app.note_shares_giver SECURITY INVOKER")]
    [InlineData("indexes", "DROP INDEX app.ix_notes_words")]
    [InlineData("policies", "ALTER POLICY may_create ON app.notes WITH CHECK (true)")]
    [InlineData("rows", "INSERT INTO identity.attempts VALUES ('', now())")]
    [InlineData("schemas", "GRANT USAGE ON SCHEMA web TO lightning_api")]
    [InlineData("sequences", "ALTER SEQUENCE audit.entries_id_seq INCREMENT 2")]
    [InlineData("tables", "ALTER TABLE app.users DISABLE ROW LEVEL SECURITY")]
    [InlineData("tables", "GRANT SELECT ON identity.handovers TO lightning_api")]
    [InlineData("triggers", "ALTER TABLE app.users DISABLE TRIGGER tell_change")]
    [InlineData("types", "CREATE TYPE app.kind AS ENUM ('a')")]
    [InlineData("views", "ALTER VIEW identity.waiting_messages RENAME COLUMN attempts TO tries")]
    public async Task Catalog_after_a_change_differs(string catalog, string change)
    {
        await using var database = await server.CreateDatabaseAsync();
        var before = await DatabaseCatalogue.ReadAsync(database, catalog);

        await database.ExecuteAsync(change);

        (await DatabaseCatalogue.ReadAsync(database, catalog)).ShouldNotBe(before);
    }

    [Fact]
    public async Task Migrations_reverted_and_applied_again_leave_the_same_catalogs()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        await db.GetService<IMigrator>().MigrateAsync(Migration.InitialDatabase, Cancellation);
        (await DatabaseCatalogue.ReadAsync(database, "tables")).ShouldNotContain("app.notes");

        await Roles.DatabaseMigration.ApplyAsync(database.ConnectionString, PostgresServer.Passwords, Cancellation);

        await using var other = await server.CreateDatabaseAsync();
        foreach (var catalog in DatabaseCatalogue.Queries.Keys)
            (await DatabaseCatalogue.ReadAsync(database, catalog)).ShouldBe(
                await DatabaseCatalogue.ReadAsync(other, catalog),
                catalog
            );
    }
}
