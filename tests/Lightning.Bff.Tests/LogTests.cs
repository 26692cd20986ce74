using System.Diagnostics;
using System.Net;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Bff.Tests;

/// <summary>Anonymous requests must not flood the log.</summary>
public class LogTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    [Theory]
    [InlineData("/bff/user", null)]
    [InlineData("/api/v1/notes", null)]
    [InlineData("/bff/sessions", "unknown")]
    [InlineData("/api/v1/notes", "unknown")]
    public async Task Request_OfAnAnonymousClient_IsNotLogged(string path, string? cookie)
    {
        using var browser = bff.NewBrowser();
        if (cookie is not null)
            browser.SetCookie(BffUnderTest.SessionCookie, cookie);
        var trace = ActivityTraceId.CreateRandom();
        using var answer = await browser.FetchAsync(
            HttpMethod.Get,
            path,
            ("traceparent", $"00-{trace}-00f067aa0ba902b7-01")
        );

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        bff.Log.Of(trace).ShouldBeEmpty();
    }

    [Fact]
    public async Task SignIn_IsLogged()
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var trace = ActivityTraceId.CreateRandom();
        using var challenge = await browser.GetAsync("/bff/login", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        using var page = await browser.FollowAsync(challenge.Headers.Location!.ToString());

        bff.Log.Of(trace)
            .Single()
            .ShouldStartWith("Information Lightning.Sessions.Cookies.WebSessions: Signed in to bff");
    }

    [Fact]
    [Trait("Check", "O02")]
    public async Task SignIn_AtTraceLevel_HasNoSecretInTheLog()
    {
        await bff.AddPersonAsync();
        var replica = bff.Start(
            ("Logging:LogLevel:Default", "Trace"),
            ("Logging:LogLevel:Microsoft.AspNetCore", "Trace")
        );
        using var browser = bff.NewBrowser(replica);
        var trace = ActivityTraceId.CreateRandom();

        using var challenge = await browser.GetAsync("/bff/login", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        using var there = await browser.GetAsync(challenge.Headers.Location!.ToString());
        using var landing = await browser.GetAsync(there.Headers.Location!.ToString());

        landing.StatusCode.ShouldBe(HttpStatusCode.OK);
        var query = QueryHelpers.ParseQuery(there.Headers.Location.Query);
        string[] secrets =
        [
            query["code"].ToString(),
            query["state"].ToString(),
            bff.Provider.Redemptions.Last()["code_verifier"],
            browser.Cookie(BffUnderTest.SessionCookie)!,
            .. challenge.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split('=', 2)[0].Split('.', 2)[1]),
            "canary",
            FakeProvider.ClientSecret,
        ];
        var lines = bff.Log.Of(trace);
        lines.ShouldContain(line => line.StartsWith("Debug", StringComparison.Ordinal));
        lines.ShouldAllBe(line => !secrets.Any(secret => line.Contains(secret, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task SignIn_BrowserDisconnectsDuringTheCallback_LogsNothing()
    {
        using var activity = new Activity("callback").Start();
        using var log = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        var options = Options.Create(new RelyingPartyOptions());
        var events = new ProviderEvents(RelyingParty.Bff, options, loggers.CreateLogger<ProviderEvents>());
        var context = new DefaultHttpContext { RequestAborted = new CancellationToken(canceled: true) };
        var scheme = new AuthenticationScheme(Schemes.Provider, null, typeof(OpenIdConnectHandler));
        var failure = new RemoteFailureContext(
            context,
            scheme,
            new OpenIdConnectOptions(),
            new TaskCanceledException()
        );

        await events.RemoteFailure(failure);

        failure.Result!.Handled.ShouldBeTrue();
        log.Of(activity.TraceId).ShouldBeEmpty();
    }
}
