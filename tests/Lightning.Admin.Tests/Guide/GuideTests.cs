using Lightning.Admin.Audit;
using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Validation;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Guide;

/// <summary>The example in docs/admin.md is this code, and it is valid.</summary>
public class GuideTests
{
    [Theory]
    [InlineData("Ticket")]
    [InlineData("TicketPolicy")]
    [InlineData("TicketAdmin")]
    public void Guide_example_matches_the_compiled_code(string name)
    {
        var code = File.ReadAllText(Path.Combine(Repository.Root, "tests/Lightning.Admin.Tests/Guide", $"{name}.cs"));
        code = code[(code.IndexOf("Guide;", StringComparison.Ordinal) + 6)..].Trim();
        File.ReadAllText(Path.Combine(Repository.Root, "docs/admin.md")).ShouldContain(code);
    }

    [Fact]
    public void Guide_example_is_valid()
    {
        var services = new ServiceCollection();
        services.AddScoped<DbContext>(_ => new Tickets(
            new DbContextOptionsBuilder<Tickets>()
                .UseNpgsql("Host=localhost;Database=nowhere")
                .UseSnakeCaseNamingConvention()
                .Options
        ));
        services
            .AddSingleton<Registration, TicketAdmin>()
            .AddSingleton<Registration, People>()
            .AddSingleton<AdminSite>()
            .AddSingleton<IAuditLog>(new AdminAuditLog(new AuditPolicy(), new UserPolicy()))
            .AddSingleton<Policy<Ticket>, TicketPolicy>()
            .AddSingleton<Policy<User>, UserPolicy>();
        using var provider = services.BuildServiceProvider();
        using var scope = provider.CreateScope();
        RegistrationValidator
            .Errors(provider.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>())
            .ShouldBeEmpty();
    }

    sealed class People : AdminFor<User>
    {
        public People()
            : base("People") => List(user => user.Email).Search(user => user.Email).SmallTable();
    }

    sealed class Tickets(DbContextOptions<Tickets> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Ticket>(ticket => ticket.HasIndex(row => new { row.CreatedAt, row.Id }));
            modelBuilder.ApplyConfigurationsFromAssembly(
                typeof(LightningDb).Assembly,
                type => type.Name == "UserTable"
            );
        }
    }
}
