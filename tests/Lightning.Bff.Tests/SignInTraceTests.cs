using System.Diagnostics;
using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>
/// The callback continues the trace of the sign-in.
/// </summary>
public class SignInTraceTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    [Fact]
    public async Task Callback_WithValidStateOnly_ContinuesTheTraceOfTheLogin()
    {
        using var spans = new RequestSpans();
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var challenge = await browser.GetAsync("/bff/login", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        using var answer = await browser.GetAsync(challenge.Headers.Location!.ToString());
        var callback = answer.Headers.Location!.ToString();
        using var forged = await browser.GetAsync(callback.Replace("state=", "state=x", StringComparison.Ordinal));
        forged.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var landing = await browser.GetAsync(callback);
        landing.StatusCode.ShouldBe(HttpStatusCode.OK);

        // The back-channel requests are in the same trace.
        var paths = await spans.PathsOfAsync(trace, 4);
        paths
            .Except(["/.well-known/openid-configuration", "/jwks"])
            .ShouldBe(["/bff/login", "/par", "/bff/signin-oidc", "/token"]);
        paths.Count(path => path == "/bff/signin-oidc").ShouldBe(1);
    }
}
