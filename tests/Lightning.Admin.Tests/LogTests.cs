using System.Diagnostics;
using System.Net;

namespace Lightning.Admin.Tests;

/// <summary>Anybody can have a log filled who is written of when they are turned away.</summary>
public class LogTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    [Theory]
    [InlineData("text/html", HttpStatusCode.Redirect)]
    [InlineData("application/json", HttpStatusCode.Unauthorized)]
    public async Task Request_OfSomebodyWhoIsNobodyYet_IsNotWrittenOf(string accept, HttpStatusCode status)
    {
        using var browser = admin.NewBrowser();
        foreach (var page in new[] { "/", "/notes", "/nothing" })
        {
            var trace = ActivityTraceId.CreateRandom();
            using var answer = await browser.GetAsync(page, ("Accept", accept), ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
            answer.StatusCode.ShouldBe(status);
            admin.Log.Of(trace).ShouldBeEmpty();
        }
    }

    /// <summary>Who is let in is written of, by the same means: what is empty above is not so because nothing is heard.</summary>
    [Fact]
    public async Task SignIn_IsWrittenOf()
    {
        var (_, _, known) = await admin.SignInAsync(isAdmin: true);
        known.Dispose();
        using var browser = admin.NewBrowser();
        var trace = ActivityTraceId.CreateRandom();
        using var challenge = await browser.GetAsync("/login", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        using var page = await browser.FollowAsync(challenge.Headers.Location!.ToString());
        browser.Cookie(AdminUnderTest.SessionCookie).ShouldNotBeNull();
        admin.Log.Of(trace).Single().ShouldStartWith("Information Lightning.Sessions.WebSessions: Signed in to admin");
    }
}
