using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.AppHost.Tests;

/// <summary>Who may look, who may send, and that nothing depends on either.</summary>
public sealed class DashboardAccessTests(DashboardApp dashboard)
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_WithoutTheLink_AreRefusedAndTheLinkWorksOnce()
    {
        await dashboard.StartAsync(Cancelled);
        using var stranger = Client(dashboard.Address);
        foreach (var path in (string[])["/", "/resources/service", "/console", "/console/download?resource=service", "/logs", "/traces", "/metrics", "/v1/logs", "/login?t=", "/login?t=wrong"])
        {
            using var refused = await stranger.GetAsync(path, Cancelled);
            refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, path);
            (await refused.Content.ReadAsStringAsync(Cancelled)).ShouldNotContain("postgres", customMessage: path);
        }

        var link = dashboard.Dashboard.Link!;
        using var first = await stranger.GetAsync(link, Cancelled);
        first.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        var cookie = first.Headers.GetValues("Set-Cookie").Single();
        cookie.ShouldContain("; samesite=strict; httponly", Case.Insensitive);
        using (var page = await stranger.GetAsync("/", Cancelled))
        {
            page.StatusCode.ShouldBe(HttpStatusCode.OK);
            page.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'; style-src 'self'; script-src 'self';");
            page.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }

        using var second = Client(dashboard.Address);
        (await second.GetAsync(link, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        dashboard.Dashboard.Link.ShouldNotBe(link);
        (await second.GetAsync(dashboard.Dashboard.Link, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Request_ByAnotherNameOrFromAnotherOrigin_IsRefused()
    {
        await dashboard.StartAsync(Cancelled);
        using var client = await dashboard.OpenAsync(Cancelled);
        using (var rebound = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "evil.example" } })
            (await client.SendAsync(rebound, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        foreach (var origin in (string?[])[null, "null", "http://localhost:5100", "http://evil.example"])
        {
            using var forged = new HttpRequestMessage(HttpMethod.Post, "/resources/service/commands") { Content = new FormUrlEncodedContent([new("command", "stop")]) };
            if (origin is not null) forged.Headers.Add("Origin", origin);
            (await client.SendAsync(forged, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, origin);
        }

        dashboard.App.ResourceNotifications.TryGetCurrentState("service", out var service).ShouldBeTrue();
        service!.Snapshot.State!.Text.ShouldBe(KnownResourceStates.Running);
    }

    [Fact]
    public async Task Telemetry_WithoutTheKeyOrInAnotherForm_IsRefused()
    {
        await dashboard.StartAsync(Cancelled);
        using var sender = Client(new Uri(await dashboard.EnvironmentAsync("OTEL_EXPORTER_OTLP_ENDPOINT", Cancelled)));
        var header = (await dashboard.EnvironmentAsync("OTEL_EXPORTER_OTLP_HEADERS", Cancelled)).Split('=');
        header[0].ShouldBe("x-otlp-api-key");
        async Task<HttpStatusCode> SendAsync(string? key, string contentType = "application/x-protobuf", byte[]? body = null, string path = "/v1/traces")
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body ?? []) };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
            if (key is not null) request.Headers.Add("x-otlp-api-key", key);
            using var response = await sender.SendAsync(request, Cancelled);
            return response.StatusCode;
        }

        (await SendAsync(header[1])).ShouldBe(HttpStatusCode.OK);
        (await SendAsync(null)).ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(header[1] + "0")).ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(header[1], "application/json")).ShouldBe(HttpStatusCode.UnsupportedMediaType);
        (await SendAsync(header[1], body: [0x0a, 0xff, 0xff])).ShouldBe(HttpStatusCode.BadRequest);
        (await SendAsync(header[1], path: "/")).ShouldBe(HttpStatusCode.NotFound);
        (await sender.GetAsync("/v1/traces", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Listeners_AreBoundToLoopback()
    {
        await dashboard.StartAsync(Cancelled);
        var ports = new[] { dashboard.Address.Port, new Uri(await dashboard.EnvironmentAsync("OTEL_EXPORTER_OTLP_ENDPOINT", Cancelled)).Port };
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(listener => ports.Contains(listener.Port)).ToArray();
        listeners.Select(listener => listener.Port).Distinct().Count().ShouldBe(2);
        listeners.ShouldAllBe(listener => IPAddress.IsLoopback(listener.Address));
    }

    [Fact]
    public async Task Environment_OfAProcess_IsShownWithoutItsSecrets()
    {
        await dashboard.StartAsync(Cancelled);
        using var client = await dashboard.OpenAsync(Cancelled);
        var page = await client.GetStringAsync("/resources/service", Cancelled);
        page.ShouldContain("FROM_PROFILE");
        page.ShouldContain("Application Name=small");
        var secret = await dashboard.EnvironmentAsync("SECRET", Cancelled);
        var connection = await dashboard.EnvironmentAsync("ConnectionStrings__small-database", Cancelled);
        var password = new Npgsql.NpgsqlConnectionStringBuilder(connection).Password!;
        foreach (var hidden in (string[])[secret, secret.TrimEnd('='), password, (await dashboard.EnvironmentAsync("OTEL_EXPORTER_OTLP_HEADERS", Cancelled)).Split('=')[1]])
        {
            hidden.Length.ShouldBeGreaterThan(20);
            page.ShouldNotContain(hidden);
            page.ShouldNotContain(WebUtility.HtmlEncode(hidden));
        }
    }

    [Fact]
    public async Task Services_WhenTheDashboardIsGone_GoOn()
    {
        await using var app = await DashboardApp.StartOneAsync([], Cancelled);
        using var service = app.CreateHttpClient("service");
        await app.Services.GetRequiredService<DashboardServer>().DisposeAsync();
        for (var request = 0; request < 200; request++) (await service.GetStringAsync("/health", Cancelled)).ShouldBe("healthy");
        await app.ResourceNotifications.WaitForResourceHealthyAsync("service", Cancelled);
    }

    [Fact]
    public async Task Services_WhenTheReceiverHangs_GoOnAndStopInTime()
    {
        using var hanging = new TcpListener(IPAddress.Loopback, 0);
        hanging.Start();
        await using var app = await DashboardApp.StartOneAsync([$"--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{((IPEndPoint)hanging.LocalEndpoint).Port}", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"], Cancelled);
        using var service = app.CreateHttpClient("service");
        using var connected = await hanging.AcceptTcpClientAsync(Cancelled);
        for (var request = 0; request < 200; request++) (await service.GetStringAsync("/health", Cancelled)).ShouldBe("healthy");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await app.StopAsync(Cancelled);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(11));
    }

    static HttpClient Client(Uri address) => new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = address };
}
