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
/// The AppHost's own model with three BFFs and two APIs, without the front end and the mailbox, which nobody asks for here. Balancers stand before the
/// replicas besides the AppHost's own address, because they can be told to send nobody to one. What a test breaks, it mends.
/// </summary>
public sealed class Cluster : IAsyncLifetime
{
    const string Password = "correct horse battery staple";
    const string NativeCallback = "http://127.0.0.1/callback";
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    DistributedApplication? app;

    internal ClusterDatabase Postgres { get; private set; } = null!;

    internal ServiceProcess Identity { get; private set; } = null!;

    internal ServiceProcess Admin { get; private set; } = null!;

    internal ServiceProcess[] Bffs { get; private set; } = [];

    internal ServiceProcess[] Apis { get; private set; } = [];

    internal Balancer Front { get; } = new();

    internal Balancer Back { get; } = new();

    /// <summary>The one address that the AppHost gives the BFFs.</summary>
    internal Uri App => app!.GetEndpoint("bff", "http");

    /// <summary>Identity as browsers reach it: the issuer.</summary>
    internal Uri Provider => app!.GetEndpoint("identity", "http");

    /// <summary>The admin site as browsers reach it.</summary>
    internal Uri AdminSite => app!.GetEndpoint("admin", "http");

    public async ValueTask InitializeAsync()
    {
        using var timeout = new CancellationTokenSource(Patience);
        // Never a developer's own server, should one be configured.
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Lightning_AppHost>(["--ConnectionStrings:lightning=", "--replicas", "2"], timeout.Token);
        IResourceBuilder<T> Resource<T>(string name) where T : IResource => builder.CreateResourceBuilder(builder.Resources.OfType<T>().Single(resource => resource.Name == name));

        var port = Ports.Free();
        Resource<ExecutableResource>("mail").WithExplicitStart();
        Resource<ExecutableResource>("web").WithExplicitStart();
        Resource<ProjectResource>("bff").WithReplicas(3).WithEnvironment("services__api__http__0", Back.Address.GetLeftPart(UriPartial.Authority));
        // Past the orchestrator's proxy, which would hold connections to a dead provider instead of refusing them.
        Resource<ProjectResource>("identity")
            .WithEndpoint("http", endpoint => (endpoint.IsProxied, endpoint.Port, endpoint.TargetPort) = (false, port, port))
            .WithEnvironment("Identity__Clients__Bff__BaseUri", Front.Address.GetLeftPart(UriPartial.Authority));
        // There is no dashboard here: what is sent to nobody would hold up every stop.
        foreach (var service in builder.Resources.OfType<ProjectResource>())
            builder.CreateResourceBuilder(service).WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        app = await builder.BuildAsync(timeout.Token);
        await app.StartAsync(timeout.Token);
        Task<ServiceProcess[]> ProcessesAsync(string service, int count) => ServiceProcess.OfAsync(app, service, count, timeout.Token);

        (Bffs, Apis) = (await ProcessesAsync("bff", 3), await ProcessesAsync("api", 2));
        (Identity, Admin) = ((await ProcessesAsync("identity", 1))[0], (await ProcessesAsync("admin", 1))[0]);
        Postgres = await ClusterDatabase.OfAsync(app, timeout.Token);
        foreach (var bff in Bffs) Front.PutBack(bff);
        foreach (var api in Apis) Back.PutBack(api);
    }

    /// <summary>A new account, signed in at Identity: what a mailed link leads to.</summary>
    public async Task<Person> RegisterAsync(string name, bool isAdmin = false)
    {
        var (link, token) = AccountLink.Create(AccountLinkPurpose.Register, $"{name}@example.com", name, DateTimeOffset.UtcNow, isAdmin);
        await using (var db = LightningDbDesign.Connect(Postgres.ConnectionString))
        {
            db.AccountLinks.Add(link);
            await db.SaveChangesAsync();
        }
        var person = new Person();
        var page = await person.OpenAsync($"{Provider}account/password?token={token}");
        (await person.SubmitAsync(page, ("Name", name), ("Password", Password))).Status.ShouldBe(HttpStatusCode.OK);
        return person;
    }

    /// <summary>Signed in to the app by the balancer, each step at whichever replica.</summary>
    internal async Task<Session> SignInAsync(string name)
    {
        var person = await RegisterAsync(name);
        await person.OpenAsync(new Uri(Front.Address, "/bff/login?returnUrl=/health/live").ToString());
        var cookie = person.Cookie(Front.Address, "__Host-lightning").ShouldNotBeNull();
        var session = new Session(person, cookie);
        using var user = await session.SendAsync(Front.Address, "/bff/user?slide=false");
        var view = await user.Content.ReadFromJsonAsync<JsonElement>();
        return session with { Sid = view.GetProperty("session").GetProperty("id").GetGuid(), UserId = view.GetProperty("id").GetGuid() };
    }

    /// <summary>An access token of the person's session at Identity, as an app with PKCE of its own gets it.</summary>
    public async Task<string> AccessTokenAsync(Person person)
    {
        var verifier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var challenge = Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        using var authorized = await person.FetchAsync(HttpMethod.Get, $"{Provider}connect/authorize?client_id=lightning-public&response_type=code&scope=openid%20lightning"
            + $"&redirect_uri={Uri.EscapeDataString(NativeCallback)}&state=abcdefgh12345678&nonce=12345678abcdefgh&code_challenge={challenge}&code_challenge_method=S256");
        var code = HttpUtility.ParseQueryString(authorized.Headers.Location.ShouldNotBeNull().Query)["code"].ShouldNotBeNull();
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(Provider, "/connect/token"), new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = "lightning-public",
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = NativeCallback,
            ["code_verifier"] = verifier,
        }));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString()!;
    }

    /// <summary>A call of an API with a token.</summary>
    internal static async Task<HttpStatusCode> CallAsync(ServiceProcess api, string accessToken)
    {
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) } };
        using var answer = await client.GetAsync(new Uri(api.Address, "/api/v1/notes"));
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
        await Front.DisposeAsync();
        await Back.DisposeAsync();
    }
}

/// <summary>A cookie and whose it is, asked for at any replica by connections that are used once.</summary>
sealed record Session(Person Person, string Cookie)
{
    static readonly HttpClient Client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(60) };

    public Guid Sid { get; init; }

    public Guid UserId { get; init; }

    public async Task<HttpResponseMessage> SendAsync(Uri address, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, path)) { Headers = { { "X-CSRF", "1" }, { "Cookie", $"__Host-lightning={Cookie}" } } };
        return await Client.SendAsync(request);
    }

    public async Task<HttpStatusCode> StatusAsync(Uri address, string path = "/api/v1/notes")
    {
        using var answer = await SendAsync(address, path);
        return answer.StatusCode;
    }
}
