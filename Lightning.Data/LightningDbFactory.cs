using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Data.Users;
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
    public LightningDb CreateDbContext(string[] args) => ConnectForMigrations("Host=localhost;Database=lightning");

    /// <summary>
    /// A context that makes, checks and applies migrations: its model has the row-level security of the policies.
    /// </summary>
    public static LightningDb ConnectForMigrations(string connectionString)
    {
        var options = new DbContextOptionsBuilder<LightningDb>(Options(connectionString));
        options.UseRowSecurityMigrations(
            other => new LightningDb(other),
            new RowSecurityTarget(Role: "lightning_api", Schema: "app"),
            new NotePolicy(),
            new NoteSharePolicy(),
            new DeletedNotePolicy(),
            new UserPolicy(),
            new OrganizationPolicy(),
            new MembershipPolicy(),
            new InvitationPolicy()
        );
        return new(options.Options);
    }

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
