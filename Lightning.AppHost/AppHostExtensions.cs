using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>The two resources of the app model that depend on how the AppHost is started.</summary>
static class AppHostExtensions
{
    /// <summary>
    /// Adds the configured server; a container with <c>--postgres container</c> or when publishing; otherwise
    /// embedded PostgreSQL.
    /// </summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddDatabase(
        this IDistributedApplicationBuilder builder,
        bool isTemporary
    )
    {
        if (builder.Configuration.GetConnectionString("lightning") is { Length: > 0 })
            return builder.AddConnectionString("lightning");
        if (builder.ExecutionContext.IsPublishMode || builder.Configuration["postgres"] == "container")
        {
            var container = builder.AddPostgres("postgres", port: isTemporary ? null : 54320);
            if (!isTemporary)
                container.WithDataVolume();
            return container
                .WithRemedy("leave out `--postgres container` to use the embedded PostgreSQL")
                .AddDatabase("lightning");
        }
        var embedded = builder.AddEmbeddedPostgres("postgres", port: isTemporary ? null : 54320);
        if (builder.Configuration["data"] is { Length: > 0 } folder)
            embedded.WithDataFolder(folder);
        else if (!isTemporary)
            embedded.WithDataVolume();
        return embedded.AddDatabase("lightning");
    }

    /// <summary>Adds a secret that is generated at the first start and stored in the user secrets.</summary>
    public static IResourceBuilder<ParameterResource> AddSecret(
        this IDistributedApplicationBuilder builder,
        string name,
        int length = 32
    ) =>
        builder.AddParameter(
            name,
            new GenerateParameterDefault { MinLength = length, Special = false },
            secret: true,
            persist: true
        );
}
