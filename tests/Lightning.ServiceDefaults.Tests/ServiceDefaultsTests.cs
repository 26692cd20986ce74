using System.Data.Common;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lightning.ServiceDefaults.Tests;

public class ServiceDefaultsTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/fine")]
    [InlineData("/missing")]
    [InlineData("/broken")]
    [InlineData("/health/live")]
    [Trait("Check", "B28")]
    [Trait("Check", "A23")]
    public async Task Answer_OfAnyKind_BearsTheSecurityHeaders(string path)
    {
        await using var app = await StartAsync();
        var response = await app.GetTestClient().GetAsync(path, Cancellation);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("object-src 'none'");
        policy.ShouldContain("base-uri 'none'");
        policy.ShouldContain("frame-ancestors 'none'");
        policy.ShouldNotContain("{nonce}");
        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        response.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
        response.Headers.GetValues("Cross-Origin-Opener-Policy").ShouldBe(["same-origin"]);
    }

    [Fact]
    public async Task Nonce_OfTwoAnswers_DiffersAndIsTheOneInThePage()
    {
        await using var app = await StartAsync();
        var nonces = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var response = await app.GetTestClient().GetAsync("/nonce", Cancellation);
            var nonce = await response.Content.ReadAsStringAsync(Cancellation);
            response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain($"'nonce-{nonce}'");
            nonces.Add(nonce);
        }
        nonces[0].ShouldNotBe(nonces[1]);
    }

    [Fact]
    [Trait("Check", "B28")]
    public async Task Hsts_OverHttpsOutsideDevelopment_IsTwoYearsWithSubdomains()
    {
        await using var app = await StartAsync(environment: "Production");
        var client = app.GetTestClient();
        client.BaseAddress = new Uri("https://lightning.example");
        (await client.GetAsync("/fine", Cancellation)).Headers.GetValues("Strict-Transport-Security").Single().ShouldBe("max-age=63072000; includeSubDomains");
    }

    [Theory]
    [InlineData("", "", "192.0.2.7")]
    [InlineData("192.0.2.7", "203.0.113.9", "203.0.113.9")]
    [InlineData("192.0.2.0/24", "203.0.113.9", "203.0.113.9")]
    [InlineData("192.0.2.0/24", "203.0.113.9, 192.0.2.8", "203.0.113.9")]
    [InlineData("192.0.2.0/24", "203.0.113.9, 198.51.100.1, 192.0.2.8", "198.51.100.1")]
    [InlineData("192.0.2.8", "203.0.113.9", "192.0.2.7")]
    [InlineData("127.0.0.1", "203.0.113.9", "192.0.2.7")]
    [Trait("Check", "O06")]
    public async Task ForwardedAddress_OnlyFromAListedProxy_Counts(string trusted, string forwarded, string expected)
    {
        await using var app = await StartAsync(settings: new() { ["Network:TrustedProxies"] = trusted });
        var context = await app.GetTestServer().SendAsync(request =>
        {
            request.Request.Path = "/address";
            request.Connection.RemoteIpAddress = IPAddress.Parse("192.0.2.7");
            if (forwarded.Length > 0) request.Request.Headers["X-Forwarded-For"] = forwarded;
        }, Cancellation);
        (await new StreamReader(context.Response.Body).ReadToEndAsync(Cancellation)).ShouldBe(expected);
    }

    [Fact]
    public async Task TrustedProxies_Misspelt_StopsTheStartWithTheKeyAndTheRemedy()
    {
        var fault = await Should.ThrowAsync<ConfigurationException>(() => StartAsync(settings: new() { ["Network:TrustedProxies"] = "10.0.0.0/99" }));
        fault.Message.ShouldContain("Network:TrustedProxies");
        fault.Message.ShouldContain("10.0.0.0/24");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Start_PortInUse_IsOneSentenceWithTheRemedy(string host)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{host}:{port}");
        await using var app = builder.Build();

        var failure = await Should.ThrowAsync<IOException>(() => app.StartAsync(Cancellation));

        StartupFaults.Sentence(failure).ShouldBe(
            $"Failed to bind to address http://127.0.0.1:{port}: address already in use: "
            + "stop what uses it, or set ASPNETCORE_URLS to another address.");
    }

    [Fact]
    [Trait("Check", "O09")]
    public async Task DatabaseAway_Is503WithRetryAfter_AlsoWhenWrapped()
    {
        await using var app = await StartAsync();
        var response = await app.GetTestClient().GetAsync("/database-away", Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("type").GetString().ShouldBe("/problems/unavailable");
    }

    [Fact]
    public async Task Fault_Unforeseen_Is500AndTellsNothingButTheTrace()
    {
        await using var app = await StartAsync();
        var response = await app.GetTestClient().GetAsync("/broken", Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        problem.GetProperty("type").GetString().ShouldBe("/problems/internal-error");
        problem.GetProperty("traceId").GetString().ShouldNotBeNullOrEmpty();
        problem.GetRawText().ShouldNotContain("secret detail");
    }

    [Fact]
    public async Task Readiness_WithAFailingCheck_Is503_AndLivenessStays200()
    {
        await using var app = await StartAsync(configure: services => services.AddHealthChecks()
            .AddCheck("database", () => Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckResult.Unhealthy()));
        (await app.GetTestClient().GetAsync("/health/ready", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await app.GetTestClient().GetAsync("/health/live", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Endpoint_WithoutAStatedPolicy_StopsTheStartAndIsNamed()
    {
        await using var app = Build();
        app.MapGet("/stated", () => "").AllowAnonymous();
        app.RequireStatedPolicies().ShouldBe(app);
        app.MapGet("/silent", () => "");
        Should.Throw<ConfigurationException>(() => app.RequireStatedPolicies()).Message.ShouldContain("/silent");
        await Task.CompletedTask;
    }

    static WebApplication Build(Dictionary<string, string?>? settings = null, string environment = "Development", Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.AddServiceDefaults();
        configure?.Invoke(builder.Services);
        return builder.Build();
    }

    static async Task<WebApplication> StartAsync(Dictionary<string, string?>? settings = null, string environment = "Development", Action<IServiceCollection>? configure = null)
    {
        var app = Build(settings, environment, configure);
        app.UseServiceDefaults();
        app.MapGet("/fine", () => "fine");
        app.MapGet("/nonce", (HttpContext context) => context.CspNonce());
        app.MapGet("/address", (HttpContext context) => context.Connection.RemoteIpAddress?.ToString());
        app.MapGet("/broken", string () => throw new InvalidOperationException("secret detail"));
        app.MapGet("/database-away", string () => throw new InvalidOperationException("wrapped", new Away()));
        await app.StartAsync(Cancellation);
        return app;
    }

    sealed class Away : DbException
    {
        public override bool IsTransient => true;
    }
}
