using Lightning.Admin.Registrations;
using Lightning.Admin.Users;
using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Guide;

/// <summary>The example of docs/admin.md is this one, and it is sound.</summary>
public class GuideTests
{
    [Theory]
    [InlineData("Ticket")]
    [InlineData("TicketPolicy")]
    [InlineData("TicketAdmin")]
    public void Example_OfTheGuide_IsTheCodeThatIsCompiledHere(string name)
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Lightning.sln"))) root = Path.GetDirectoryName(root)!;
        var code = File.ReadAllText(Path.Combine(root, "tests/Lightning.Admin.Tests/Guide", $"{name}.cs"));
        code = code[(code.IndexOf("Guide;", StringComparison.Ordinal) + 6)..].Trim();
        File.ReadAllText(Path.Combine(root, "docs/admin.md")).ShouldContain(code);
    }

    [Fact]
    public void Example_WithOneEntityOnePolicyAndOneRegistration_IsSound()
    {
        var services = new ServiceCollection();
        services.AddScoped<DbContext>(_ => new Tickets(new DbContextOptionsBuilder<Tickets>().UseNpgsql("Host=localhost;Database=nowhere").UseSnakeCaseNamingConvention().Options));
        services.AddSingleton<Registration, TicketAdmin>().AddSingleton<Registration, People>().AddSingleton<AdminSite>()
            .AddSingleton<Policy<Ticket>, TicketPolicy>().AddSingleton<Policy<User>, UserPolicy>();
        using var provider = services.BuildServiceProvider();
        using var scope = provider.CreateScope();
        Soundness.Faults(provider.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldBeEmpty();
    }

    sealed class People : AdminFor<User>
    {
        public People() : base("People") => List(user => user.Email).Search(user => user.Email).Few();
    }

    sealed class Tickets(DbContextOptions<Tickets> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Ticket>(ticket => ticket.HasIndex(row => new { row.CreatedAt, row.Id }));
            modelBuilder.ApplyConfigurationsFromAssembly(typeof(LightningDb).Assembly, type => type.Name == "UserTable");
        }
    }
}
