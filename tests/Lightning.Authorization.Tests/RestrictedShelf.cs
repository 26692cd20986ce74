using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Authorization.Tests;

/// <summary>The shelf's tables with generated row-level security, and a role that it restricts.</summary>
sealed class RestrictedShelf : IAsyncDisposable
{
    readonly TestDatabase database;
    readonly string role = $"reader_{Guid.NewGuid():N}";

    RestrictedShelf(TestDatabase database) =>
        (this.database, Owner) = (database, Shelf.Connect(database.ConnectionString));

    /// <summary>A context that row-level security does not restrict.</summary>
    public Shelf Owner { get; }

    public IReadOnlyList<Book> Books { get; private set; } = [];

    /// <summary>The last generated statements.</summary>
    public string Script { get; private set; } = "";

    public static async Task<RestrictedShelf> CreateAsync(PostgresServer server)
    {
        var shelf = new RestrictedShelf(await server.CreateEmptyDatabaseAsync());
        shelf.Books = await Shelf.FillAsync(shelf.database);
        await shelf.database.ExecuteAsync(
            $"""
            CREATE ROLE {shelf.role};
            ALTER TABLE "Loan" DROP CONSTRAINT "FK_Loan_Books_BookId";
            ALTER TABLE "Books" DROP CONSTRAINT "FK_Books_Books_ParentId";
            GRANT SELECT, INSERT, UPDATE, DELETE ON "Books", "Loan" TO {shelf.role};
            CREATE FUNCTION actor() RETURNS uuid STABLE LANGUAGE sql
                RETURN nullif(current_setting('lightning.actor', true), '')::uuid;
            CREATE FUNCTION acts_as(what text) RETURNS boolean STABLE LANGUAGE sql
                RETURN what = ANY (string_to_array(coalesce(current_setting('lightning.acts_as', true), ''), ' '));
            """
        );
        return shelf;
    }

    public static string ScriptOf(IPolicy policy, string role = "reader") =>
        RowSecurityMigrations.Script(
            new DbContextOptionsBuilder<Shelf>().UseNpgsql("Host=localhost").Options,
            options => new Shelf(options),
            new(role, "public"),
            policy
        );

    /// <summary>Replaces the generated policies and functions by those of a policy.</summary>
    public void Secure(IPolicy policy)
    {
        Script = ScriptOf(policy, role);
        Owner.Database.ExecuteSqlRaw(
            """
            DO $do$ DECLARE statement text; BEGIN
                FOR statement IN SELECT format('DROP POLICY %I ON "Books"', polname) FROM pg_policy
                    UNION ALL SELECT format('DROP FUNCTION %s', oid::regprocedure) FROM pg_proc
                        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'books%'
                LOOP EXECUTE statement; END LOOP;
            END $do$
            """
        );
        Owner.Database.ExecuteSqlRaw(
            Script.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal)
        );
    }

    /// <summary>A connection with the restricted role.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var become = new NpgsqlCommand($"SET ROLE {role}", connection);
        await become.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>The ids of the rows that an actor can read.</summary>
    public static HashSet<Guid> Read(NpgsqlConnection connection, Actor? actor) =>
        Run(connection, actor, """SELECT "Id" FROM "Books";""");

    /// <summary>Runs a statement that returns ids as an actor, and takes it back.</summary>
    public static HashSet<Guid> Run(NpgsqlConnection connection, Actor? actor, string statement)
    {
        using var transaction = connection.BeginTransaction();
        RowSecurity.SetActorAsync(connection, actor, CancellationToken.None).GetAwaiter().GetResult();
        using var command = new NpgsqlCommand(statement, connection, transaction);
        using var reader = command.ExecuteReader();
        var ids = new HashSet<Guid>();
        while (reader.Read())
            ids.Add(reader.GetGuid(0));
        return ids;
    }

    /// <summary>Whether an actor can insert a book of an owner.</summary>
    public static bool Inserts(NpgsqlConnection connection, Actor actor, Guid owner)
    {
        try
        {
            // Without RETURNING, which would need the right to read too.
            Run(
                connection,
                actor,
                $"""INSERT INTO "Books" ("Id", "OwnerId", "Open") VALUES (gen_random_uuid(), '{owner}', true);"""
            );
            return true;
        }
        catch (PostgresException ex) when (ex.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Owner.DisposeAsync();
        await database.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
        await database.DisposeAsync();
    }
}

/// <summary>Reading by one rule.</summary>
sealed class AnyPolicy : Policy<Book>
{
    public AnyPolicy(Rule<Book> rule) => Allow(Verb.Read, rule);
}

/// <summary>A rule of each kind for each command.</summary>
sealed class ShelfPolicy : Policy<Book>
{
    public static readonly Rule<Book> Owner = Rule.For<Book>((actor, book) => book.OwnerId == actor.UserId);
    public static readonly Rule<Book> Editor = Rule.For<Book>(
        (actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId && loan.CanEdit)
    );
    public static readonly Rule<Book> Open = Rule.For<Book>((_, book) => book.Open);

    public ShelfPolicy()
    {
        Allow(Verb.Read, Owner | Editor | Open | Is.Admin);
        Allow(Verb.Create, Owner & Is.Verified);
        Allow(Verb.Update, Owner | Editor.ThroughFunction()).Fields(book => book.Title);
        Allow(Verb.Archive, Editor & !Open | Is.Admin).Fields(book => book.Open);
        Allow(Verb.Share, Is.SignedIn);
        Allow(Verb.Delete, Owner & Is.Verified & !Open);
    }
}
