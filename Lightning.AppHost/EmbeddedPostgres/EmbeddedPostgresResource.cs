namespace EmbeddedPostgres;

/// <summary>A PostgreSQL server that runs as a process of this machine, without a container engine.</summary>
public sealed class EmbeddedPostgresResource : ExecutableResource, IResourceWithConnectionString
{
    internal const string EndpointName = "tcp";

    readonly List<EmbeddedPostgresDatabaseResource> databases = [];

    internal EmbeddedPostgresResource(string name, ParameterResource password, PostgresCluster cluster)
        : base(name, "/bin/sh", cluster.Folder)
    {
        PasswordParameter = password;
        Cluster = cluster;
    }

    /// <summary>The superuser's password.</summary>
    public ParameterResource PasswordParameter { get; }

    /// <summary>The data folder; <c>WithDataVolume</c> and <c>WithDataFolder</c> change it.</summary>
    internal PostgresCluster Cluster { get; set; }

    /// <summary>The databases that are created on the server.</summary>
    public IReadOnlyList<EmbeddedPostgresDatabaseResource> Databases => databases;

    /// <summary>The endpoint of the server.</summary>
    public EndpointReference PrimaryEndpoint => new(this, EndpointName);

    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            var host = PrimaryEndpoint.Property(EndpointProperty.Host);
            var port = PrimaryEndpoint.Property(EndpointProperty.Port);
            return ReferenceExpression.Create(
                $"Host={host};Port={port};Username={PostgresCluster.UserName};Password={PasswordParameter}"
            );
        }
    }

    internal void AddDatabase(EmbeddedPostgresDatabaseResource database) => databases.Add(database);
}

/// <summary>A database of an embedded PostgreSQL server.</summary>
/// <param name="name">The resource's name.</param>
/// <param name="databaseName">The name of the database.</param>
/// <param name="server">The server.</param>
public sealed class EmbeddedPostgresDatabaseResource(string name, string databaseName, EmbeddedPostgresResource server)
    : Resource(name),
        IResourceWithParent<EmbeddedPostgresResource>,
        IResourceWithConnectionString
{
    /// <inheritdoc/>
    public EmbeddedPostgresResource Parent { get; } = server;

    /// <summary>The name of the database.</summary>
    public string DatabaseName { get; } = databaseName;

    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{Parent};Database={DatabaseName}");
}
