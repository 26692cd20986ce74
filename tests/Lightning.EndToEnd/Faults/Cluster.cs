using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Testing;

namespace Lightning.EndToEnd.Faults;

/// <summary>
/// The AppHost's model with three BFFs and two APIs, without front end and mailbox. Additional load balancers can take
/// replicas out of service. Each test repairs what it breaks.
/// </summary>
public sealed class Cluster : IAsyncLifetime
{
    const string Password = "correct horse battery staple";
    const string NativeCallback = "http://127.0.0.1/callback";
    static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(4);
    DistributedApplication? app;

    internal ClusterDatabase Postgres { get; private set; } = null!;

    internal ServiceProcess Identity { get; private set; } = null!;

    internal ServiceProcess Admin { get; private set; } = null!;

    internal ServiceProcess[] Bffs { get; private set; } = [];

    internal ServiceProcess[] Apis { get; private set; } = [];

    internal Balancer Front { get; } = new();

    internal Balancer Back { get; } = new();

    /// <summary>The address of the AppHost for all BFFs.</summary>
    internal Uri App => app!.GetEndpoint("bff", "http");

    /// <summary>The address of Identity for browsers, which is the issuer.</summary>
    internal Uri Provider => app!.GetEndpoint("identity", "http");

    /// <summary>The address of the admin site for browsers.</summary>
    internal Uri AdminSite => app!.GetEndpoint("admin", "http");

    public async ValueTask InitializeAsync()
    {
        using var timeout = new CancellationTokenSource(StartTimeout);
        // Ignore a connection string in user secrets.
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Lightning_AppHost>(
            ["--ConnectionStrings:lightning=", "--replicas", "2"],
            timeout.Token
        );
        IResourceBuilder<T> Resource<T>(string name)
            where T : IResource =>
            builder.CreateResourceBuilder(builder.Resources.OfType<T>().Single(resource => resource.Name == name));

        var port = Ports.Free();
        Resource<ExecutableResource>("mail").WithExplicitStart();
        Resource<ExecutableResource>("web").WithExplicitStart();
        Resource<ProjectResource>("bff")
            .WithReplicas(3)
            .WithEnvironment("services__api__http__0", Back.Address.GetLeftPart(UriPartial.Authority));
        // Without the orchestrator's proxy, which would accept connections while the provider is down.
        Resource<ProjectResource>("identity")
            .WithEndpoint(
                "http",
                endpoint => (endpoint.IsProxied, endpoint.Port, endpoint.TargetPort) = (false, port, port)
            )
            .WithEnvironment("Identity__Clients__Bff__BaseUri", Front.Address.GetLeftPart(UriPartial.Authority));
        // There is no dashboard: exporting to it would delay each stop.
        foreach (var service in builder.Resources.OfType<ProjectResource>())
            builder.CreateResourceBuilder(service).WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        app = await builder.BuildAsync(timeout.Token);
        await app.StartAsync(timeout.Token);
        Task<ServiceProcess[]> ProcessesAsync(string service, int count) =>
            ServiceProcess.OfAsync(app, service, count, timeout.Token);

        (Bffs, Apis) = (await ProcessesAsync("bff", 3), await ProcessesAsync("api", 2));
        (Identity, Admin) = ((await ProcessesAsync("identity", 1))[0], (await ProcessesAsync("admin", 1))[0]);
        Postgres = await ClusterDatabase.OfAsync(app, timeout.Token);
        foreach (var bff in Bffs)
            Front.Add(bff);
        foreach (var api in Apis)
            Back.Add(api);
    }

    /// <summary>Creates an account from a registration link and signs in at Identity.</summary>
    public async Task<Person> RegisterAsync(string name, bool isAdmin = false)
    {
        var (link, token) = AccountLink.Create(
            new(AccountLinkPurpose.Register, $"{name}@example.com") { Name = name, GrantsAdmin = isAdmin },
            DateTimeOffset.UtcNow
        );
        await using (var db = LightningDbFactory.Connect(Postgres.ConnectionString))
        {
            db.AccountLinks.Add(link);
            await db.SaveChangesAsync();
        }
        var person = new Person();
        var page = await person.OpenAsync($"{Provider}account/password?token={token}");
        (await person.SubmitAsync(page, ("Name", name), ("Password", Password))).Status.ShouldBe(HttpStatusCode.OK);
        return person;
    }

