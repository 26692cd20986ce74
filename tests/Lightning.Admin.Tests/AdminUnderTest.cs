using System.Security.Cryptography;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Logging;

namespace Lightning.Admin.Tests;

/// <summary>The admin site with its own database and a fake provider.</summary>
public sealed class AdminUnderTest(PostgresServer server) : IAsyncLifetime
{
    public const string SessionCookie = "__Host-lightning-admin";
    WebApplicationFactory<Program>? factory;

    public TestDatabase Database { get; private set; } = null!;

    public FakeProvider Provider { get; private set; } = null!;

    public LogLines Log { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        Provider = await FakeProvider.StartAsync();
        factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            foreach (
                var (key, value) in new[]
                {
                    ("ConnectionStrings:lightning", Database.ConnectionStringOf("admin")),
                    ("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
                    ("Oidc:Authority", Provider.Issuer),
                    ("Oidc:ClientId", FakeProvider.ClientId),
                    ("Oidc:ClientSecret", FakeProvider.ClientSecret),
                    ("Acting:App", "http://localhost:5100"),
                }
            )
                host.UseSetting(key, value);
            host.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Log));
        });
    }

    public IServiceProvider Services => factory!.Services;

    /// <summary>A client without a browser, which follows no redirects.</summary>
    public HttpClient NewClient() =>
        new(factory!.Server.CreateHandler()) { BaseAddress = new Uri("http://localhost:5103") };

    /// <summary>A browser without cookies.</summary>
    public Browser NewBrowser() => new(factory!.Server.CreateHandler(), new Uri("http://localhost:5103"));

    /// <summary>A signed-in browser.</summary>
    public async Task<(User User, Session Session, Browser Browser)> SignInAsync(bool isAdmin)
    {
        var id = Guid.CreateVersion7();
        var now = DateTimeOffset.UtcNow;
        var user = new User
        {
            Id = id,
            Issuer = Provider.Issuer,
            Subject = id.ToString(),
            Email = $"{id:N}@example.com",
            Name = "Ada",
            IsAdmin = isAdmin,
            CreatedAt = now,
        };
        await using var db = Database.Connect();
        db.Users.Add(user);
        var session = await db.AddSessionAsync(user);
        (Provider.Subject, Provider.Sid) = (user.Id, session.Id);
        var browser = NewBrowser();
        using var page = await browser.FollowAsync("/login");
        browser.Cookie(SessionCookie).ShouldNotBeNull();
        return (user, session, browser);
    }

    /// <summary>Signs the user in again in the same browser and session, with an older authentication.</summary>
    public async Task SignInAgainAsync(Browser browser, Session session, TimeSpan authenticatedAgo)
    {
        (Provider.Subject, Provider.Sid) = (session.UserId, session.Id);
        var authTime = DateTimeOffset.UtcNow - authenticatedAgo;
        Provider.IdToken = claims => claims["auth_time"] = authTime.ToUnixTimeSeconds();
        using var page = await browser.FollowAsync("/login?prompt=login");
        Provider.IdToken = _ => { };
    }

    const string DamagedToken =
        "Error Microsoft.AspNetCore.Antiforgery.DefaultAntiforgery: An exception was thrown while deserializing";

    public async ValueTask DisposeAsync()
    {
        if (factory is not null)
            await factory.DisposeAsync();
        await Provider.DisposeAsync();
        await Database.DisposeAsync();
        // Framework warnings indicate bugs in our code, such as a limit without an order or an overridden header.
        // Those about tokens come from tests that send damaged ones.
        Log.All.Where(line =>
                !line.StartsWith("Information ", StringComparison.Ordinal)
                && !line.StartsWith(DamagedToken, StringComparison.Ordinal)
                && line.Split('\n')[0].Contains(" Microsoft.", StringComparison.Ordinal)
            )
            .ShouldBeEmpty();
    }
}
