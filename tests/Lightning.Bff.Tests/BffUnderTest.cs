using System.Net;
using System.Security.Cryptography;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Bff.Tests;

/// <summary>
/// The BFF on a real port with its own database, a fake provider and a fake API.
/// </summary>
public sealed class BffUnderTest(PostgresServer server) : IAsyncLifetime
{
    readonly string masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    readonly List<IDisposable> started = [];
    readonly Dictionary<Uri, Replica> replicas = [];

    public TestDatabase Database { get; private set; } = null!;

    public FakeProvider Provider { get; private set; } = null!;

    public FakeApi Api { get; private set; } = null!;

    public FixedClock Clock { get; } = new();

    public LogLines Log { get; } = new();

    /// <summary>The address of the first replica.</summary>
    public Uri Address { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        Provider = await FakeProvider.StartAsync();
        Api = await FakeApi.StartAsync();
        Address = Start();
    }

    /// <summary>Starts another replica with the same database and keys.</summary>
    public Uri Start(params (string Key, string Value)[] settings)
    {
        var replica = new Replica(
            Clock,
            Log,
            [
                ("ConnectionStrings:lightning", Database.ConnectionStringOf("bff")),
                ("DataProtection:MasterKey", masterKey),
                ("Oidc:Authority", Provider.Issuer),
                ("Oidc:ClientId", FakeProvider.ClientId),
                ("Oidc:ClientSecret", FakeProvider.ClientSecret),
                ("services:api:http:0", Api.Address),
                ("Acting:AdminSite", "http://localhost:5103"),
                .. settings,
            ]
        );
        started.Add(replica);
        var address = replica.Start();
        replicas[address] = replica;
        return address;
    }

    /// <summary>Shuts a replica down gracefully.</summary>
    public async Task StopAsync(Uri address)
    {
        replicas.Remove(address, out var replica);
        started.Remove(replica!);
        await replica!.DisposeAsync();
    }

    /// <summary>The services of a replica.</summary>
    public IServiceProvider ServicesOf(Uri address) => replicas[address].Services;

    public Browser NewBrowser(Uri? address = null) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }, address ?? Address);

    /// <summary>Adds a user with a session at the provider. The provider signs this user in from now on.</summary>
    public async Task<(User User, Session Session)> AddPersonAsync(string name = "ada")
    {
        var now = Clock.GetUtcNow();
        var id = Guid.CreateVersion7();
        var user = new User
        {
            Id = id,
            Issuer = Provider.Issuer,
            Subject = id.ToString(),
            Email = $"{name}@example.com",
            EmailVerified = true,
            Name = name,
            CreatedAt = now,
        };
        var session = new Session
        {
            Id = Guid.CreateVersion7(),
            Issuer = Provider.Issuer,
            UserId = id,
            CreatedAt = now,
            AuthTime = now,
            LastSeenAt = now,
            EndsAt = now.AddDays(30),
            Methods = ["pwd"],
        };
        await using var db = Database.Connect();
        db.AddRange(user, session);
        await db.SaveChangesAsync();
        (Provider.Subject, Provider.Sid) = (user.Id, session.Id);
        return (user, session);
    }

    /// <summary>Adds a user and signs in.</summary>
    public async Task<SignedIn> SignInAsync(Uri? address = null)
    {
        var (user, session) = await AddPersonAsync();
        var browser = NewBrowser(address);
        await SignInAsync(browser);
        return new SignedIn(browser, user, session);
    }

    /// <summary>Signs the user in with another browser and another session at the provider.</summary>
    public async Task<SignedIn> SignInAgainAsync(User user, Uri? address = null)
    {
        await using var db = Database.Connect();
        var session = await db.AddSessionAsync(user);
        (Provider.Subject, Provider.Sid) = (user.Id, session.Id);
        var browser = NewBrowser(address);
        await SignInAsync(browser);
        return new SignedIn(browser, user, session);
    }

    /// <summary>Performs the sign-in.</summary>
    public static async Task SignInAsync(Browser browser, string returnUrl = "/")
    {
        using var page = await browser.FollowAsync($"/bff/login?returnUrl={Uri.EscapeDataString(returnUrl)}");
        browser.Cookie(SessionCookie).ShouldNotBeNull();
    }

    /// <summary>Signs the user in again in the same browser and session.</summary>
    public async Task ReauthenticateAsync(SignedIn person)
    {
        (Provider.Subject, Provider.Sid, Provider.Clock) = (person.User.Id, person.Session.Id, Clock);
        using var page = await person.Browser.FollowAsync("/bff/login?prompt=login");
    }

    public const string SessionCookie = "__Host-lightning";

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in started)
            replica.Dispose();
        await Api.DisposeAsync();
        await Provider.DisposeAsync();
        await Database.DisposeAsync();
    }

    sealed class Replica(FixedClock clock, LogLines log, (string Key, string Value)[] settings)
        : WebApplicationFactory<Program>
    {
        public Uri Start()
        {
            // Not with UseKestrel(port): then the factory sometimes sets the addresses after the server has started.
            UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            StartServer();
            return new Uri(
                Services
                    .GetRequiredService<IServer>()
                    .Features.Get<IServerAddressesFeature>()!
                    .Addresses.First()
                    .Replace("[::]", "127.0.0.1", StringComparison.Ordinal)
            );
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseUrls("http://127.0.0.1:0");
            foreach (var (key, value) in settings)
                builder.UseSetting(key, value);
            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(log));
            builder.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(clock));
        }
    }
}

public sealed record SignedIn(Browser Browser, User User, Session Session) : IDisposable
{
    public Task<HttpResponseMessage> FetchAsync(string uri) => Browser.FetchAsync(HttpMethod.Get, uri);

    public async Task<HttpStatusCode> StatusOfAsync(string uri = "/bff/user?slide=false")
    {
        using var answer = await FetchAsync(uri);
        return answer.StatusCode;
    }

    public void Dispose() => Browser.Dispose();
}
