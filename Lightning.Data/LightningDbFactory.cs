using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Data;

/// <summary>
/// Creates contexts outside a service's host: for <c>dotnet ef</c>, <c>Lightning.Manage</c> and tests.
/// </summary>
public sealed class LightningDbFactory : IDesignTimeDbContextFactory<LightningDb>
{
    static readonly ServiceProvider Services = new ServiceCollection()
        .Configure<IdentityOptions>(LightningDataExtensions.SetSchemaVersion)
        .BuildServiceProvider();

    /// <summary>A context for design time, which does not connect.</summary>
    public LightningDb CreateDbContext(string[] args) => Connect("Host=localhost;Database=lightning");

    /// <summary>A context over a connection string.</summary>
    public static LightningDb Connect(string connectionString) => new(Options(connectionString));

    /// <summary>The options of a context over a connection string.</summary>
    public static DbContextOptions<LightningDb> Options(string connectionString) =>
        (DbContextOptions<LightningDb>)
            new DbContextOptionsBuilder<LightningDb>()
                .UseNpgsql(connectionString)
                .UseApplicationServiceProvider(Services)
                .UseLightning()
                .Options;
}
