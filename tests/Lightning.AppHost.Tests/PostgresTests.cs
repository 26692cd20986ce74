using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Npgsql;

namespace Lightning.AppHost.Tests;

public sealed class PostgresTests
{
    [Fact]
    public async Task Server_WithDatabase_TakesConnectionsAndLeavesNothing()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddPostgres("postgres").WithDataVolume().AddDatabase("things");
        await using var app = await builder.BuildAsync(TestContext.Current.CancellationToken);
        await app.StartAsync(TestContext.Current.CancellationToken);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("things", TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage($"up {clock.Elapsed}");
        await using var connection = new NpgsqlConnection(await app.GetConnectionStringAsync("things", TestContext.Current.CancellationToken));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        connection.Database.ShouldBe("things");
        Console.WriteLine($"up {clock.Elapsed}");
        clock.Restart();
        await app.DisposeAsync();
        Console.WriteLine($"down {clock.Elapsed}");
    }
}
