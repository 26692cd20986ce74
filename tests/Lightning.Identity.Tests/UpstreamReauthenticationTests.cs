using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>How recent an authentication at an upstream provider is, and when it is repeated.</summary>
public class UpstreamReauthenticationTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    FakeProvider Upstream => identity.Upstream;

    [Theory, Trait("Check", "C11")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reauthentication_CountsOnlyIfTheProviderConfirmsIt(bool proved)
    {
        var (id, visitor) = await identity.RegisterAsync($"reauthenticated-{proved}@example.org");
        identity.Clock.Advance(TimeSpan.FromMinutes(20));
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            if (proved)
                claims["auth_time"] = identity.Clock.GetUtcNow().ToUnixTimeSeconds();
            else
                claims.Remove("auth_time");
        };
        await IdentityWithUpstream.GoAsync(visitor);
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("0");
        await visitor.GetAsync("/account/upstream");
        await using var db = identity.Database.Connect();
        var session = await db.Sessions.SingleAsync(session => session.UserId == id, Cancellation);
        (session.AuthTime == identity.Clock.GetUtcNow()).ShouldBe(proved);
    }

    [Theory, Trait("Check", "C11"), Trait("Check", "U09")]
    [InlineData(3600)]
    [InlineData(null)]
    public async Task UpstreamSignIn_WithoutPrompt_IsNoRecentAuthentication(int? secondsAgo)
    {
        var address = $"silent-{secondsAgo}@example.org";
        IdentityWithUpstream.Newcomer(Upstream, address);
        SetAuthAge(secondsAgo);
        var visitor = await identity.ArriveAsync();
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("1209600", "so that the provider returns auth_time");
        await using var db = identity.Database.Connect();
        var account = await db.Accounts.SingleAsync(account => account.Email == address, Cancellation);
        var (now, proved) = (identity.Clock.GetUtcNow(), await AuthTimeAsync(db, account.Id));
        proved.ShouldBe(secondsAgo is { } seconds ? now.AddSeconds(-seconds) : DateTimeOffset.UnixEpoch);

        // Sensitive pages require a recent authentication.
        foreach (var page in new[] { "/account/logins", "/account/authenticator" })
            (await visitor.GetAsync(page)).Headers.Location!.ToString().ShouldStartWith("/account/sign-in?returnUrl=");
        (await visitor.SubmitToAsync("/account/sign-in", "/account/address", ("Email", "other@example.org")))
            .Headers.Location!.ToString()
            .ShouldStartWith("/account/sign-in?returnUrl=");
        // A provider that reauthenticates the user and confirms it gives access.
        SetAuthAge(0);
        await IdentityWithUpstream.GoAsync(
            visitor,
            page: "/account/sign-in?returnUrl=%2Faccount%2Flogins",
            fields: ("ReturnUrl", "/account/logins")
        );
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("0");
        (await visitor.GetAsync("/account/upstream")).Headers.Location!.ToString().ShouldBe("/account/logins");
        (await visitor.GetAsync("/account/logins")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "C11"), Trait("Check", "U09")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SecondFactorSetUp_UpstreamUser_RequiresReauthentication(bool asks)
    {
        var (id, _) = await identity.RegisterAsync($"set-up-{asks}@example.org");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{id}'");
        SetAuthAge(3600);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        using var leaving = await visitor.GetAsync("/account/upstream");
        (await visitor.GetAsync("/account/second-step/set-up"))
            .Headers.Location!.ToString()
            .ShouldBe("/account/sign-in");

        SetAuthAge(asks ? 0 : 3600);
        await IdentityWithUpstream.ContinueAsync(visitor, leaving);
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("0");
        using var back = await visitor.GetAsync("/account/upstream");
        using var setUp = await visitor.GetAsync("/account/second-step/set-up");
        (back.StatusCode, setUp.StatusCode).ShouldBe(
            asks ? (HttpStatusCode.SeeOther, HttpStatusCode.OK) : (HttpStatusCode.Forbidden, HttpStatusCode.SeeOther)
        );
    }

    [Theory, Trait("Check", "C11")]
    [InlineData("prompt", "login", "0")]
    [InlineData("max_age", "60", "0")]
    [InlineData("prompt", "create", "1209600")]
    [InlineData("nonce", "other", "1209600")]
    public async Task Authorize_ReauthenticationRequired_PromptsAtTheProvider(string name, string value, string maxAge)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"app-{name}-{value}@example.org");
        // A correct provider: auth_time is now after a reauthentication, and yesterday otherwise.
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            claims["auth_time"] =
                identity.Clock.GetUtcNow().ToUnixTimeSeconds()
                - (Upstream.PushedRequests.Last()["max_age"] == "0" ? 0 : 86400);
        };
        var visitor = identity.Visitor();
        var page = (await identity.Bff(visitor).AuthorizeAsync((name, value))).Headers.Location!.ToString();
        var waiting = QueryHelpers.ParseQuery(new Uri(IdentityUnderTest.Address, page).Query)["returnUrl"].ToString();
        await IdentityWithUpstream.GoAsync(visitor, fields: ("ReturnUrl", waiting));
        Upstream.PushedRequests.Last()["max_age"].ShouldBe(maxAge);
        (await visitor.GetAsync("/account/upstream")).Headers.Location!.ToString().ShouldBe(waiting);
        (await visitor.GetAsync(waiting))
            .Headers.Location!.ToString()
            .ShouldStartWith($"{IdentityUnderTest.App}/bff/signin-oidc?code=");
    }

    /// <summary>
    /// Sets the age of auth_time in the provider's ID tokens; null omits it.
    /// </summary>
    void SetAuthAge(int? secondsAgo)
    {
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            if (secondsAgo is { } ago)
                claims["auth_time"] = identity.Clock.GetUtcNow().ToUnixTimeSeconds() - ago;
            else
                claims.Remove("auth_time");
        };
    }

    static Task<DateTimeOffset> AuthTimeAsync(Lightning.Data.LightningDb db, Guid accountId) =>
        db
            .Sessions.Where(session => session.UserId == accountId)
            .Select(session => session.AuthTime)
            .SingleAsync(Cancellation);
}
