using System.Collections.Concurrent;
using System.Diagnostics;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lightning.Data.Tests;

/// <summary>The parts of Aspire's <c>AddNpgsqlDbContext</c> that the services rely on.</summary>
public sealed class DatabaseComponentTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Statement_with_an_exporter_is_one_span()
    {
        await using var database = await server.CreateDatabaseAsync();
        var spans = new Spans();
        var builder = Builder(database);
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1";
        builder.AddLightningData("api");
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(spans));
        using var host = builder.Build();
        host.Services.GetRequiredService<TracerProvider>();

        await using var scope = host.Services.CreateAsyncScope();
        await scope
            .ServiceProvider.GetRequiredService<LightningDb>()
            .Database.SqlQuery<int>($"SELECT 4711 AS \"Value\"")
            .ToListAsync(Cancellation);

        spans.Statements.Count(statement => statement.Contains("4711", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task Service_without_an_exporter_records_nothing()
    {
        await using var database = await server.CreateDatabaseAsync();
        var builder = Builder(database);
        builder.AddLightningData("api");
        using var host = builder.Build();

        host.Services.GetService<TracerProvider>().ShouldBeNull();
        host.Services.GetService<MeterProvider>().ShouldBeNull();
    }

    [Fact]
    public async Task Database_health_check_follows_the_database()
    {
        await using var database = await server.CreateDatabaseAsync();
        foreach (
            var (connection, expected) in new[]
            {
                (database.ConnectionString, HealthStatus.Healthy),
                ("Host=127.0.0.1;Port=1;Username=x;Database=lightning", HealthStatus.Unhealthy),
            }
        )
        {
            var builder = Builder(database);
            builder.Configuration["ConnectionStrings:lightning"] = connection;
            builder.AddLightningData("api");
            using var host = builder.Build();

            var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);

            report.Entries.ShouldHaveSingleItem().Key.ShouldBe(nameof(LightningDb));
            report.Status.ShouldBe(expected);
        }
    }

    [Fact]
    public async Task Context_is_pooled_and_does_not_retry()
    {
        await using var database = await server.CreateDatabaseAsync();
        var builder = Builder(database);
        builder.AddLightningData("api");
        using var host = builder.Build();

        LightningDb first;
        await using (var scope = host.Services.CreateAsyncScope())
            first = scope.ServiceProvider.GetRequiredService<LightningDb>();
        await using var next = host.Services.CreateAsyncScope();

        next.ServiceProvider.GetRequiredService<LightningDb>().ShouldBeSameAs(first);
        first.Database.CreateExecutionStrategy().RetriesOnFailure.ShouldBeFalse();
    }

    [Fact]
    public async Task ConnectionString_set_after_registration_is_ignored()
    {
        await using var database = await server.CreateDatabaseAsync();
        var builder = Builder(database);
        builder.AddLightningData("api");
        builder.Configuration["ConnectionStrings:lightning"] = "Host=127.0.0.1;Port=1;Username=x;Database=lightning";
        using var host = builder.Build();

        await using var scope = host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
        (await db.Database.CanConnectAsync(Cancellation)).ShouldBeTrue();
    }

    static HostApplicationBuilder Builder(TestDatabase database)
    {
        var settings = new HostApplicationBuilderSettings { EnvironmentName = Environments.Development };
        var builder = Host.CreateApplicationBuilder(settings);
        builder.Configuration.AddInMemoryCollection([
            new("ConnectionStrings:lightning", database.ConnectionString),
            new("DataProtection:MasterKey", new string('z', 43) + "="),
        ]);
        return builder;
    }

    sealed class Spans : BaseProcessor<Activity>
    {
        public ConcurrentQueue<string> Statements { get; } = new();

        public override void OnEnd(Activity data)
        {
            if (data.Source.Name == "Npgsql" && data.GetTagItem("db.query.text") is string statement)
                Statements.Enqueue(statement);
        }
    }
}
