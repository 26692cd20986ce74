using System.Diagnostics;
using System.Net;

namespace Lightning.Bff.Tests;

/// <summary>Anybody can have a log filled who is written of when they are turned away.</summary>
public class LogTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    [Theory]
    [InlineData("/bff/user", null)]
    [InlineData("/api/v1/notes", null)]
    [InlineData("/bff/sessions", "unknown")]
    [InlineData("/api/v1/notes", "unknown")]
    public async Task Request_OfSomebodyWhoIsNobodyYet_IsNotWrittenOf(string path, string? cookie)
    {
        using var browser = bff.NewBrowser();
        if (cookie is not null) browser.SetCookie(BffUnderTest.SessionCookie, cookie);
        var trace = ActivityTraceId.CreateRandom();
        using var answer = await browser.FetchAsync(HttpMethod.Get, path, ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        bff.Log.Of(trace).ShouldBeEmpty();
    }

    [Fact]
    public async Task SignIn_IsWrittenOf()
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var trace = ActivityTraceId.CreateRandom();
        using var challenge = await browser.GetAsync("/bff/login", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        using var page = await browser.FollowAsync(challenge.Headers.Location!.ToString());
        bff.Log.Of(trace).Single().ShouldStartWith("Information Lightning.Sessions.WebSessions: Signed in to bff");
    }
}
