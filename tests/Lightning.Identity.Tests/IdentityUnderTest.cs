using System.Security.Cryptography;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Identity.Accounts;
using Lightning.Identity.BackChannel;
using Lightning.Identity.Mail;
using Lightning.Identity.Retention;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Identity.Tests;

/// <summary>
/// Identity with its own database and a fake clock. Tests read its mails from the outbox.
/// </summary>
public class IdentityUnderTest(PostgresServer server) : IAsyncLifetime
{
    public const string Password = "correct horse battery staple";
    public const string BffSecret = "the-secret-of-the-bff-the-secret-of-the-bff";
    public const string AdminSecret = "the-secret-of-the-admin-the-secret-of-the-admin";
    public const string App = "http://localhost:5100";
    public static readonly Uri Address = new(People.Issuer);
    public const int TestIterations = 1_000;
    static readonly Lazy<string> PasswordHash = new(() =>
        new PasswordHasher<Account>(
            Options.Create(new PasswordHasherOptions { IterationCount = TestIterations })
        ).HashPassword(new Account(), Password)
    );
    readonly string masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    readonly List<WebApplicationFactory<Program>> replicas = [];
    Uri? listening;

    public TestDatabase Database { get; private set; } = null!;

    public FixedClock Clock { get; } = new();

    public IServiceProvider Services => replicas[0].Services;

    /// <summary>Settings that a derived class changes.</summary>
    protected virtual IEnumerable<(string Key, string Value)> Settings => [];

    /// <summary>
    /// Whether passwords are hashed with the real cost. By default not, because many tests sign in.
    /// </summary>
    protected virtual bool IsAtFullCost => false;

    /// <summary>Services that a derived class changes.</summary>
    protected virtual void Configure(IServiceCollection services) { }

    public virtual async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        replicas.Add(Create());
    }

    WebApplicationFactory<Program> Create() =>
        new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            (string Key, string Value)[] settings =
            [
                ("ConnectionStrings:lightning", Database.ConnectionStringOf("identity")),
                ("DataProtection:MasterKey", masterKey),
                ("Identity:Issuer", People.Issuer),
                ("Identity:FormsPerMinute", "100000"),
                ("Identity:AttemptsPerMinute", "100000"),
                ("Identity:RequestsPerMinute", "1000000"),
                ("Identity:AttemptsPerHour", "100000"),
                ("Identity:CodesPerHour", "100000"),
                ("Identity:MailsPerHour", "100000"),
                ("Identity:HashesPerNetwork", "100000"),
                ("Identity:Clients:Bff:Secret", BffSecret),
                ("Identity:Clients:Bff:BaseUri", App),
                ("Identity:Clients:Admin:Secret", AdminSecret),
                ("Identity:Clients:Admin:BaseUri", "http://localhost:5103"),
                ("Identity:Clients:Public:RedirectUris:0", "http://127.0.0.1:7777/callback"),
                ("Smtp:Uri", "smtp://localhost:1"),
                ("Logging:LogLevel:Default", "Warning"),
                .. Settings,
            ];
            foreach (var (key, value) in settings)
                host.UseSetting(key, value);
            host.ConfigureTestServices(services =>
            {
                if (!IsAtFullCost)
                    services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = TestIterations);
                Configure(services);
                services.AddSingleton<TimeProvider>(Clock);
                // Tests send mails and delete expired rows themselves.
                foreach (
                    var worker in new[]
                    {
                        typeof(MailSender),
                        typeof(LogoutSender),
                        typeof(RetentionService),
                        typeof(ResetRequestService),
                        typeof(Organizations.InvitationSender),
                    }
                )
                    services.Remove(services.Single(service => service.ImplementationType == worker));
            });
        });

    /// <summary>Also listens on a port, for browsers and load.</summary>
    protected void Listen(int port)
    {
        replicas[0].UseKestrel(kestrel => kestrel.ListenLocalhost(port));
        replicas[0].StartServer();
        listening = new Uri($"http://localhost:{port}");
    }

    /// <summary>A browser without cookies.</summary>
    public Visitor Visitor() =>
        listening is null
            ? new(new Browser(replicas[0].Server.CreateHandler(), Address))
            : new(new Browser(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }, listening));

    /// <summary>A browser that talks to another process.</summary>
    public Visitor VisitorOfAnotherReplica()
    {
        replicas.Add(Create());
        return new(new Browser(replicas[^1].Server.CreateHandler(), Address));
    }

    /// <summary>A client without a browser.</summary>
    public HttpClient BackChannel() =>
        listening is null
            ? new(replicas[0].Server.CreateHandler()) { BaseAddress = Address }
            : new() { BaseAddress = listening };

    /// <summary>An HTTP client for another process with the same database and key.</summary>
    public HttpClient Replica()
    {
        replicas.Add(Create());
        return new(replicas[^1].Server.CreateHandler()) { BaseAddress = Address };
    }

    public RelyingParty Bff(Visitor visitor) =>
        new(this, visitor, "lightning-bff", BffSecret, $"{App}/bff/signin-oidc");

    public RelyingParty Admin(Visitor visitor) =>
        new(this, visitor, "lightning-admin", AdminSecret, "http://localhost:5103/signin-oidc");

    public RelyingParty Native(Visitor visitor) =>
        new(this, visitor, "lightning-public", null, "http://127.0.0.1:7777/callback");

    /// <summary>Adds a user with an account.</summary>
    public async Task<User> AddAccountAsync(string name)
    {
        var address = $"{name}@example.com";
        await using var db = Database.Connect();
        var user = await db.AddUserAsync(name);
        db.Accounts.Add(
            new Account
            {
                Id = user.Id,
                UserName = address,
                NormalizedUserName = address.ToUpperInvariant(),
                Email = address,
                NormalizedEmail = address.ToUpperInvariant(),
                EmailConfirmed = true,
                Name = name,
                PasswordHash = PasswordHash.Value,
                SecurityStamp = Guid.NewGuid().ToString(),
            }
        );
        await db.SaveChangesAsync();
        return user;
    }

    /// <summary>Adds a user with an account and signs them in.</summary>
    public async Task<(User User, Visitor Visitor)> SignedInAsync(string name)
    {
        var user = await AddAccountAsync(name);
        var visitor = Visitor();
        (await visitor.SignInAsync(user.Email)).StatusCode.ShouldBe(System.Net.HttpStatusCode.SeeOther);
        return (user, visitor);
    }

    /// <summary>The unsent mails to an address, oldest first.</summary>
    internal async Task<OutgoingMail[]> MailsAsync(string address)
    {
        await using var db = Database.Connect();
        var outbox = Services.GetRequiredService<MailOutbox>();
        return
        [
            .. (await db.Outbox.Where(row => row.Kind == OutboxMessage.Mail).OrderBy(row => row.Id).ToListAsync())
                .Select(outbox.Decrypt)
                .Where(mail => mail.To == address),
        ];
    }

    /// <summary>The link in the newest mail to an address, without the host.</summary>
    public async Task<string> LinkAsync(string address)
    {
        var link = (await MailsAsync(address))[^1]
            .Text.Split('\n')
            .Single(line => line.Contains("token=", StringComparison.Ordinal));
        return new Uri(link).PathAndQuery;
    }

    public async Task<bool> IsActiveAsync(Guid userId)
    {
        await using var db = Database.Connect();
        return await db.Sessions.AnyAsync(session => session.UserId == userId && session.EndedAt == null);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var replica in replicas)
            await replica.DisposeAsync();
        await Database.DisposeAsync();
    }
}
