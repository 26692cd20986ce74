using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Postgres;
using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>Adds PostgreSQL servers and databases: the real package runs a container, this one the binaries of an npm package.</summary>
public static class PostgresBuilderExtensions
{
    /// <summary>Adds a server. Its superuser's password is the parameter named after it with <c>-password</c>, kept in the AppHost's user secrets.</summary>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        var secret = password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password");
        var server = builder.AddResource(new PostgresServerResource(name, userName?.Resource, secret))
            .WithEndpoint(PostgresServerResource.PrimaryEndpointName, endpoint =>
            {
                endpoint.Port = port;
                endpoint.TargetHost = "127.0.0.1";
                endpoint.PortSource = $"AddPostgres(\"{name}\", port: …) in the AppHost";
            });

        var data = new Lazy<DataFolder>(() => DataFolder.Of(server, server.ApplicationBuilder is DistributedApplicationBuilder { Options.Testing: true }));
        server.WithAnnotation(new LaunchAnnotation(context => PostgresLaunch.PrepareAsync(server.Resource, data.Value, context)));
        builder.Eventing.Subscribe<ResourceReadyEvent>(server.Resource, (_, cancellationToken) => Databases.CreateAsync(server.Resource, builder.Resources, cancellationToken));
        return WithCheck(server, () => new PostgresHealthCheck(server.Resource, server.Resource, "postgres", () => data.Value.Path));
    }

    /// <summary>Adds a database, which is created when the server has none of that name.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        var database = new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
        var added = builder.ApplicationBuilder.AddResource(database);
        builder.Resource.AddDatabase(database);
        return WithCheck(added, () => new PostgresHealthCheck(builder.Resource, database, database.DatabaseName, () => "its data folder"));
    }

    /// <summary>Keeps the data between runs, under a name made of the AppHost's.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(
        this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) =>
        Mount(builder, name ?? VolumeNameGenerator.Generate(builder, "data"), ContainerMountType.Volume, isReadOnly);

    /// <summary>Keeps the data in a folder, relative to the AppHost's.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataBindMount(
        this IResourceBuilder<PostgresServerResource> builder, string source, bool isReadOnly = false) =>
        Mount(builder, Path.GetFullPath(source, builder.ApplicationBuilder.AppHostDirectory), ContainerMountType.BindMount, isReadOnly);

    /// <summary>Says on which port others reach the server; none: on any free one.</summary>
    public static IResourceBuilder<PostgresServerResource> WithHostPort(this IResourceBuilder<PostgresServerResource> builder, int? port) =>
        builder.WithEndpoint(PostgresServerResource.PrimaryEndpointName, endpoint => endpoint.Port = port);

    /// <summary>Says what the superuser's password is.</summary>
    public static IResourceBuilder<PostgresServerResource> WithPassword(
        this IResourceBuilder<PostgresServerResource> builder, IResourceBuilder<ParameterResource> password)
    {
        builder.Resource.PasswordParameter = password.Resource;
        return builder;
    }

    /// <summary>Says what the superuser is called.</summary>
    public static IResourceBuilder<PostgresServerResource> WithUserName(
        this IResourceBuilder<PostgresServerResource> builder, IResourceBuilder<ParameterResource> userName)
    {
        builder.Resource.UserNameParameter = userName.Resource;
        return builder;
    }

    static IResourceBuilder<PostgresServerResource> Mount(
        IResourceBuilder<PostgresServerResource> builder, string source, ContainerMountType type, bool isReadOnly) => isReadOnly
        ? throw new DistributedApplicationException($"The data of '{builder.Resource.Name}' is to be read-only, which a Postgres server cannot work with: leave isReadOnly out.")
        : builder.WithAnnotation(new ContainerMountAnnotation(source, "/var/lib/postgresql/data", type, isReadOnly), ResourceAnnotationMutationBehavior.Replace);

    static IResourceBuilder<T> WithCheck<T>(IResourceBuilder<T> builder, Func<PostgresHealthCheck> check) where T : IResource
    {
        var key = $"{builder.Resource.Name}_check";
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => check(), HealthStatus.Unhealthy, tags: null));
        return builder.WithHealthCheck(key);
    }
}
