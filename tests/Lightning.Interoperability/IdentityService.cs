extern alias identity;

using System.Text.Json;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.Identity;

namespace Lightning.Interoperability;

/// <summary>Lightning.Identity on a port, with one account.</summary>
public sealed class IdentityService(PostgresServer server) : IAsyncLifetime
{
    public const string Email = "ada@example.com";
    public const string Password = "correct horse battery staple";
    public const string Secret = "a secret of 32 characters, or a few more";
    const string Native = "http://127.0.0.1:7777/callback";
    const string UpstreamClient = "the-app-at-the-upstream";
    Service<identity::Program>? service;
    FakeProvider? upstream;

    public TestDatabase Database { get; private set; } = null!;

    public string Issuer { get; private set; } = "";

    /// <summary>The address of the confidential client, which a test may listen on.</summary>
    public string App { get; } = $"http://localhost:{Ports.Free()}";

    /// <summary>The argument of a client script, as JSON.</summary>
    public string Describe(string scenario) =>
        JsonSerializer.Serialize(
            new
            {
                scenario,
                issuer = Issuer,
                email = Email,
                password = Password,
                clients = new
                {
                    confidential = new
                    {
                        id = "lightning-bff",
                        secret = Secret,
                        redirectUri = $"{App}/bff/signin-oidc",
                        signedOutUri = $"{App}/bff/signout-callback-oidc",
                    },
                    native = new { id = "lightning-public", redirectUri = Native },
                    service = new { id = "reports", secret = Secret },
                },
                upstream = new
                {
                    issuer = upstream!.Issuer,
                    id = UpstreamClient,
                    redirectUri = Native,
                },
            }
        );

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        var port = Ports.Free();
        Issuer = $"http://localhost:{port}";
        await AddAccountAsync();
        upstream = await FakeProvider.StartAsync();
        upstream.PublicClientId = UpstreamClient;
        upstream.IdToken = claims =>
            (claims["email"], claims["email_verified"], claims["name"]) = ("newcomer@example.org", true, "Newcomer");
        service = new Service<identity::Program>(
            "identity",
            port,
            Database,
            null,
            ("Identity:Issuer", Issuer),
            ("Identity:FormsPerMinute", "100000"),
            ("Identity:AttemptsPerMinute", "100000"),
            ("Identity:Clients:Bff:Secret", Secret),
            ("Identity:Clients:Bff:BaseUri", App),
            ("Identity:Clients:Admin:Secret", Secret),
            ("Identity:Clients:Admin:BaseUri", "http://localhost:5103"),
            ("Identity:Clients:Public:RedirectUris:0", Native),
            ("Identity:Clients:Reports:ClientId", "reports"),
            ("Identity:Clients:Reports:Secret", Secret),
            ("Identity:Clients:Reports:Scopes:0", "lightning"),
            ("Identity:Clients:Reports:GrantTypes:0", "client_credentials"),
            ("Identity:Upstream:Sky:Authority", upstream.Issuer),
            ("Identity:Upstream:Sky:ClientId", FakeProvider.ClientId),
            ("Identity:Upstream:Sky:ClientSecret", FakeProvider.ClientSecret),
            ("Identity:Upstream:Sky:Title", "Sky"),
            ("Identity:Upstream:Sky:AcceptedAudiences:0", UpstreamClient),
            ("Smtp:Uri", "smtp://localhost:1")
        );
    }

    async Task AddAccountAsync()
    {
        var account = new Account
        {
            Id = Guid.CreateVersion7(),
            UserName = Email,
            NormalizedUserName = Email.ToUpperInvariant(),
            Email = Email,
            NormalizedEmail = Email.ToUpperInvariant(),
            EmailConfirmed = true,
            Name = "Ada",
            SecurityStamp = Guid.NewGuid().ToString(),
        };
        account.PasswordHash = new PasswordHasher<Account>().HashPassword(account, Password);
        await using var db = Database.Connect();
        db.Accounts.Add(account);
        db.Users.Add(
            new User
            {
                Id = account.Id,
                Issuer = Issuer,
                Subject = account.Id.ToString(),
                Email = Email,
                EmailVerified = true,
                Name = "Ada",
                CreatedAt = DateTimeOffset.UtcNow,
            }
        );
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
            await service.DisposeAsync();
        if (upstream is not null)
            await upstream.DisposeAsync();
        await Database.DisposeAsync();
    }
}