    /// <summary>Signs in to the app through the load balancer, with each step at any replica.</summary>
    internal async Task<Session> SignInAsync(string name)
    {
        var person = await RegisterAsync(name);
        await person.OpenAsync(new Uri(Front.Address, "/bff/login?returnUrl=/health/live").ToString());
        var cookie = person.Cookie(Front.Address, "__Host-lightning").ShouldNotBeNull();
        var session = new Session(person, cookie);
        using var user = await session.SendAsync(Front.Address, "/bff/user?slide=false");
        var view = await user.Content.ReadFromJsonAsync<JsonElement>();
        return session with
        {
            Sid = view.GetProperty("session").GetProperty("id").GetGuid(),
            UserId = view.GetProperty("id").GetGuid(),
        };
    }

    /// <summary>An access token for the user's session at Identity, obtained by the public client with PKCE.</summary>
    public async Task<string> AccessTokenAsync(Person person)
    {
        var verifier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var challenge = Convert
            .ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))
            .TrimEnd('=')
            .Replace('+', '-')
            .Replace('/', '_');
        var next = await LocationAsync(
            person,
            HttpMethod.Get,
            new Uri(
                Provider,
                "/connect/authorize?client_id=lightning-public&response_type=code&scope=openid%20lightning"
                    + $"&redirect_uri={Uri.EscapeDataString(NativeCallback)}&state=abcdefgh12345678"
                    + $"&nonce=12345678abcdefgh&code_challenge={challenge}&code_challenge_method=S256"
            )
        );
        // A native app asks for consent once.
        if (next.AbsolutePath == "/account/consent")
        {
            var (action, fields) = (await person.OpenAsync(next.ToString())).Form();
            var resumed = await LocationAsync(person, HttpMethod.Post, action, new FormUrlEncodedContent(fields));
            next = await LocationAsync(person, HttpMethod.Get, resumed);
        }
        var code = HttpUtility.ParseQueryString(next.Query)["code"].ShouldNotBeNull();
        using var client = new HttpClient();
        using var answer = await client.PostAsync(
            new Uri(Provider, "/connect/token"),
            new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    ["client_id"] = "lightning-public",
                    ["grant_type"] = "authorization_code",
                    ["code"] = code,
                    ["redirect_uri"] = NativeCallback,
                    ["code_verifier"] = verifier,
                }
            )
        );
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString()!;
    }

    /// <summary>Where a response redirects to.</summary>
    static async Task<Uri> LocationAsync(Person person, HttpMethod method, Uri address, HttpContent? content = null)
    {
        using var response = await person.FetchAsync(method, address.ToString(), content);
        return new Uri(address, response.Headers.Location.ShouldNotBeNull());
    }

    /// <summary>Calls an API replica with a token.</summary>
    internal static async Task<HttpStatusCode> CallAsync(ServiceProcess api, string accessToken)
    {
        using var client = new HttpClient
        {
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) },
        };
        using var answer = await client.GetAsync(new Uri(api.Address, "/api/v1/notes"));
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
        await Front.DisposeAsync();
        await Back.DisposeAsync();
    }
}

/// <summary>A signed-in user and their cookie. Each request uses a new connection, to any replica.</summary>
sealed record Session(Person Person, string Cookie)
{
    static readonly HttpClient Client = new(
        new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.Zero,
        }
    )
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    public Guid Sid { get; init; }

    public Guid UserId { get; init; }

    public async Task<HttpResponseMessage> SendAsync(Uri address, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, path))
        {
            Headers = { { "X-CSRF", "1" }, { "Cookie", $"__Host-lightning={Cookie}" } },
        };
        return await Client.SendAsync(request);
    }

    public async Task<HttpStatusCode> StatusAsync(Uri address, string path = "/api/v1/notes")
    {
        using var answer = await SendAsync(address, path);
        return answer.StatusCode;
    }
}
