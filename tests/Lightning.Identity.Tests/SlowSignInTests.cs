using System.Net;
using Lightning.Identity.Requests;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tests;

/// <summary>A sign-in that takes long, or that continues in another browser, ends in the app.</summary>
public sealed class SlowSignInTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>
{
    const string Login = $"{IdentityUnderTest.App}/bff/login";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void SuspendedRequest_EndsBeforeTheCookiesOfARelyingParty()
    {
        var relyingParty = identity
            .Services.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>()
            .Get("upstream-sky");

        // The pushed request and the code take up to a minute each.
        var longest = PendingRequests.SuspendedLifetime + PendingRequests.PushedLifetime + TimeSpan.FromSeconds(60);

        relyingParty.RemoteAuthenticationTimeout.ShouldBeGreaterThan(longest);
        relyingParty.ProtocolValidator.NonceLifetime.ShouldBeGreaterThan(longest);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(54)]
    public async Task SignInPage_LeftOpen_EndsInTheApp(int minutes)
    {
        var user = await identity.AddAccountAsync($"s{Guid.NewGuid():N}");
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        var form = await visitor.OpenFormAsync(
            redirected.Headers.Location!.ToString(),
            fields: [("Email", user.Email), ("Password", IdentityUnderTest.Password)]
        );
        identity.Clock.Advance(TimeSpan.FromMinutes(minutes));

        using var signedIn = await visitor.PostAsync(form);

        using var resumed = await visitor.GetAsync(signedIn.Headers.Location!.ToString());
        RelyingParty.Callback(resumed).ShouldContainKey("code");
    }

    [Fact]
    public async Task SignInPage_LeftOpenForLonger_EndsWithAButtonThatSignsIn()
    {
        var user = await identity.AddAccountAsync($"s{Guid.NewGuid():N}");
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        var form = await visitor.OpenFormAsync(
            redirected.Headers.Location!.ToString(),
            fields: [("Email", user.Email), ("Password", IdentityUnderTest.Password)]
        );
        identity.Clock.Advance(TimeSpan.FromMinutes(55));

        using var signedIn = await visitor.PostAsync(form);

        await ShouldOfferTheAppAsync(visitor, signedIn.Headers.Location!.ToString(), "You are signed in");
    }

    [Fact]
    public async Task SuspendedTwice_EndsAtTheSameTime()
    {
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        var resume = System.Web.HttpUtility.ParseQueryString(redirected.Headers.Location!.ToString().Split('?')[1])[
            "returnUrl"
        ]!;
        identity.Clock.Advance(TimeSpan.FromMinutes(54));
        // Suspended again, because no one is signed in.
        using var again = await visitor.GetAsync(resume);
        var resumeAgain = System.Web.HttpUtility.ParseQueryString(again.Headers.Location!.ToString().Split('?')[1])[
            "returnUrl"
        ]!;
        identity.Clock.Advance(TimeSpan.FromMinutes(1));

        await ShouldOfferTheAppAsync(visitor, resumeAgain, "This sign-in has expired");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task MailLink_InAnotherBrowser_EndsWithAButtonThatSignsIn(bool isRegistration)
    {
        var address = $"m{Guid.NewGuid():N}@example.com";
        if (!isRegistration)
            address = (await identity.AddAccountAsync($"m{Guid.NewGuid():N}")).Email;
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync(("prompt", isRegistration ? "create" : null));
        var page = redirected.Headers.Location!.ToString();
        await visitor.SubmitAsync(
            isRegistration ? page : page.Replace("/sign-in", "/forgot-password", StringComparison.Ordinal),
            ("Name", "Grace"),
            ("Email", address)
        );
        var elsewhere = identity.Visitor();

        using var done = await elsewhere.SubmitAsync(
            await identity.LinkAsync(address),
            ("Password", "another set of words")
        );

        await ShouldOfferTheAppAsync(elsewhere, done.Headers.Location!.ToString(), "You are signed in");
        // What the button opens needs no input.
        using var signedIn = await identity.Bff(elsewhere).AuthorizeAsync();
        RelyingParty.Callback(signedIn).ShouldContainKey("code");
    }

    [Fact]
    public async Task StartPage_OpensTheApp_SignedIn()
    {
        var (_, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");

        (await visitor.ReadAsync("/")).ShouldContain($"href=\"{Login}\"");
    }

    static async Task ShouldOfferTheAppAsync(Visitor visitor, string url, string title)
    {
        using var page = await visitor.GetAsync(url);
        page.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var html = await page.Content.ReadAsStringAsync(Cancellation);
        html.ShouldContain($"<h1>{title}</h1>");
        html.ShouldContain($"href=\"{Login}\"");
    }
}
