using System.Diagnostics;
using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>The answer that a browser brings back from the provider goes on with the trace in which the sign-in began.</summary>
public class SignInTraceTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    [Fact]
    public async Task Callback_GoesOnWithTheTraceOfTheLogin_WhenTheStateIsOursAndElseNot()
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

        // Pushed and redeemed by the back channel, within the same.
        var paths = await spans.PathsOfAsync(trace, 4);
        paths.Except(["/.well-known/openid-configuration", "/jwks"]).ShouldBe(["/bff/login", "/par", "/bff/signin-oidc", "/token"]);
        paths.Count(path => path == "/bff/signin-oidc").ShouldBe(1);
    }
}
