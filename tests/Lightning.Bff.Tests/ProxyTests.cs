using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Lightning.ServiceDefaults;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

public sealed class ProxyTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Fact]
    [Trait("Check", "B23")]
    [Trait("Check", "T07")]
    public async Task Request_ReachesTheApiWithTheToken_AndWithoutClientHeaders()
    {
        using var ada = await bff.SignInAsync();
        (string, string)[] claims =
        [
            ("Authorization", "Bearer of-the-client"),
            ("DPoP", "proof"),
            ("Proxy-Authorization", "Basic x"),
            ("Forwarded", "for=1.2.3.4"),
            ("X-Forwarded-For", "1.2.3.4"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Prefix", "/x"),
            ("X-Real-IP", "1.2.3.4"),
            ("X-User-Id", "admin"),
            ("X-Original-URL", "/admin"),
            ("X-Request-Color", "blue"),
        ];

        using var answer = await ada.Browser.FetchAsync(HttpMethod.Get, "/api/v1/notes?limit=3", claims);

        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldBe("from the API");
        var received = bff.Api.Requests.ShouldHaveSingleItem();
        received.Target.ShouldBe("/api/v1/notes?limit=3");
        received.Headers["Authorization"].ShouldBe("Bearer access-canary-1");
        received.Headers["X-Forwarded-For"].ShouldBe("127.0.0.1");
        received.Headers["X-Forwarded-Host"].ShouldBe(bff.Address.Authority);
        received.Headers["X-Forwarded-Proto"].ShouldBe("http");
        received.Headers["X-Request-Color"].ShouldBe("blue");
        received.Headers.Keys.ShouldNotContain(name =>
            new[]
            {
                "Cookie",
                "X-CSRF",
                "DPoP",
                "Proxy-Authorization",
                "Forwarded",
                "X-Real-IP",
                "X-User-Id",
                "X-Original-URL",
                "X-Forwarded-Prefix",
            }.Contains(name, StringComparer.OrdinalIgnoreCase)
        );
    }

    [Fact]
    [Trait("Check", "R16")]
    public async Task Request_OfEachUser_ReachesTheApiWithTheirOwnToken()
    {
        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();
        var tokens = bff.Provider.Redemptions.Count;

        foreach (var person in new[] { ada, bob, ada })
            (await person.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);

        var sent = bff.Api.Requests.TakeLast(3).Select(request => request.Headers["Authorization"]).ToArray();
        sent.ShouldAllBe(token => token.StartsWith("Bearer access-canary-", StringComparison.Ordinal));
        sent[2].ShouldBe(sent[0]);
        sent[1].ShouldNotBe(sent[0]);
        // The BFF has no token of its own.
        bff.Provider.Redemptions.Count.ShouldBe(tokens);
        bff.Provider.Redemptions.ShouldAllBe(request => request["grant_type"] == "authorization_code");
    }

    [Fact]
    [Trait("Check", "B24")]
    [Trait("Check", "B27")]
    public async Task ApiResponse_IsNotCached_AndSetsNoCookies()
    {
        using var ada = await bff.SignInAsync();
        bff.Api.Answer = context =>
        {
            context.Response.Headers.CacheControl = "public, max-age=60";
            context.Response.Headers.SetCookie = "__Host-lightning=stolen; path=/; secure";
            context.Response.Headers.ETag = "\"1\"";
            return context.Response.WriteAsync("secret");
        };

        using var answer = await ada.FetchAsync("/api/v1/notes");

        answer.Headers.CacheControl!.ToString().ShouldBe("no-store");
        answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
        answer.Headers.ETag!.Tag.ShouldBe("\"1\"");
        answer.ToString().ShouldNotContain("canary");
    }

    [Theory]
    [InlineData(StatusCodes.Status401Unauthorized)]
    [InlineData(StatusCodes.Status403Forbidden)]
    [Trait("Check", "B25")]
    public async Task ApiError_IsPassedUnchanged(int status)
    {
        using var ada = await bff.SignInAsync();
        bff.Api.Answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\"";
            return context.Response.WriteAsync("no");
        };
        using var answer = await ada.FetchAsync("/api/v1/notes");

        ((int)answer.StatusCode).ShouldBe(status);
        answer.Headers.WwwAuthenticate.ToString().ShouldContain("insufficient_scope");
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldBe("no");
    }

    [Fact]
    public async Task Api_Down_Is502AsAProblem()
    {
        using var ada = await bff.SignInAsync();
        await bff.Api.DisposeAsync();
        using var answer = await ada.FetchAsync("/api/v1/notes");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task Api_Down_IsLoggedInOneLine()
    {
        using var ada = await bff.SignInAsync();
        await bff.Api.DisposeAsync();
        var trace = ActivityTraceId.CreateRandom();

        using var answer = await ada.Browser.FetchAsync(HttpMethod.Get, "/api/v1/notes", TraceOf(trace));

        var line = bff.Log.Of(trace).ShouldHaveSingleItem();
        line.ShouldStartWith(
            "Warning Lightning.Bff.Proxy.UnansweredRequests: A request to /api/{**rest} was not answered"
        );
        line.ShouldNotContain("\n");
    }

    [Fact]
    public async Task DevelopmentServer_Down_IsLoggedInOneLine()
    {
        using var browser = bff.NewBrowser(bff.Start(("services:web:http:0", "http://localhost:1")));
        var trace = ActivityTraceId.CreateRandom();

        using var page = await browser.GetAsync("/notes", TraceOf(trace));

        page.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        var line = bff.Log.Of(trace).ShouldHaveSingleItem();
        line.ShouldStartWith("Warning Lightning.Bff.Proxy.UnansweredRequests: A request to /{**path} was not answered");
        line.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task Service_ByHostNameOrIpAddress_IsReached(string host)
    {
        var address = new UriBuilder(bff.Api.Address) { Host = host }.Uri.GetLeftPart(UriPartial.Authority);
        using var ada = await bff.SignInAsync(bff.Start(("services:api:http:0", address)));

        using var answer = await ada.FetchAsync("/api/v1/notes");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        bff.Api.Requests.ShouldHaveSingleItem().Headers["Host"].ShouldBe(new Uri(address).Authority);
    }

    static (string, string) TraceOf(ActivityTraceId trace) => ("traceparent", $"00-{trace}-00f067aa0ba902b7-01");

    [Theory]
    [InlineData("OPTIONS")]
    [InlineData("TRACE")]
    [InlineData("PROPFIND")]
    [Trait("Check", "B22")]
    public async Task Method_NotListed_Is405(string method)
    {
        using var ada = await bff.SignInAsync();
        using var answer = await ada.Browser.FetchAsync(new HttpMethod(method), "/api/v1/notes");

        answer.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        bff.Api.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("GET /api/../../etc/passwd HTTP/1.1", null)]
    [InlineData("GET /api/%2e%2e/%2e%2e/secret HTTP/1.1", null)]
    [InlineData("GET /api//evil.example/x HTTP/1.1", "/api//evil.example/x")]
    [InlineData("GET /api/..%2f..%2fsecret HTTP/1.1", "/api/")]
    [InlineData("GET http://evil.example/api/v1/notes HTTP/1.1", "/api/v1/notes")]
    [InlineData("GET /api/@evil.example/ HTTP/1.1", "/api/@evil.example/")]
    [Trait("Check", "B22")]
    public async Task Target_Tricky_ReachesTheApiBelowItsPathOrNothing(string requestLine, string? arrivesBelow)
    {
        using var ada = await bff.SignInAsync();

        await SendRawAsync(
            $"{requestLine}\r\nHost: {bff.Address.Authority}\r\nX-CSRF: 1\r\nCookie: "
                + $"{BffUnderTest.SessionCookie}={ada.Browser.Cookie(BffUnderTest.SessionCookie)}\r\nConnection: "
                + $"close\r\n\r\n"
        );

        if (arrivesBelow is null)
            bff.Api.Requests.ShouldBeEmpty();
        else
            bff.Api.Requests.ShouldAllBe(received =>
                received.Target.StartsWith(arrivesBelow, StringComparison.Ordinal)
            );
    }

    [Fact]
    [Trait("Check", "B22")]
    public async Task Host_Forged_DoesNotRedirectTheRequest()
    {
        using var ada = await bff.SignInAsync();
        await SendRawAsync(
            $"GET /api/v1/notes HTTP/1.1\r\nHost: localhost:1\r\nX-CSRF: 1\r\nCookie: "
                + $"{BffUnderTest.SessionCookie}={ada.Browser.Cookie(BffUnderTest.SessionCookie)}\r\nConnection: "
                + $"close\r\n\r\n"
        );

        bff.Api.Requests.ShouldHaveSingleItem().Headers["Host"].ShouldBe(new Uri(bff.Api.Address).Authority);
    }

    async Task SendRawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bff.Address.Host, bff.Address.Port, Cancellation);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        using var reader = new StreamReader(client.GetStream());
        (await reader.ReadToEndAsync(Cancellation)).ShouldStartWith("HTTP/1.1 ");
    }
}

