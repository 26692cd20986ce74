using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Data;

/// <summary>Makes the context outside a service: for <c>dotnet ef</c>, for <c>Lightning.Manage</c> and for tests.</summary>
public sealed class LightningDbDesign : IDesignTimeDbContextFactory<LightningDb>
{
    static readonly ServiceProvider Services = new ServiceCollection().Configure<IdentityOptions>(LightningDataExtensions.SetSchemaVersion).BuildServiceProvider();

    /// <summary>A context that need not reach a database.</summary>
    public LightningDb CreateDbContext(string[] args) => Connect("Host=localhost;Database=lightning");

    /// <summary>A context over a connection string.</summary>
    public static LightningDb Connect(string connectionString) => new(Options(connectionString));

    /// <summary>What a context over a connection string is made of.</summary>
    public static DbContextOptions<LightningDb> Options(string connectionString) => (DbContextOptions<LightningDb>)new DbContextOptionsBuilder<LightningDb>()
        .UseNpgsql(connectionString).UseApplicationServiceProvider(Services).UseLightning().Options;
}
