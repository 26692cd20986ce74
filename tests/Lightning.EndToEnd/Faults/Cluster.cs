using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Testing;

namespace Lightning.EndToEnd.Faults;

/// <summary>The services as processes over a Postgres of their own: three BFFs and two APIs behind balancers, Identity, the admin site. What a test breaks, it mends.</summary>
public sealed class Cluster : IAsyncLifetime
{
    const string Password = "correct horse battery staple";
    const string NativeCallback = "http://127.0.0.1/callback";
    readonly Dictionary<string, string> secrets = [];

    internal StoppablePostgres Postgres { get; } = new();

    internal ServiceProcess Identity { get; private set; } = null!;

    internal ServiceProcess Admin { get; private set; } = null!;

    internal ServiceProcess[] Bffs { get; private set; } = [];

    internal ServiceProcess[] Apis { get; private set; } = [];

    internal Balancer Front { get; private set; } = null!;

    internal Balancer Back { get; private set; } = null!;

    IEnumerable<ServiceProcess> All => [Identity, Admin, .. Bffs, .. Apis];

    public async ValueTask InitializeAsync()
    {
        await Postgres.StartAsync();
        await Postgres.MigrateAsync();
        var ports = Ports.Free(7);
        (Front, Back) = (new Balancer(ports[2..5]), new Balancer(ports[5..7]));
        var issuer = $"http://127.0.0.1:{ports[0]}";
        Identity = Service("Identity", ports[0], [], issuer, ("Identity__Issuer", issuer), ("Smtp__Uri", "smtp://127.0.0.1:1"),
            ("Identity__Clients__Bff__Secret", SecretOf("bff")), ("Identity__Clients__Bff__BaseUri", Front.Address.GetLeftPart(UriPartial.Authority)),
            ("Identity__Clients__Admin__Secret", SecretOf("admin")), ("Identity__Clients__Admin__BaseUri", $"http://127.0.0.1:{ports[1]}"));
        Admin = Service("Admin", ports[1], [("Oidc__ClientSecret", SecretOf("admin"))], issuer);
        Bffs = [.. ports[2..5].Select(port => Service("Bff", port, [("Oidc__ClientSecret", SecretOf("bff")), ("services__api__http__0", Back.Address.GetLeftPart(UriPartial.Authority))], issuer))];
        Apis = [.. ports[5..7].Select(port => Service("Api", port, [], issuer))];
        await Task.WhenAll(All.Select(service => service.StartAsync()));
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
        var page = await person.OpenAsync($"{Identity.Address}account/password?token={token}");
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
        using var authorized = await person.FetchAsync(HttpMethod.Get, $"{Identity.Address}connect/authorize?client_id=lightning-public&response_type=code&scope=openid%20lightning"
            + $"&redirect_uri={Uri.EscapeDataString(NativeCallback)}&state=abcdefgh12345678&nonce=12345678abcdefgh&code_challenge={challenge}&code_challenge_method=S256");
        var code = HttpUtility.ParseQueryString(authorized.Headers.Location.ShouldNotBeNull().Query)["code"].ShouldNotBeNull();
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(Identity.Address, "/connect/token"), new FormUrlEncodedContent(new Dictionary<string, string>
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
        foreach (var service in All.Where(service => service is not null)) await service.DisposeAsync();
        await Front.DisposeAsync();
        await Back.DisposeAsync();
        await Postgres.DisposeAsync();
    }

    ServiceProcess Service(string name, int port, IEnumerable<(string, string)> settings, string issuer, params (string, string)[] more)
    {
        var role = name.ToLowerInvariant();
        (string Key, string Value)[] all =
        [
            ("ConnectionStrings__lightning", Postgres.ConnectionStringOf(role)),
            ("DataProtection__MasterKey", SecretOf($"{role}-key")),
            .. name == "Identity" ? [] : new[] { ("Oidc__Authority", issuer) },
            .. settings,
            .. more,
        ];
        return new ServiceProcess($"Lightning.{name}", port, all.ToDictionary(setting => setting.Key, setting => setting.Value));
    }

    string SecretOf(string what) => secrets.TryGetValue(what, out var secret) ? secret : secrets[what] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
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
