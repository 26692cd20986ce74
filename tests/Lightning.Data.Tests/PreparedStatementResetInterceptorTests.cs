using Lightning.Data.Audit;
using Lightning.Sessions;
using Lightning.Testing;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Lightning.Data.Tests;

/// <summary>
/// Npgsql prepares a statement at its fifth use on a connection. If that use fails after parsing, the next one must
/// still succeed.
/// </summary>
public sealed class PreparedStatementResetInterceptorTests(PostgresServer server)
{
    const int Prepares = 5;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Ways to run a statement; the division by zero fails in planning, not only in execution.</summary>
    public static TheoryData<string, Func<LightningDb, int, Task>> Ways =>
        new()
        {
            {
                "a query",
                (db, by) => db.Database.SqlQuery<int>($"SELECT 1 / {by} AS \"Value\"").ToListAsync(Cancellation)
            },
            {
                "a statement past EF",
                (db, by) => Divide.FirstAsync(db.Database, [by], reader => reader.GetInt32(0).ToString(), Cancellation)
            },
            { "a query in a transaction", InTransactionAsync },
            { "what is written, the one", (db, by) => WriteAsync(db, by == 0, false) },
            { "what is written, the other", (db, by) => WriteAsync(db, false, by == 0) },
        };

    static readonly PreparedStatement Divide = new("SELECT 1 / $1");

    [Theory]
    [MemberData(nameof(Ways), DisableDiscoveryEnumeration = true)]
    public async Task Statement_that_failed_while_preparing_is_prepared_again(
        string _,
        Func<LightningDb, int, Task> ask
    )
    {
        await using var database = await server.CreateDatabaseAsync();
        foreach (var isTold in new[] { false, true })
        {
            using var services = Start(database, isTold);
            for (var time = 1; time < Prepares; time++)
                await AskAsync(services, ask, 1);
            var exception = await Should.ThrowAsync<Exception>(() => AskAsync(services, ask, 0));
            (exception as PostgresException ?? exception.InnerException as PostgresException)!.SqlState.ShouldBeOneOf(
                PostgresErrorCodes.DivisionByZero,
                PostgresErrorCodes.CharacterNotInRepertoire
            );
            for (var time = 0; time < Prepares; time++)
                await AskAsync(services, ask, 1);
        }
    }

    /// <summary>Fails when Npgsql is fixed; then remove the interceptor.</summary>
    [Fact]
    public async Task Npgsql_alone_misreads_a_statement_that_failed_while_preparing()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxAutoPrepare = 10, MaxPoolSize = 1 }
        );
        for (var time = 1; time < Prepares; time++)
            await DivideAsync(1);
        (await Should.ThrowAsync<PostgresException>(() => DivideAsync(0))).SqlState.ShouldBe(
            PostgresErrorCodes.DivisionByZero
        );
        (await Should.ThrowAsync<Exception>(() => DivideAsync(1))).Message.ShouldContain("unexpected backend message");

        async Task DivideAsync(int by)
        {
            await using var command = source.CreateCommand("SELECT 1 / $1");
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = by });
            await command.ExecuteScalarAsync(Cancellation);
        }
    }

    static async Task InTransactionAsync(LightningDb db, int by)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(Cancellation);
        await db.Database.SqlQuery<int>($"SELECT 2 / {by} AS \"Value\"").ToListAsync(Cancellation);
        await transaction.CommitAsync(Cancellation);
    }

    /// <summary>A batch of two statements; Postgres refuses a text with a zero character.</summary>
    static async Task WriteAsync(LightningDb db, bool isOneWrong, bool isOtherWrong)
    {
        db.Add(new DataProtectionKey { FriendlyName = isOneWrong ? "\0" : "key" });
        db.Add(new AuditEntry { At = DateTimeOffset.UtcNow, Action = isOtherWrong ? "\0" : "seen" });
        await db.SaveChangesAsync(Cancellation);
    }

    static async Task AskAsync(IHost host, Func<LightningDb, int, Task> ask, int by)
    {
        await using var scope = host.Services.CreateAsyncScope();
        await ask(scope.ServiceProvider.GetRequiredService<LightningDb>(), by);
    }

    /// <summary>A service with one connection to the database.</summary>
    static IHost Start(TestDatabase database, bool isTold)
    {
        var builder = Host.CreateApplicationBuilder(
            new HostApplicationBuilderSettings { EnvironmentName = Environments.Development }
        );
        builder.Configuration.AddInMemoryCollection([
            new(
                "ConnectionStrings:lightning",
                new NpgsqlConnectionStringBuilder(database.ConnectionString)
                {
                    MaxPoolSize = 1,
                    ApplicationName = $"told {isTold}",
                }.ConnectionString
            ),
            new("DataProtection:MasterKey", new string('z', 43) + "="),
        ]);
        builder.AddLightningData("api");
        if (isTold)
            builder.Services.AddRowSecurity();
        return builder.Build();
    }
}
