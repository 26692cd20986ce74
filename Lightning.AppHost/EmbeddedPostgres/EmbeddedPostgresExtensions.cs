using EmbeddedPostgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Aspire.Hosting;

/// <summary>Adds PostgreSQL servers that need no container engine.</summary>
public static partial class EmbeddedPostgresExtensions
{
    /// <summary>Adds a server with temporary data, which <see cref="WithDataVolume"/> keeps instead.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="password">The superuser's password; if null, it is generated and stored in user secrets.</param>
    /// <param name="port">The TCP port on 127.0.0.1; if null, any free port.</param>
    public static IResourceBuilder<EmbeddedPostgresResource> AddEmbeddedPostgres(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<ParameterResource>? password = null,
        int? port = null
    )
    {
        var passwordParameter =
            password?.Resource
            ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(
                builder,
                $"{name}-password",
                special: false
            );
        var server = new EmbeddedPostgresResource(name, passwordParameter, PostgresCluster.Temporary(name));
        var listens = port ?? PostgresCluster.FreePort();
        var programs = "";

        string? connectionString = null;
        builder.Eventing.Subscribe<ConnectionStringAvailableEvent>(
            server,
            async (_, cancellationToken) =>
                connectionString =
                    await server.ConnectionStringExpression.GetValueAsync(cancellationToken) + ";Database=postgres"
        );
        builder.Services.AddHealthChecks().AddNpgSql(_ => connectionString!, name: $"{name}_check");
        builder.Eventing.Subscribe<ResourceReadyEvent>(
            server,
            (ready, cancellationToken) =>
                CreateDatabasesAsync(server, connectionString!, ready.Services, cancellationToken)
        );
        builder.Eventing.Subscribe<ResourceStoppedEvent>(
            server,
            (stopped, _) => PublishStateAsync(server, stopped.Services, KnownResourceStates.Exited)
        );

        return builder
            .AddResource(server)
            // Not proxied: a proxy would only add latency.
            .WithEndpoint(
                listens,
                listens,
                scheme: "tcp",
                name: EmbeddedPostgresResource.EndpointName,
                isProxied: false
            )
            .WithEndpoint(EmbeddedPostgresResource.EndpointName, endpoint => endpoint.TargetHost = "127.0.0.1")
            .WithHealthCheck($"{name}_check")
            .WithIconName("DatabaseMultiple")
            .ExcludeFromManifest()
            .OnBeforeResourceStarted(
                async (_, started, cancellationToken) =>
                    programs = await PrepareAsync(server, started.Services, cancellationToken)
            )
            .WithArgs(context =>
            {
                foreach (var argument in server.Cluster.ShellArguments(programs, listens))
                    context.Args.Add(argument);
            });
    }

    /// <summary>Keeps the data between runs, for this user.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="name">The volume's name; if null, derived from the AppHost's path and the resource's name.</param>
    public static IResourceBuilder<EmbeddedPostgresResource> WithDataVolume(
        this IResourceBuilder<EmbeddedPostgresResource> builder,
        string? name = null
    )
    {
        builder.Resource.Cluster = PostgresCluster.Volume(name ?? VolumeNameGenerator.Generate(builder, "data"));
        return builder.WithWorkingDirectory(builder.Resource.Cluster.Folder);
    }

    /// <summary>Keeps the data in a folder.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="folder">A path, relative to the AppHost's folder; created when missing.</param>
    public static IResourceBuilder<EmbeddedPostgresResource> WithDataFolder(
        this IResourceBuilder<EmbeddedPostgresResource> builder,
        string folder
    )
    {
        var path = Path.GetFullPath(folder, builder.ApplicationBuilder.AppHostDirectory);
        builder.Resource.Cluster = new PostgresCluster(path, IsTemporary: false);
        return builder.WithWorkingDirectory(path);
    }

    /// <summary>Adds a database, which is created if it does not exist.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="databaseName">The name of the database; if null, the resource's name.</param>
    public static IResourceBuilder<EmbeddedPostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<EmbeddedPostgresResource> builder,
        [ResourceName] string name,
        string? databaseName = null
    )
    {
        var database = new EmbeddedPostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
        builder.Resource.AddDatabase(database);
        return builder
            .ApplicationBuilder.AddResource(database)
            .WithIconName("Database")
            .ExcludeFromManifest()
            .WithInitialState(
                new()
                {
                    ResourceType = "PostgresDatabase",
                    State = KnownResourceStates.NotStarted,
                    Properties = [],
                }
            );
    }

    /// <summary>Installs PostgreSQL and creates the data folder if they are missing.</summary>
    /// <returns>The folder of the programs.</returns>
    static async Task<string> PrepareAsync(
        EmbeddedPostgresResource server,
        IServiceProvider services,
        CancellationToken cancellationToken
    )
    {
        var logger = services.GetRequiredService<ResourceLoggerService>().GetLogger(server);
        var lifetime = services.GetRequiredService<IHostApplicationLifetime>();
        lifetime.ApplicationStopped.Register(server.Cluster.Delete);
        await PublishStateAsync(server, services, KnownResourceStates.Waiting);
        try
        {
            var programs = await PostgresInstallation.EnsureAsync(Report, cancellationToken);
            var password = await server.PasswordParameter.GetValueAsync(cancellationToken);
            var passwordKey = $"Parameters:{server.PasswordParameter.Name}";
            await server.Cluster.EnsureAsync(programs, password!, passwordKey, Report, cancellationToken);
            return programs;
        }
        catch (EmbeddedPostgresException ex)
        {
            throw new DistributedApplicationException(ex.Message, ex);
        }

        void Report(string line) => LogReport(logger, line);
    }

    static async Task CreateDatabasesAsync(
        EmbeddedPostgresResource server,
        string connectionString,
        IServiceProvider services,
        CancellationToken cancellationToken
    )
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        foreach (var name in server.Databases.Select(database => database.DatabaseName))
        {
            await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection)
            {
                Parameters = { new() { Value = name } },
            };
            if (await exists.ExecuteScalarAsync(cancellationToken) is not null)
                continue;
            // The name cannot be a parameter of CREATE DATABASE, so it is quoted.
            await using var create = connection.CreateCommand();
            create.CommandText = $"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(name)}";
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        await PublishStateAsync(server, services, KnownResourceStates.Running);
    }

    /// <summary>Publishes the state of the databases: without it, resources would wait for them forever.</summary>
    static async Task PublishStateAsync(EmbeddedPostgresResource server, IServiceProvider services, string state)
    {
        var notifications = services.GetRequiredService<ResourceNotificationService>();
        foreach (var database in server.Databases)
            await notifications.PublishUpdateAsync(database, snapshot => snapshot with { State = state });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Line}")]
    static partial void LogReport(ILogger logger, string line);
}
