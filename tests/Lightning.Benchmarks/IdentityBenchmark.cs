using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lightning.Data.Accounts;
using Lightning.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Benchmarks;

/// <summary>
/// The CPU time of the provider in its own process: refreshes compared with one UPDATE … RETURNING and the same
/// signing; authorization code flows; metadata; sign-ins compared with their password hash; and the
/// effect of a sign-in flood on reads.
/// </summary>
static partial class IdentityBenchmark
{
    const int People = 8,
        Families = 512,
        SignIns = 48,
        Reads = 15_000,
        FloodRounds = 5,
        Senders = 16;
    const string App = "http://localhost:5100";
    internal const string Password = "correct horse battery staple",
        ClientId = "lightning-bff",
        Secret = "the-secret-of-the-bff-the-secret-of-the-bff",
        RedirectUri = $"{App}/bff/signin-oidc";
    static readonly string Verifier = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
    static readonly PasswordHasher<Account> Hasher = new(
        Options.Create(new PasswordHasherOptions { IterationCount = 220_000 })
    );

    public static async Task RunAsync(PostgresServer server, bool floodAlone)
    {
        await using var database = await server.CreateDatabaseAsync();
        var people = await AddPeopleAsync(database);
        using var identity = await StartAsync(database.ConnectionStringOf("identity"));
        using var floor = await ProxyProcess.StartAsync(
            typeof(IdentityBenchmark).Assembly.Location,
            ["floor", database.ConnectionString],
            []
        );
        using var client = new HttpClient(
            new SocketsHttpHandler
            {
                UseCookies = false,
                AllowAutoRedirect = false,
                MaxConnectionsPerServer = 64,
            }
        );
        var browsers = people
            .Select(_ => new Browser(
                new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false },
                identity.Address
            ))
            .ToArray();
        for (var number = 0; number < People; number++)
            (await SignInAsync(browsers[number], people[number], Password)).EnsureStatus(HttpStatusCode.SeeOther);

