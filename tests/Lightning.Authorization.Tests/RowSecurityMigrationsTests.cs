using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace Lightning.Authorization.Tests;

/// <summary>Row-level security is a part of the model, and of the migrations made from it.</summary>
public sealed class RowSecurityMigrationsTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static readonly RowSecurityTarget Target = new("pg_monitor", "public");

    [Fact]
    public void First_migration_creates_the_policies_last_and_its_reverse_drops_them_first()
    {
        using var shelf = Open(new ShelfPolicy());

        var up = Differences(shelf, null, Model(shelf));
        var down = Differences(shelf, Model(shelf), null);

        up.OfType<SqlOperation>().ShouldHaveSingleItem().ShouldBe(up[^1]);
        ((SqlOperation)up[^1]).Sql.ShouldContain("CREATE POLICY may_read ON \"Books\" FOR SELECT");
        down.OfType<SqlOperation>().ShouldHaveSingleItem().ShouldBe(down[0]);
        ((SqlOperation)down[0]).Sql.ShouldContain("DROP POLICY may_read ON \"Books\";");
        ((SqlOperation)down[0]).Sql.ShouldContain("DROP FUNCTION public.books_editor;");
    }

    [Fact]
    public void Changed_rule_is_a_pending_change_that_replaces_the_policies()
    {
        using var before = Open(new BookPolicy());
        using var after = Open(new ShelfPolicy());
        var differ = after.GetService<IMigrationsModelDiffer>();

        differ.HasDifferences(Model(before), Model(before)).ShouldBeFalse();
        differ.HasDifferences(Model(before), Model(after)).ShouldBeTrue();
        differ
            .GetDifferences(Model(before), Model(after))
            .Cast<SqlOperation>()
            .Select(operation => operation.Sql.Split(' ')[0])
            .ShouldBe(["DROP", "--"]);
        differ.GetDifferences(Model(after), Model(after)).ShouldBeEmpty();
    }

    [Fact]
    public void Model_of_a_service_has_no_policies()
    {
        using var service = Shelf.Connect("Host=localhost");
        using var shelf = Open(new ShelfPolicy());

        Differences(service, null, Model(service)).OfType<SqlOperation>().ShouldBeEmpty();
        service.Model.FindEntityType(typeof(Book))!.GetAnnotations().ShouldNotContain(one => one.Name.Contains("Row"));
        Model(shelf)
            .Model.FindEntityType(typeof(Book))!
            .GetAnnotations()
            .Count(one => one.Name.Contains("Row"))
            .ShouldBe(2);
    }

    [Fact]
    public async Task Statements_run_forwards_and_backwards()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await database.ExecuteAsync(
            """
            CREATE FUNCTION actor() RETURNS uuid STABLE LANGUAGE sql RETURN NULL::uuid;
            CREATE FUNCTION acts_as(what text) RETURNS boolean STABLE LANGUAGE sql RETURN false;
            """
        );
        await using var shelf = Open(new ShelfPolicy(), database.ConnectionString);
        var migrations = shelf.GetService<IMigrationsSqlGenerator>();

        await RunAsync(Differences(shelf, null, Model(shelf)));
        (await database.ExecuteAsync("SELECT count(*) FROM pg_policy")).ShouldBe(4L);
        await RunAsync(Differences(shelf, Model(shelf), null));
        (await database.ExecuteAsync("SELECT count(*) FROM pg_policy")).ShouldBe(0L);
        (await database.ExecuteAsync("SELECT count(*) FROM pg_proc WHERE proname LIKE 'books%'")).ShouldBe(0L);

        async Task RunAsync(IReadOnlyList<MigrationOperation> operations)
        {
            foreach (var command in migrations.Generate(operations, Model(shelf).Model))
                await database.ExecuteAsync(command.CommandText);
        }
    }

    [Fact]
    public void Provider_must_come_first() =>
        Should
            .Throw<InvalidOperationException>(() =>
            {
                var options = new DbContextOptionsBuilder<Shelf>();
                options.UseRowSecurityMigrations(other => new Shelf(other), Target, new ShelfPolicy());
                using var shelf = new Shelf(options.Options);
                _ = shelf.Model;
            })
            .Message.ShouldContain("UseNpgsql");

    static Shelf Open(IPolicy policy, string connectionString = "Host=localhost")
    {
        var options = new DbContextOptionsBuilder<Shelf>();
        options.UseNpgsql(connectionString);
        options.UseRowSecurityMigrations(other => new Shelf(other), Target, policy);
        return new(options.Options);
    }

    static IRelationalModel Model(Shelf shelf) => shelf.GetService<IDesignTimeModel>().Model.GetRelationalModel();

    static IReadOnlyList<MigrationOperation> Differences(
        Shelf shelf,
        IRelationalModel? source,
        IRelationalModel? target
    ) => shelf.GetService<IMigrationsModelDiffer>().GetDifferences(source, target);
}