public sealed class StartTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Theory]
    [InlineData(
        "ReverseProxy:Routes:api:Metadata:Security",
        "",
        "ReverseProxy:Routes:api:Metadata:Security is not set"
    )]
    [InlineData(
        "ReverseProxy:Routes:api:Metadata:Security",
        "Sesion",
        "ReverseProxy:Routes:api:Metadata:Security is 'Sesion', which is unknown"
    )]
    [InlineData("ReverseProxy:Routes:api:Metadata:Security", "session", "'session', which is unknown")]
    [InlineData("ReverseProxy:Routes:api:Metadata:Security", "0", "'0', which is unknown")]
    [InlineData(
        "ReverseProxy:Routes:another:Match:Path",
        "/api/v2/{**rest}",
        "ReverseProxy:Routes:another:Match:Methods is not set"
    )]
    [InlineData("services:api:http:0", "", "services:api:http:0 is not set")]
    [InlineData(
        "services:api:http:0",
        "http://localhost:5102/v1",
        "services:api:http:0 is 'http://localhost:5102/v1', which is not a valid address"
    )]
    [InlineData("services:api:http:0", "localhost", "services:api:http:0 is 'localhost', which is not a valid address")]
    [InlineData("Oidc:Authority", "", "Oidc:Authority is not set")]
    [InlineData("Oidc:Authority", "http://id.example.com", "Oidc:Authority is plain http")]
    [InlineData("Oidc:ClientSecret", "", "Oidc:ClientSecret is not set")]
    [InlineData("Oidc:Scope", "profile", "Oidc:Scope must hold 'openid'")]
    [InlineData("Sessions:IdleTimeout", "00:00:01", "Sessions:IdleTimeout must lie between")]
    [InlineData("Sessions:MostPerUser", "0", "Sessions:MostPerUser must lie between 1 and 1000")]
    [InlineData("Sessions:IdleTimeout", "20.00:00:00", "Sessions:IdleTimeout is longer than")]
    [InlineData("Sessions:StreamsPerSession", "0", "Sessions:StreamsPerSession must lie between 1 and 100000")]
    [InlineData("Sessions:StreamsPerUser", "100001", "Sessions:StreamsPerUser must lie between 1 and 100000")]
    [InlineData("Sessions:StreamsPerUser", "19", "Sessions:StreamsPerSession is higher than Sessions:StreamsPerUser")]
    [InlineData("Sessions:SignInsPerMinute", "9", "Sessions:SignInsPerMinute must lie between 10 and 100000000")]
    [Trait("Check", "O08")]
    public void Start_InvalidConfiguration_FailsWithASentenceThatNamesTheKey(string key, string value, string sentence)
    {
        var ex = Should.Throw<Exception>(() => bff.Start((key, value)));
        StartupErrors.Describe(ex).ShouldNotBeNull(ex.ToString()).ShouldContain(sentence);
    }
}