        if (!floodAlone)
            await MeasureAsync(database, client, identity, floor, people, browsers);
        await FloodAsync(
            client,
            identity,
            people[0],
            (await RoundTripAsync(client, identity, browsers[0])).AccessToken
        );
    }

    static async Task MeasureAsync(
        TestDatabase database,
        HttpClient client,
        ProxyProcess identity,
        ProxyProcess floor,
        string[] people,
        Browser[] browsers
    )
    {
        var tokens = new string[Families];
        var floors = Enumerable.Range(0, Families).Select(_ => Guid.NewGuid().ToString()).ToArray();
        await Rounds.AllAsync(
            Families,
            async number =>
            {
                tokens[number] = (await RoundTripAsync(client, identity, browsers[number % People])).RefreshToken;
                await database.ExecuteAsync(
                    $"""
                    INSERT INTO public.floor (token_hash, family)
                        VALUES (sha256('{floors[number]}'), gen_random_uuid())
                    """
                );
            }
        );
        var figures = await Rounds.MeasureAsync([
            (
                "UPDATE … RETURNING, same signing",
                async number =>
                    floors[number % Families] = await RefreshAsync(
                        client,
                        new Uri(floor.Address, "/token"),
                        floors[number % Families]
                    ),
                () => floor.Cpu
            ),
            (
                "refresh",
                async number =>
                    tokens[number % Families] = await RefreshAsync(
                        client,
                        new Uri(identity.Address, "/connect/token"),
                        tokens[number % Families]
                    ),
                () => identity.Cpu
            ),
            (
                "round trip of a code",
                number => RoundTripAsync(client, identity, browsers[number % People]),
                () => identity.Cpu
            ),
            (
                "discovery",
                _ => GetAsync(client, new Uri(identity.Address, "/.well-known/openid-configuration")),
                () => identity.Cpu
            ),
            ("JWKS", _ => GetAsync(client, new Uri(identity.Address, "/.well-known/jwks.json")), () => identity.Cpu),
        ]);
        Console.WriteLine(
            "The provider; the processor time is its own, so 1,000,000 µs through it is what a core does in a second:"
        );
        Rounds.Print(figures, "UPDATE … RETURNING, same signing");

        var hash = Hasher.HashPassword(new Account(), Password);
        figures = await Rounds.MeasureAsync(
            [
                (
                    "the hash alone",
                    _ => Task.Run(() => Hasher.VerifyHashedPassword(new Account(), hash, Password)),
                    Rounds.OwnCpu
                ),
                (
                    "sign-in by password",
                    async number =>
                        (await SignInAsync(browsers[number % People], people[number % People], Password)).EnsureStatus(
                            HttpStatusCode.SeeOther
                        ),
                    () => identity.Cpu
                ),
            ],
            SignIns
        );
        Rounds.Print(figures, "the hash alone");
    }

    static async Task FloodAsync(HttpClient client, ProxyProcess identity, string address, string accessToken)
    {
        async Task<TimeSpan> ReadAsync() =>
            await Rounds.P99Async(
                Reads,
                async _ =>
                {
                    using var request = new HttpRequestMessage(
                        HttpMethod.Get,
                        new Uri(identity.Address, "/connect/userinfo")
                    )
                    {
                        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) },
                    };
                    (await client.SendAsync(request)).EnsureStatus(HttpStatusCode.OK);
                }
            );
        var (quiet, flooded) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round < FloodRounds; round++)
        {
            quiet.Add(await ReadAsync());
            using var done = new CancellationTokenSource();
            var arrived = new TaskCompletionSource();
            var senders = Enumerable
                .Range(0, Senders)
                .Select(async _ =>
                {
                    using var stranger = new Browser(
                        new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false },
                        identity.Address
                    );
                    while (!done.IsCancellationRequested)
                    {
                        (await SignInAsync(stranger, address, "not the password")).Dispose();
                        arrived.TrySetResult();
                    }
                })
                .ToArray();
            // After the first response the password queue is full and stays full.
            await arrived.Task;
            flooded.Add(await ReadAsync());
            await done.CancelAsync();
            await Task.WhenAll(senders);
        }
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| p99 of session reads in a flood of sign-ins, of the p99 in quiet | "
                    + $"{Median(flooded) / Median(quiet):0.00} |"
            )
        );
    }

    static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    internal static async Task<string[]> AddPeopleAsync(TestDatabase database)
    {
        await database.ExecuteAsync(
            "CREATE TABLE public.floor (token_hash bytea PRIMARY KEY, family uuid NOT NULL, used_at timestamptz)"
        );
        await using var db = database.Connect();
        var addresses = new List<string>();
        for (var number = 0; number < People; number++)
        {
            var user = await db.AddUserAsync($"person{number}");
            db.Accounts.Add(
                new Account
                {
                    Id = user.Id,
                    UserName = user.Email,
                    NormalizedUserName = user.Email.ToUpperInvariant(),
                    Email = user.Email,
                    NormalizedEmail = user.Email.ToUpperInvariant(),
                    EmailConfirmed = true,
                    Name = user.Name,
                    PasswordHash = Hasher.HashPassword(new Account(), Password),
                    SecurityStamp = Guid.NewGuid().ToString(),
                }
            );
            addresses.Add(user.Email);
        }
        await db.SaveChangesAsync();
        return [.. addresses];
    }

    internal static Task<ProxyProcess> StartAsync(string connectionString) =>
        ProxyProcess.StartAsync(
            ProxyProcess.Service("Lightning.Identity"),
            [],
            new()
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Benchmark",
                ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
                ["ConnectionStrings__lightning"] = connectionString,
                ["DataProtection__MasterKey"] = new string('z', 43) + "=",
                ["Identity__Issuer"] = Testing.People.Issuer,
                ["Identity__FormsPerMinute"] = "100000",
                ["Identity__AttemptsPerMinute"] = "100000",
                ["Identity__AttemptsPerHour"] = "100000",
                ["Identity__HashesPerNetwork"] = "100000",
                ["Identity__RequestsPerMinute"] = "1000000",
                ["Identity__ClientRequestsPerMinute"] = "10000000",
                ["Identity__Clients__Bff__Secret"] = Secret,
                ["Identity__Clients__Bff__BaseUri"] = App,
                ["Identity__Clients__Admin__Secret"] = Secret,
                ["Identity__Clients__Admin__BaseUri"] = "http://localhost:5103",
                ["Smtp__Uri"] = "smtp://localhost:1",
            }
        );

    internal static async Task<HttpResponseMessage> SignInAsync(Browser browser, string address, string password)
    {
        using var page = await browser.GetAsync("/account/sign-in");
        var token = Antiforgery().Match(await page.Content.ReadAsStringAsync()).Groups["token"].Value;
        return await browser.SendAsync(
            HttpMethod.Post,
            "/account/sign-in",
            new FormUrlEncodedContent([
                KeyValuePair.Create("Email", address),
                KeyValuePair.Create("Password", password),
                KeyValuePair.Create("__RequestVerificationToken", token),
            ])
        );
    }

    internal static async Task<(string AccessToken, string RefreshToken)> RoundTripAsync(
        HttpClient client,
        ProxyProcess identity,
        Browser browser
    )
    {
        var code = await AuthorizeAsync(browser);
        var answer = await PostAsync(client, new Uri(identity.Address, "/connect/token"), CodeParameters(code));
        return (answer.GetProperty("access_token").GetString()!, answer.GetProperty("refresh_token").GetString()!);
    }

    /// <summary>A code for a browser that is signed in.</summary>
    internal static async Task<string> AuthorizeAsync(Browser browser)
    {
        using var sent = await browser.GetAsync(
            QueryHelpers.AddQueryString(
                "/connect/authorize",
                new Dictionary<string, string?>(StringComparer.Ordinal)
                {
                    ["client_id"] = ClientId,
                    ["redirect_uri"] = RedirectUri,
                    ["response_type"] = "code",
                    ["scope"] = "openid profile email offline_access lightning",
                    ["state"] = "state",
                    ["nonce"] = "nonce-nonce-nonce-nonce",
                    ["code_challenge"] = WebEncoders.Base64UrlEncode(
                        SHA256.HashData(Encoding.ASCII.GetBytes(Verifier))
                    ),
                    ["code_challenge_method"] = "S256",
                }
            )
        );
        return sent.Headers.Location is { } location
            ? QueryHelpers.ParseQuery(location.Query)["code"].ToString()
            : throw new InvalidOperationException($"The authorization endpoint answered {sent.StatusCode}.");
    }

    internal static async Task<string> RefreshAsync(HttpClient client, Uri address, string token) =>
        (await PostAsync(client, address, RefreshParameters(token))).GetProperty("refresh_token").GetString()!;

    internal static (string Name, string Value)[] CodeParameters(string code) =>
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", RedirectUri),
            ("code_verifier", Verifier),
        ];

    internal static (string Name, string Value)[] RefreshParameters(string token) =>
        [("grant_type", "refresh_token"), ("refresh_token", token)];

    /// <summary>The body of a token request of the confidential client.</summary>
    internal static FormUrlEncodedContent Form((string Name, string Value)[] parameters) =>
        new([
            KeyValuePair.Create("client_id", ClientId),
            KeyValuePair.Create("client_secret", Secret),
            .. parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)),
        ]);

    static async Task<JsonElement> PostAsync(HttpClient client, Uri address, (string Name, string Value)[] parameters)
    {
        using var content = Form(parameters);
        using var response = await client.PostAsync(address, content);
        response.EnsureStatus(HttpStatusCode.OK);
        return JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsByteArrayAsync());
    }

    static async Task GetAsync(HttpClient client, Uri address)
    {
        using var response = await client.GetAsync(address);
        response.EnsureStatus(HttpStatusCode.OK);
        await response.Content.ReadAsByteArrayAsync();
    }

    static void EnsureStatus(this HttpResponseMessage response, HttpStatusCode status)
    {
        if (response.StatusCode != status)
            throw new InvalidOperationException(
                $"{response.RequestMessage?.RequestUri} answered {response.StatusCode}."
            );
    }

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]* value="(?<token>[^"]+)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Antiforgery();
}
