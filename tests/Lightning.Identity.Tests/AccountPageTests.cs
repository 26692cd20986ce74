using System.Net;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public class AccountPageTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const string NewPassword = "another set of words";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/account")]
    [InlineData("/account/change-password")]
    [InlineData("/account/address")]
    [InlineData("/account/authenticator")]
    [InlineData("/account/passkeys")]
    [InlineData("/account/devices")]
    [InlineData("/account/data")]
    public async Task AccountPage_SignedOut_RedirectsToSignInAndBack(string page)
    {
        var user = await identity.AddAccountAsync($"back{Guid.NewGuid():N}");
        var visitor = identity.Visitor();
        using var redirected = await visitor.GetAsync(page);
        redirected.Headers.Location!.ToString().ShouldBe($"/account/sign-in?returnUrl={Uri.EscapeDataString(page)}");
        using var signedIn = await visitor.SignInAsync(user.Email, page: redirected.Headers.Location.ToString());
        signedIn.Headers.Location!.ToString().ShouldBe(page);
        (await visitor.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "U09")]
    [InlineData("/account/change-password", "")]
    [InlineData("/account/address", "")]
    [InlineData("/account/authenticator", "")]
    [InlineData("/account/passkeys", "")]
    [InlineData("/account/data", "handler=Export")]
    [InlineData("/account/data", "handler=Delete")]
    [InlineData("/account/devices", "handler=Others")]
    public async Task AccountChange_TenMinutesAfterSignIn_RequiresAnotherSignIn(string page, string form)
    {
        var (user, visitor) = await identity.SignedInAsync($"u{Guid.NewGuid():N}");
        // Another session that can be ended.
        await identity.Visitor().SignInAsync(user.Email);
        identity.Clock.Advance(TimeSpan.FromMinutes(10));
        var opened = await visitor.ReadAsync(page);
        opened.ShouldContain("<form");
        identity.Clock.Advance(TimeSpan.FromSeconds(1));
        // The form was opened in time but is posted too late.
        using var late = await PostAsync(visitor, page, opened, form);
        late.Headers.Location!.ToString().ShouldBe($"/account/sign-in?returnUrl={Uri.EscapeDataString(page)}");
        (await identity.AuditAsync(user.Id)).Except(["signed-in", "new-device"]).ShouldBeEmpty();

        var confirm = await visitor.ReadAsync(late.Headers.Location.ToString());
        confirm.ShouldContain("Confirm that it is you");
        (await visitor.SignInAsync(user.Email, page: late.Headers.Location.ToString()))
            .Headers.Location!.ToString()
            .ShouldBe(page);
        (await visitor.ReadAsync(page)).ShouldContain("<form");
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == user.Id, Cancellation)).ShouldBe(
            2,
            "the sessions are the same as before"
        );
    }

    [Fact, Trait("Check", "U09")]
    public async Task AccountChange_SessionWithoutSecondFactor_RequiresCompleteSignIn()
    {
        var (user, visitor) = await identity.SignedInAsync("weak");
        var other = identity.Visitor();
        await other.SignInAsync(user.Email);
        await identity.AddAuthenticatorAsync(visitor);
        (await visitor.GetAsync("/account/change-password")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await other.GetAsync("/account/change-password"))
            .Headers.Location!.ToString()
            .ShouldStartWith("/account/sign-in?");
    }

    [Theory, Trait("Check", "L13"), Trait("Check", "U12")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PasswordChange_EndsOtherSessionsUnlessDeclined(bool endOthers)
    {
        var (user, visitor) = await identity.SignedInAsync($"change{endOthers}");
        var other = identity.Visitor();
        await other.SignInAsync(user.Email);
        var (mine, others) = (
            (await identity.Bff(visitor).TokensAsync())["refresh_token"]!,
            (await identity.Bff(other).TokensAsync())["refresh_token"]!
        );
        await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email));
        var link = await identity.LinkAsync(user.Email);

        (string, string)[] fields = [("Current", IdentityUnderTest.Password), ("Password", NewPassword)];
        using var changed = await visitor.SubmitAsync(
            "/account/change-password",
            endOthers ? fields : [.. fields, ("EndOthers", "false")]
        );
        changed.Headers.Location!.ToString().ShouldBe("/account?done=password");
        (await visitor.ReadAsync("/account?done=password")).ShouldContain("Your password was changed.");

        (await identity.Bff(visitor).RefreshAsync(mine)).Status.ShouldBe(HttpStatusCode.OK);
        (await identity.Bff(other).RefreshAsync(others)).Status.ShouldBe(
            endOthers ? HttpStatusCode.BadRequest : HttpStatusCode.OK
        );
        (await other.GetAsync("/account")).StatusCode.ShouldBe(endOthers ? HttpStatusCode.SeeOther : HttpStatusCode.OK);
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest,
            "a link that was mailed before is dead"
        );
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await identity.Visitor().SignInAsync(user.Email, NewPassword)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Your password was changed");
        (await identity.AuditAsync(user.Id)).ShouldContain("password-changed");
    }

    [Theory, Trait("Check", "U01"), Trait("Check", "U02")]
    [InlineData("wrong password", NewPassword, "This is not your password.")]
    [InlineData("", NewPassword, "Enter your current password.")]
    [InlineData(IdentityUnderTest.Password, "short", "Use at least 8 characters")]
    [InlineData(IdentityUnderTest.Password, "password1", "hard to guess")]
    public async Task PasswordChange_WrongCurrentOrWeakNewPassword_ShowsErrorAtField(
        string current,
        string password,
        string fault
    )
    {
        var (user, visitor) = await identity.SignedInAsync($"p{Guid.NewGuid():N}");
        using var refused = await visitor.SubmitAsync(
            "/account/change-password",
            ("Current", current),
            ("Password", password)
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await refused.Content.ReadAsStringAsync(Cancellation)).ShouldMatch(
            $"""class="field-validation-error"[^>]*>[^<]*{fault}"""
        );
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "L10"), Trait("Check", "L14")]
    public async Task Devices_ListAndEndOwnSessionsOnly()
    {
        var (user, visitor) = await identity.SignedInAsync("devices");
        var other = identity.Visitor();
        await other.SignInAsync(user.Email);
        var (stranger, elsewhere) = await identity.SignedInAsync("stranger");
        await using var db = identity.Database.Connect();
        var theirs = await db
            .Sessions.Where(session => session.UserId == stranger.Id)
            .Select(session => session.Id)
            .SingleAsync(Cancellation);

        var page = await visitor.ReadAsync("/account/devices");
        page.Split("<li>").Length.ShouldBe(3, "two sessions");
        page.Split("This device</span>").Length.ShouldBe(2, "one of which is the current one");
        (
            await visitor.SubmitFormAsync("/account/devices", "name=\"id\"", ("id", theirs.ToString()))
        ).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (
            await visitor.SubmitFormAsync("/account/devices", "name=\"id\"", ("id", Guid.NewGuid().ToString()))
        ).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await elsewhere.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await visitor.SubmitFormAsync("/account/devices", "name=\"id\"")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await other.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        await other.SignInAsync(user.Email);
        (await visitor.SubmitFormAsync("/account/devices", "handler=Others")).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await other.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await identity.AuditAsync(user.Id)).Count(action => action == "sessions-ended").ShouldBe(2);
    }

    [Fact, Trait("Check", "U10")]
    public async Task SignIn_FromNewDevice_IsMailedOnce()
    {
        var (user, visitor) = await identity.SignedInAsync("traveller");
        (await identity.SubjectsAsync(user.Email)).ShouldBeEmpty("the first sign-in sends no mail");
        await visitor.SubmitAsync("/account/sign-out");
        await visitor.SignInAsync(user.Email);
        (await identity.SubjectsAsync(user.Email)).ShouldBeEmpty("this browser was here before");

        var elsewhere = identity.Visitor();
        await elsewhere.SignInAsync(user.Email, "wrong password");
        (await identity.SubjectsAsync(user.Email)).ShouldBeEmpty();
        await elsewhere.SignInAsync(user.Email);
        (await identity.SubjectsAsync(user.Email)).ShouldBe(["A sign-in from a new device"]);
        await elsewhere.SubmitAsync("/account/sign-out");
        await elsewhere.SignInAsync(user.Email);
        (await identity.SubjectsAsync(user.Email)).Length.ShouldBe(1);

        // Another user's browser does not know this account.
        var (_, neighbours) = await identity.SignedInAsync("neighbour");
        await neighbours.SignInAsync(user.Email);
        (await identity.SubjectsAsync(user.Email)).Length.ShouldBe(2);
        // A forged cookie does not either.
        var forger = identity.Visitor();
        forger.Browser.SetCookie(
            "__Host-lightning-id-device",
            visitor.Browser.Cookie("__Host-lightning-id-device")![..^4] + "AAAA"
        );
        await forger.SignInAsync(user.Email);
        (await identity.SubjectsAsync(user.Email)).Length.ShouldBe(3);
    }

    static Task<HttpResponseMessage> PostAsync(Visitor visitor, string page, string html, string form)
    {
        var token = html.Split("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"")[1].Split('"')[0];
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["__RequestVerificationToken"] = token,
            ["Current"] = IdentityUnderTest.Password,
            ["Password"] = NewPassword,
            ["Email"] = "new@example.com",
            ["Confirmation"] = "new@example.com",
        };
        return visitor.Browser.SendAsync(
            HttpMethod.Post,
            form.Length > 0 ? $"{page}?{form}" : page,
            new FormUrlEncodedContent(fields)
        );
    }
}
