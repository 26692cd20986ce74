using System.Net;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>One browser with two tabs: a change in one, then a form that the other still shows.</summary>
public class TwoTabsTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static readonly (string, string)[] Navigation =
    [
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Accept", "text/html"),
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/account/devices")]
    [InlineData("/account/address")]
    [InlineData(null)]
    public async Task SignedInElsewhere_SignInForm_GoesOn(string? returnUrl)
    {
        var user = await identity.AddAccountAsync($"t{Guid.NewGuid():N}");
        var visitor = identity.Visitor();
        var page = "/account/sign-in" + (returnUrl is null ? "" : $"?returnUrl={Uri.EscapeDataString(returnUrl)}");
        var form = await visitor.OpenFormAsync(
            page,
            fields: [("Email", user.Email.ToUpperInvariant()), ("Password", IdentityUnderTest.Password)]
        );
        await visitor.SignInAsync(user.Email);

        using var response = await visitor.PostAsync(form, Navigation);

        response.Headers.Location!.ToString().ShouldBe(returnUrl ?? "/");
    }

    [Fact]
    public async Task SignedInElsewhere_SignInFormOfApp_GoesOnToApp()
    {
        var user = await identity.AddAccountAsync($"t{Guid.NewGuid():N}");
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        var form = await visitor.OpenFormAsync(
            redirected.Headers.Location!.ToString(),
            fields: [("Email", user.Email), ("Password", IdentityUnderTest.Password)]
        );
        await visitor.SignInAsync(user.Email);

        using var response = await visitor.PostAsync(form, Navigation);

        using var resumed = await visitor.GetAsync(response.Headers.Location!.ToString());
        RelyingParty.Callback(resumed).ShouldContainKey("code");
    }

    [Fact]
    public async Task SignedInElsewhereAsAnotherUser_SignInForm_IsShownAgainAndThenSwitches()
    {
        var (first, second) = (
            await identity.AddAccountAsync($"t{Guid.NewGuid():N}"),
            await identity.AddAccountAsync($"t{Guid.NewGuid():N}")
        );
        var visitor = identity.Visitor();
        var form = await visitor.OpenFormAsync(
            "/account/sign-in",
            fields: [("Email", second.Email), ("Password", IdentityUnderTest.Password)]
        );
        await visitor.SignInAsync(first.Email);

        using var shown = await visitor.PostAsync(form, Navigation);
        var html = await shown.Content.ReadAsStringAsync(Cancellation);
        var again = Visitor.Fill(html, "/account/sign-in", fields: ("Password", IdentityUnderTest.Password));
        html.ShouldContain(second.Email);
        html.ShouldNotContain(IdentityUnderTest.Password);
        (await identity.IsActiveAsync(second.Id)).ShouldBeFalse();

        using var signedIn = await visitor.PostAsync(
            again with
            {
                Fields = [.. again.Fields, ("Email", second.Email)],
            },
            Navigation
        );
        signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.IsActiveAsync(second.Id)).ShouldBeTrue();
    }

    [Fact]
    public async Task SecondStepDoneElsewhere_CodeForm_GoesOn()
    {
        var (user, visitor) = await identity.SignedInAsync($"t{Guid.NewGuid():N}");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        var next = identity.Visitor();
        await next.SignInAsync(user.Email, page: "/account/sign-in?returnUrl=%2Faccount%2Fdevices");
        const string page = "/account/second-step?returnUrl=%2Faccount%2Fdevices";
        var form = await next.OpenFormAsync(page, fields: ("Code", identity.CodeOf(key)));
        using var done = await next.SubmitAsync(page, ("Code", identity.CodeOf(key)));
        done.Headers.Location!.ToString().ShouldBe("/account/devices");

        using var response = await next.PostAsync(form, Navigation);
        using var opened = await next.GetAsync(page);

        response.Headers.Location!.ToString().ShouldBe("/account/devices");
        opened.Headers.Location!.ToString().ShouldBe("/account/devices");
    }

    [Fact]
    public async Task PasswordResetElsewhere_PasswordForm_GoesOn()
    {
        var user = await identity.AddAccountAsync($"t{Guid.NewGuid():N}");
        var visitor = identity.Visitor();
        await visitor.SubmitAsync("/account/forgot-password", ("Email", user.Email));
        var link = await identity.LinkAsync(user.Email);
        var form = await visitor.OpenFormAsync(link, fields: ("Password", "another set of words"));
        await visitor.SubmitAsync(link, ("Password", "another set of words"));

        using var response = await visitor.PostAsync(form, Navigation);
        using var stranger = await identity.Visitor().PostAsync(form, Navigation);

        response.Headers.Location!.ToString().ShouldBe("/");
        stranger.StatusCode.ShouldBe(HttpStatusCode.BadRequest, "the link was used by somebody else");
    }

    [Theory]
    [InlineData("/account/change-password")]
    [InlineData("/account/address")]
    [InlineData("/account/data")]
    [InlineData("/account/devices")]
    [InlineData("/account/passkeys")]
    public async Task SignedOutElsewhere_AccountForm_SaysSoAndReturns(string page)
    {
        var (user, visitor) = await identity.SignedInAsync($"t{Guid.NewGuid():N}");
        // A second device has a form on the page of the devices.
        await identity.Visitor().SignInAsync(user.Email);
        var form = await visitor.OpenFormAsync(page, "method=\"post\"");
        await visitor.SubmitAsync("/account/sign-out");

        using var response = await visitor.PostAsync(form with { Action = page }, Navigation);

        var signIn = response.Headers.Location!.ToString();
        signIn.ShouldStartWith($"/account/sign-in?returnUrl={Uri.EscapeDataString(page)}");
        (await visitor.ReadAsync(signIn)).ShouldContain("You are signed out.");
    }

    [Fact]
    public async Task SignedOutElsewhere_SignOutForm_SaysSo()
    {
        var (_, visitor) = await identity.SignedInAsync($"t{Guid.NewGuid():N}");
        var form = await visitor.OpenFormAsync("/account/sign-out");
        var ofApp = await visitor.OpenFormAsync(
            "/account/sign-out?client_id=lightning-bff&post_logout_redirect_uri="
                + Uri.EscapeDataString($"{IdentityUnderTest.App}/bff/signout-callback-oidc")
        );
        await visitor.SubmitAsync("/account/sign-out");

        using var response = await visitor.PostAsync(form, Navigation);
        using var toApp = await visitor.PostAsync(ofApp, Navigation);

        response.Headers.Location!.ToString().ShouldBe("/account/signed-out");
        toApp.Headers.Location!.ToString().ShouldStartWith(IdentityUnderTest.App);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SignedInAgainElsewhere_FormOfSameUser_StillWorks(bool signsOut)
    {
        var (user, visitor) = await identity.SignedInAsync($"t{Guid.NewGuid():N}");
        var form = await visitor.OpenFormAsync(
            "/account/change-password",
            fields: [("Current", IdentityUnderTest.Password), ("Password", "another set of words")]
        );
        if (signsOut)
            await visitor.SubmitAsync("/account/sign-out");
        await visitor.SignInAsync(user.Email);

        using var response = await visitor.PostAsync(form);

        response.Headers.Location!.ToString().ShouldBe("/account?done=password");
    }

    [Fact]
    public async Task DeviceSignedOutElsewhere_SameForm_ShowsTheList()
    {
        var (user, visitor) = await identity.SignedInAsync($"t{Guid.NewGuid():N}");
        await identity.Visitor().SignInAsync(user.Email);
        var form = await visitor.OpenFormAsync("/account/devices", "name=\"id\"");
        using var first = await visitor.PostAsync(form);

        using var second = await visitor.PostAsync(form);

        second.Headers.Location!.ToString().ShouldBe("/account/devices");
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(row => row.UserId == user.Id && row.EndedAt == null, Cancellation)).ShouldBe(1);
    }
}
