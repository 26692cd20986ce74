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
using Microsoft.Extensions.Diagnostics.HealthChecks;
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
    public async Task Response_has_security_headers(string path)
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
    public async Task Nonce_differs_per_response_and_matches_the_policy()
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
    public async Task Hsts_in_production_covers_subdomains_for_two_years()
    {
        await using var app = await StartAsync(environment: "Production");
        var client = app.GetTestClient();
        client.BaseAddress = new Uri("https://lightning.example");

        var response = await client.GetAsync("/fine", Cancellation);

        response
            .Headers.GetValues("Strict-Transport-Security")
            .Single()
            .ShouldBe("max-age=63072000; includeSubDomains");
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
    public async Task Forwarded_address_is_used_only_from_a_trusted_proxy(
        string trusted,
        string forwarded,
        string expected
    )
    {
        await using var app = await StartAsync(settings: new() { ["Network:TrustedProxies"] = trusted });

        var context = await app.GetTestServer()
            .SendAsync(
                request =>
                {
                    request.Request.Path = "/address";
                    request.Connection.RemoteIpAddress = IPAddress.Parse("192.0.2.7");
                    if (forwarded.Length > 0)
                        request.Request.Headers["X-Forwarded-For"] = forwarded;
                },
                Cancellation
            );

        (await new StreamReader(context.Response.Body).ReadToEndAsync(Cancellation)).ShouldBe(expected);
    }

    [Fact]
    public async Task Trusted_proxies_invalid_fails_at_start_with_key_and_fix()
    {
        var ex = await Should.ThrowAsync<ConfigurationException>(() =>
            StartAsync(settings: new() { ["Network:TrustedProxies"] = "10.0.0.0/99" })
        );

        ex.Message.ShouldContain("Network:TrustedProxies");
        ex.Message.ShouldContain("10.0.0.0/24");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Port_in_use_is_described_in_one_sentence(string host)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{host}:{port}");
        await using var app = builder.Build();

        var ex = await Should.ThrowAsync<IOException>(() => app.StartAsync(Cancellation));

        StartupErrors
            .Describe(ex)
            .ShouldBe(
                $"Failed to bind to address http://127.0.0.1:{port}: address already in use: "
                    + "stop what uses it, or set ASPNETCORE_URLS to another address."
            );
    }

    [Fact]
    [Trait("Check", "O09")]
    public async Task Transient_database_error_is_503_with_retry_after()
    {
        await using var app = await StartAsync();

        var response = await app.GetTestClient().GetAsync("/database-unavailable", Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("type")
            .GetString()
            .ShouldBe("/problems/unavailable");
    }

    [Fact]
    public async Task Unhandled_exception_is_500_without_details()
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
    public async Task Failing_health_check_makes_readiness_503_and_leaves_liveness_200()
    {
        await using var app = await StartAsync(configure: services =>
            services.AddHealthChecks().AddCheck("database", () => HealthCheckResult.Unhealthy())
        );

        var ready = await app.GetTestClient().GetAsync("/health/ready", Cancellation);
        var live = await app.GetTestClient().GetAsync("/health/live", Cancellation);

        ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        live.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Endpoint_without_authorization_metadata_throws()
    {
        await using var app = Build();
        app.MapGet("/protected", () => "").AllowAnonymous();
        app.RequireAuthorizationMetadata().ShouldBe(app);
        app.MapGet("/unprotected", () => "");

        var ex = Should.Throw<ConfigurationException>(() => app.RequireAuthorizationMetadata());

        ex.Message.ShouldContain("/unprotected");
    }

    static WebApplication Build(
        Dictionary<string, string?>? settings = null,
        string environment = "Development",
        Action<IServiceCollection>? configure = null
    )
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.AddServiceDefaults();
        configure?.Invoke(builder.Services);
        return builder.Build();
    }

    static async Task<WebApplication> StartAsync(
        Dictionary<string, string?>? settings = null,
        string environment = "Development",
        Action<IServiceCollection>? configure = null
    )
    {
        var app = Build(settings, environment, configure);
        app.UseServiceDefaults();
        app.MapGet("/fine", () => "fine");
        app.MapGet("/nonce", (HttpContext context) => context.CspNonce());
        app.MapGet("/address", (HttpContext context) => context.Connection.RemoteIpAddress?.ToString());
        app.MapGet("/broken", string () => throw new InvalidOperationException("secret detail"));
        app.MapGet(
            "/database-unavailable",
            string () => throw new InvalidOperationException("wrapped", new TransientException())
        );
        await app.StartAsync(Cancellation);
        return app;
    }

    sealed class TransientException : DbException
    {
        public override bool IsTransient => true;
    }
}
