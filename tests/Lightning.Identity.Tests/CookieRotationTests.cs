using System.Net;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Every authentication issues a new cookie, and the old one is refused (ASVS 5.0, 7.2.4).</summary>
public class CookieRotationTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const string Cookie = "__Host-lightning-id";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/account/sign-in")]
    [InlineData("/account/sign-in?returnUrl=%2Faccount%2Faddress")]
    public async Task Copied_cookie_is_refused_after_reauthentication(string page)
    {
        var (user, owner) = await identity.SignedInAsync($"owner-{page.Length}");
        var thief = Copy(owner);
        identity.Clock.Advance(TimeSpan.FromMinutes(11));
        (await thief.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await owner.SignInAsync(user.Email, page: page)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);

        foreach (var path in new[] { "/account", "/account/address", "/account/authenticator" })
            (await thief.GetAsync(path))
                .Headers.Location!.ToString()
                .ShouldStartWith("/account/sign-in", customMessage: path);
        await thief.SubmitAsync("/account/address", ("Email", "thief@example.com"));
        (await identity.MailsAsync("thief@example.com")).ShouldBeEmpty();
        RelyingParty
            .Callback(await identity.Bff(Copy(thief)).AuthorizeAsync(("prompt", "none")))["error"]
            .ShouldBe("login_required");
        (await owner.GetAsync("/account/address")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == user.Id, Cancellation)).ShouldBe(1);
    }

    [Fact]
    public async Task Refused_old_cookie_does_not_delete_the_new_one()
    {
        var (user, owner) = await identity.SignedInAsync("two-tabs");
        var otherTab = Copy(owner);
        await owner.SignInAsync(user.Email);

        using var crossed = await otherTab.GetAsync("/account");

        crossed.Headers.TryGetValues("Set-Cookie", out var cookies);
        (cookies ?? []).ShouldNotContain(cookie => cookie.StartsWith($"{Cookie}=;", StringComparison.Ordinal));
        (await owner.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Cookie_without_a_secret_is_refused()
    {
        var (user, owner) = await identity.SignedInAsync("without-secret");

        await identity.Database.ExecuteAsync(
            $"UPDATE identity.sessions SET cookie_hash = NULL WHERE user_id = '{user.Id}'"
        );

        (await owner.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    Visitor Copy(Visitor visitor)
    {
        var copy = identity.Visitor();
        copy.Browser.SetCookie(Cookie, visitor.Browser.Cookie(Cookie)!);
        return copy;
    }
}
