using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using Lightning.Sessions.Tests;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace Lightning.Benchmarks;

/// <summary>
/// An authenticated GET of 1 KB through the BFF compared with plain YARP, with the same route, upstream and client.
/// Measures the CPU time of each proxy in its own process; upstream and client are in this one.
/// </summary>
static class ProxyBenchmark
{
    const int Sessions = 100_000,
        Portion = 5_000;

    public static async Task RunAsync(PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var replica = await Replica.StartAsync(database);
        while (replica.Cookies.Count < Sessions)
            await replica.AddSessionsAsync(Portion, TimeSpan.Zero, tokensEndIn: TimeSpan.FromHours(1));
        var cookies = replica.Cookies.Values.Select(value => $"__Host-lightning={value}").ToArray();
        await database.ExecuteAsync("VACUUM ANALYZE");
        await using var upstream = await StartUpstreamAsync();
        var address = upstream.Urls.Single();
        using var yarp = await ProxyProcess.StartAsync(typeof(ProxyBenchmark).Assembly.Location, ["yarp", address], []);
        // Without logging a request has no Activity, and so no trace context to forward.
        using var silent = await ProxyProcess.StartAsync(
            typeof(ProxyBenchmark).Assembly.Location,
            ["yarp", address],
            new() { ["Logging__LogLevel__Default"] = "None" }
        );
        using var stock = await ProxyProcess.StartAsync(
            typeof(ProxyBenchmark).Assembly.Location,
            ["yarp", address, "cookie"],
            []
        );
        await using var receiver = await StartReceiverAsync();
        Task<ProxyProcess> StartBffAsync() => StartAsync("");
        Task<ProxyProcess> StartAsync(string telemetry) =>
            ProxyProcess.StartAsync(
                ProxyProcess.Service("Lightning.Bff"),
                [],
                new()
                {
                    ["OTEL_EXPORTER_OTLP_ENDPOINT"] = telemetry,
                    ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                    ["ASPNETCORE_ENVIRONMENT"] = "Benchmark",
                    ["ConnectionStrings__lightning"] = database.ConnectionStringOf("bff"),
                    ["DataProtection__MasterKey"] = new string('z', 43) + "=",
                    ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
                    ["Sessions__RequestsPerMinute"] = "100000000",
                    ["Sessions__StreamsPerUser"] = "100000",
                    ["Oidc__Authority"] = People.Issuer,
                    ["Oidc__ClientSecret"] = "secret",
                    ["services__api__http__0"] = address,
                }
            );
        using var bff = await StartBffAsync();
        using var traced = await StartAsync(receiver.Urls.Single());
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64, UseCookies = false });
        using var signedIn = await client.GetAsync(new Uri(stock.Address, "/sign-in"));
        var stockCookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';', 2)[0];

        // Warms up the session cache.
        await Rounds.AllAsync(Sessions, number => GetAsync(client, bff.Address, cookies[number]));
        var figures = await Rounds.MeasureAsync([
            ("YARP alone", _ => GetAsync(client, yarp.Address, cookies[0]), () => yarp.Cpu),
            ("YARP alone, no log", _ => GetAsync(client, silent.Address, cookies[0]), () => silent.Cpu),
            ("YARP, ASP.NET's cookie handler", _ => GetAsync(client, stock.Address, stockCookie), () => stock.Cpu),
            ("BFF, one session", _ => GetAsync(client, bff.Address, cookies[0]), () => bff.Cpu),
            (
                $"BFF, {Sessions} sessions",
                number => GetAsync(client, bff.Address, cookies[number * 7919 % Sessions]),
                () => bff.Cpu
            ),
        ]);
        Console.WriteLine("A GET of 1 KB through the proxy; the processor time is the proxy's:");
        Rounds.Print(figures, "YARP alone");
        Console.WriteLine(
            "\nThe same through the BFF, with its traces, metrics and logs sent by OTLP (goal: at least 0.95):"
        );
        Rounds.Print(
            await Rounds.MeasureAsync(
                [
                    ("BFF", _ => GetAsync(client, bff.Address, cookies[0]), () => bff.Cpu),
                    ("BFF, telemetry", _ => GetAsync(client, traced.Address, cookies[0]), () => traced.Cpu),
                ],
                requests: 20_000
            ),
            "BFF"
        );
        await ProxyLatencies.PrintAsync(new(client, database, bff, StartBffAsync, cookies));
    }

    /// <summary>
    /// Plain YARP, or with the ASP.NET Core cookie handler and tickets in memory. Runs until standard input is closed.
    /// </summary>
    public static async Task ServeYarpAsync(string upstream, bool cookie)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (cookie)
        {
            builder.Services.AddAuthentication().AddCookie(options => options.SessionStore = new Tickets());
            builder.Services.AddAuthorization();
        }
        builder
            .Services.AddReverseProxy()
            .LoadFromMemory(
                [
                    new RouteConfig
                    {
                        RouteId = "api",
                        ClusterId = "api",
                        AuthorizationPolicy = cookie ? "default" : null,
                        Match = new RouteMatch { Path = "/api/{**rest}", Methods = ["GET"] },
                    },
                ],
                [
                    new ClusterConfig
                    {
                        ClusterId = "api",
                        Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
                        {
                            ["api"] = new() { Address = upstream },
                        },
                    },
                ]
            );
        var app = builder.Build();
        app.MapReverseProxy();
        app.MapGet(
            "/sign-in",
            context =>
                context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "ada")], "benchmark")))
        );
        await app.StartAsync();
        Console.WriteLine($"Now listening on: {app.Urls.Single()}");
        await Console.In.ReadToEndAsync();
    }

    public static async Task GetAsync(HttpClient client, Uri address, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/api/v1/notes"))
        {
            Headers = { { "X-CSRF", "1" }, { "Cookie", cookie } },
        };
        using var response = await client.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException($"{address} answered {response.StatusCode}.");
        await response.Content.ReadAsByteArrayAsync();
    }

    static async Task<WebApplication> StartUpstreamAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var body = new byte[1024];
        app.MapGet(
            "/api/events",
            async context =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        );
        app.MapGet(
            "/api/v1/notes",
            context =>
            {
                context.Response.ContentLength = body.Length;
                return context.Response.Body.WriteAsync(body).AsTask();
            }
        );
        await app.StartAsync();
        return app;
    }

    /// <summary>Takes telemetry as the dashboard does, and drops it.</summary>
    static async Task<WebApplication> StartReceiverAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost(
            "/v1/{signal}",
            async context => await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted)
        );
        await app.StartAsync();
        return app;
    }

    /// <summary>The least that a ticket store can be.</summary>
    sealed class Tickets : ITicketStore
    {
        readonly ConcurrentDictionary<string, AuthenticationTicket> tickets = new(StringComparer.Ordinal);

        public Task<string> StoreAsync(AuthenticationTicket ticket)
        {
            var key = Guid.NewGuid().ToString();
            tickets[key] = ticket;
            return Task.FromResult(key);
        }

        public Task RenewAsync(string key, AuthenticationTicket ticket)
        {
            tickets[key] = ticket;
            return Task.CompletedTask;
        }

        public Task<AuthenticationTicket?> RetrieveAsync(string key) => Task.FromResult(tickets.GetValueOrDefault(key));

        public Task RemoveAsync(string key)
        {
            tickets.TryRemove(key, out _);
            return Task.CompletedTask;
        }
    }
}
