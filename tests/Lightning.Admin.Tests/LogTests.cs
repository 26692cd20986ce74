using System.Diagnostics;
using System.Net;

namespace Lightning.Admin.Tests;

/// <summary>Anonymous requests must not fill the log.</summary>
public class LogTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    [Theory]
    [InlineData("text/html", HttpStatusCode.Redirect)]
    [InlineData("application/json", HttpStatusCode.Unauthorized)]
    public async Task Anonymous_request_is_not_logged(string accept, HttpStatusCode status)
    {
        using var browser = admin.NewBrowser();
        foreach (var page in new[] { "/", "/notes", "/nothing" })
        {
            var trace = ActivityTraceId.CreateRandom();
            using var answer = await browser.GetAsync(
                page,
                ("Accept", accept),
                ("traceparent", $"00-{trace}-00f067aa0ba902b7-01")
            );
            answer.StatusCode.ShouldBe(status);
            admin.Log.Of(trace).ShouldBeEmpty();
        }
    }

    /// <summary>Proves that the log is captured at all: a successful sign-in is logged.</summary>
    [Fact]
    public async Task Sign_in_is_logged()
    {
        var (_, _, known) = await admin.SignInAsync(isAdmin: true);
        known.Dispose();
        using var browser = admin.NewBrowser();
        var trace = ActivityTraceId.CreateRandom();
        using var challenge = await browser.GetAsync("/login", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        using var page = await browser.FollowAsync(challenge.Headers.Location!.ToString());
        browser.Cookie(AdminUnderTest.SessionCookie).ShouldNotBeNull();
        admin
            .Log.Of(trace)
            .Single()
            .ShouldStartWith("Information Lightning.Sessions.Cookies.WebSessions: Signed in to admin");
    }
}
