using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Api.Tests;

/// <summary>The API with its own database, trusting an issuer whose key the tests have.</summary>
public sealed class ApiUnderTest(PostgresServer server) : IAsyncLifetime
{
    public static readonly ECDsaSecurityKey Key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "test" };
    WebApplicationFactory<Program>? factory;
    bool ownsDatabase = true;

    public TestDatabase Database { get; private set; } = null!;

    public PostgresServer Server => server;

    public LogLines Log { get; } = new();

    /// <summary>Middleware to run before the endpoints.</summary>
    public Action<IApplicationBuilder>? Extend { get; init; }

    /// <summary>The maximum size of the connection pool; 100 if null.</summary>
    public int? Pool { get; init; }

    /// <summary>Adds or replaces services.</summary>
    public Action<IServiceCollection>? Configure { get; init; }

    /// <summary>Additional settings.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether to use Kestrel on a socket instead of the test server, for its own limits.</summary>
    public bool IsOnSocket { get; init; }

    /// <summary>
    /// Whether undocumented responses are allowed. By default they fail the test.
    /// </summary>
    public bool AllowsUndocumentedResponses { get; init; }

    public async ValueTask InitializeAsync()
    {
        if (Database is null)
            Database = await server.CreateDatabaseAsync();
        factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseSetting(
                "ConnectionStrings:lightning",
                new NpgsqlConnectionStringBuilder(Database.ConnectionStringOf("api"))
                {
                    MaxPoolSize = Pool ?? 100,
                }.ConnectionString
            );
            host.UseSetting("Owner", Database.ConnectionString);
            if (Extend is not null)
                host.ConfigureTestServices(services => services.AddSingleton<IStartupFilter>(new Extension(Extend)));
            host.UseSetting("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            host.UseSetting("Oidc:Authority", People.Issuer);
            host.UseSetting("Api:Origins:0", CorsTests.Origin);
            // Replaces only the issuer's metadata, which would be fetched.
            host.ConfigureTestServices(services =>
                services.PostConfigure<JwtBearerOptions>(
                    JwtBearerDefaults.AuthenticationScheme,
                    bearer =>
                        bearer.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(
                            new OpenIdConnectConfiguration { Issuer = People.Issuer, SigningKeys = { Key } }
                        )
                )
            );
            host.ConfigureLogging(logging => logging.AddProvider(Log));
            if (Configure is not null)
                host.ConfigureTestServices(Configure);
            foreach (var (key, value) in Settings)
                host.UseSetting(key, value);
        });
        // Listen instead of a port number: with that the factory sometimes sets the addresses too late.
        if (IsOnSocket)
            factory.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
    }

    /// <summary>Starts another replica with the same database.</summary>
    public async Task<ApiUnderTest> ReplicateAsync()
    {
        var replica = new ApiUnderTest(server) { Database = Database, ownsDatabase = false };
        await replica.InitializeAsync();
        return replica;
    }

    public IServiceProvider Services => factory!.Services;

    /// <summary>A client without a token. It validates every response against the document.</summary>
    public HttpClient Anonymous()
    {
        var client = factory!.CreateDefaultClient(
            new ContractHandler { AllowsUndocumentedResponses = AllowsUndocumentedResponses }
        );
        if (IsOnSocket)
            client.BaseAddress = new Uri(
                Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
            );
        return client;
    }

    public HttpClient With(string token)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>
    /// Waits until sessions are cached: the cache is off after the start until the change feed is connected.
    /// </summary>
    public Task<TimeSpan> WaitForSessionCacheAsync() =>
        Wait.UntilAsync(async () => await Anonymous().GetStringAsync("/health/ready") == "Healthy");

    /// <summary>Creates a user with a session, and a client with their token.</summary>
    public async Task<Person> SignInAsync(string name, DateTimeOffset? endsAt = null, bool isAdmin = false)
    {
        await using var db = Database.Connect();
        var user = await db.AddUserAsync($"{name}-{Guid.NewGuid():N}", isAdmin);
        var session = await db.AddSessionAsync(user, endsAt);
        return new Person(user, session, With(Token(user, session)));
    }

    /// <summary>An administrator who acts as a person, and a client that bears the token of that.</summary>
    public async Task<Person> ImpersonateAsync(Person administrator, Person person, bool mayWrite = true)
    {
        await using var db = Database.Connect();
        var session = await db.AddImpersonationSessionAsync(person.User, administrator.Session, mayWrite);
        return new Person(
            person.User,
            session,
            With(
                Token(
                    person.User,
                    session,
                    token =>
                        token.Claims["act"] = new Dictionary<string, object> { ["sub"] = administrator.User.Subject }
                )
            )
        );
    }

    /// <summary>An access token as Identity issues it, with optional changes.</summary>
    public static string Token(User user, Session session, Action<SecurityTokenDescriptor>? change = null)
    {
        var descriptor = new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = People.Issuer,
            Audience = "lightning-api",
            IssuedAt = DateTime.UtcNow,
            NotBefore = DateTime.UtcNow,
            Expires = DateTime.UtcNow.AddMinutes(5),
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["sub"] = user.Subject,
                ["sid"] = session.Id.ToString(),
                ["scope"] = "openid lightning",
            },
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha256),
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    public async ValueTask DisposeAsync()
    {
        if (factory is not null)
            await factory.DisposeAsync();
        if (ownsDatabase)
            await Database.DisposeAsync();
        // Such as a query with a limit but without an order.
        Log.All.ShouldAllBe(line =>
            !line.StartsWith("Warning Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
        );
    }
}

/// <summary>Adds middleware at the front of the pipeline.</summary>
sealed class Extension(Action<IApplicationBuilder> extend) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
        app =>
        {
            extend(app);
            next(app);
        };
}

public sealed record Person(User User, Session Session, HttpClient Client);
