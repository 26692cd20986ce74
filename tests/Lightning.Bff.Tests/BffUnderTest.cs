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

/// <summary>The BFF on a real port, over a database of its own, between a provider and an API that the tests hold.</summary>
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

    /// <summary>Where the first replica stands.</summary>
    public Uri Address { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        Provider = await FakeProvider.StartAsync();
        Api = await FakeApi.StartAsync();
        Address = Start();
    }

    /// <summary>Starts a replica: the same database and keys, another process as far as it can tell.</summary>
    public Uri Start(params (string Key, string Value)[] settings)
    {
        var replica = new Replica(Clock, Log, [
            ("ConnectionStrings:lightning", Database.ConnectionStringOf("bff")),
            ("DataProtection:MasterKey", masterKey),
            ("Oidc:Authority", Provider.Issuer),
            ("Oidc:ClientId", FakeProvider.ClientId),
            ("Oidc:ClientSecret", FakeProvider.ClientSecret),
            ("services:api:http:0", Api.Address),
            ("Acting:AdminSite", "http://localhost:5103"),
            .. settings]);
        started.Add(replica);
        var address = replica.Start();
        replicas[address] = replica;
        return address;
    }

    /// <summary>Stops a replica as an orderly shut-down does.</summary>
    public async Task StopAsync(Uri address)
    {
        replicas.Remove(address, out var replica);
        started.Remove(replica!);
        await replica!.DisposeAsync();
    }

    /// <summary>What is inside a replica.</summary>
    public IServiceProvider ServicesOf(Uri address) => replicas[address].Services;

    public Browser NewBrowser(Uri? address = null) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }, address ?? Address);

    /// <summary>A person with an account and a session at the provider, whom the provider signs in from now on.</summary>
    public async Task<(User User, Session Session)> AddPersonAsync(string name = "ada")
    {
        var now = Clock.GetUtcNow();
        var id = Guid.CreateVersion7();
        var user = new User { Id = id, Issuer = Provider.Issuer, Subject = id.ToString(), Email = $"{name}@example.com", EmailVerified = true, Name = name, CreatedAt = now };
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

    /// <summary>A new person's browser, signed in.</summary>
    public async Task<SignedIn> SignInAsync(Uri? address = null)
    {
        var (user, session) = await AddPersonAsync();
        var browser = NewBrowser(address);
        await SignInAsync(browser);
        return new SignedIn(browser, user, session);
    }

    /// <summary>Another browser of the same person, with a session of its own at the provider.</summary>
    public async Task<SignedIn> SignInAgainAsync(User user)
    {
        await using var db = Database.Connect();
        var session = await db.AddSessionAsync(user);
        (Provider.Subject, Provider.Sid) = (user.Id, session.Id);
        var browser = NewBrowser();
        await SignInAsync(browser);
        return new SignedIn(browser, user, session);
    }

    /// <summary>Goes through the whole sign-in.</summary>
    public static async Task SignInAsync(Browser browser, string returnUrl = "/")
    {
        using var page = await browser.FollowAsync($"/bff/login?returnUrl={Uri.EscapeDataString(returnUrl)}");
        browser.Cookie(SessionCookie).ShouldNotBeNull();
    }

    public const string SessionCookie = "__Host-lightning";

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in started) replica.Dispose();
        await Api.DisposeAsync();
        await Provider.DisposeAsync();
        await Database.DisposeAsync();
    }

    sealed class Replica(FixedClock clock, LogLines log, (string Key, string Value)[] settings) : WebApplicationFactory<Program>
    {
        public Uri Start()
        {
            // Not by a port's number: for that the factory sets the addresses by itself, now and then only when the server has begun to listen.
            UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            StartServer();
            return new Uri(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal));
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseUrls("http://127.0.0.1:0");
            foreach (var (key, value) in settings) builder.UseSetting(key, value);
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
