using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Sign-in with an upstream provider, and links between its users and local accounts.</summary>
public class UpstreamTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>, IDisposable
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    FakeProvider Upstream => identity.Upstream;

    [Fact, Trait("Check", "C03"), Trait("Check", "C05")]
    public async Task UpstreamSignIn_NewUserWithVerifiedEmail_CreatesAccount()
    {
        var subject = IdentityWithUpstream.Newcomer(Upstream, "new@example.org");
        var visitor = identity.Visitor();
        var page = (await identity.Bff(visitor).AuthorizeAsync()).Headers.Location!.ToString();
        var waiting = QueryHelpers.ParseQuery(new Uri(IdentityUnderTest.Address, page).Query)["returnUrl"].ToString();
        using (var back = await IdentityWithUpstream.GoAsync(visitor, page: page, fields: ("ReturnUrl", waiting)))
            back.Headers.Location!.ToString().ShouldBe("/account/upstream");
        using var signedIn = await visitor.GetAsync("/account/upstream");
        signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        signedIn.Headers.Location!.ToString().ShouldBe(waiting);
        var callback = await visitor.GetAsync(waiting);
        callback.Headers.Location!.ToString().ShouldStartWith($"{IdentityUnderTest.App}/bff/signin-oidc?code=");

        await using var db = identity.Database.Connect();
        var account = await db.Accounts.SingleAsync(account => account.Email == "new@example.org", Cancellation);
        account.EmailConfirmed.ShouldBeTrue();
        account.PasswordHash.ShouldBeNull();
        var login = await db.UserLogins.SingleAsync(login => login.UserId == account.Id, Cancellation);
        (login.LoginProvider, login.ProviderKey).ShouldBe((Upstream.Issuer, subject.ToString()));
        (await db.Sessions.SingleAsync(session => session.UserId == account.Id, Cancellation)).Methods.ShouldBe([
            "fed",
        ]);
        (
            await db.AuditEntries.CountAsync(
                entry => entry.UserId == account.Id && entry.Action == "registered",
                Cancellation
            )
        ).ShouldBe(1);

        var pushed = Upstream.PushedRequests.Last();
        (pushed["code_challenge_method"], pushed["response_type"]).ShouldBe(("S256", "code"));
        pushed["nonce"].ShouldNotBeNullOrEmpty();
        pushed["redirect_uri"].ShouldEndWith("/account/upstream/sky");
    }

    [Fact]
    public async Task UpstreamSignIns_HundredUnfinished_KeepTheNewestFive()
    {
        var visitor = identity.Visitor();
        IdentityWithUpstream.Newcomer(Upstream, "hundred@example.org");
        var begun = new List<string>();

        // At two providers in turn.
        for (var i = 0; i < 100; i++)
        {
            identity.Clock.Advance(TimeSpan.FromMilliseconds(1));
            using var leaving = await IdentityWithUpstream.LeaveAsync(visitor, i % 2 == 0 ? "sea" : "sky");
            begun.Add(IdentityWithUpstream.Destination(leaving));
            Begun(visitor).Count().ShouldBeLessThanOrEqualTo(10);
            visitor.Browser.Cookies.Sum(cookie => cookie.ToString().Length + 2).ShouldBeLessThan(6144);
        }

        Begun(visitor).Count().ShouldBe(10);
        (await CompleteAsync(visitor, begun[^1])).ShouldBe(HttpStatusCode.Redirect);
        (await CompleteAsync(visitor, begun[^6])).ShouldBe(HttpStatusCode.BadRequest);
        (await CompleteAsync(visitor, begun[^5])).ShouldBe(HttpStatusCode.Redirect);
    }

    static IEnumerable<Cookie> Begun(Visitor visitor) =>
        visitor.Browser.Cookies.Where(cookie =>
            cookie.Name.StartsWith("__Host-lightning-id-upstream-", StringComparison.Ordinal)
        );

    /// <summary>Completes a begun sign-in; returns the callback's status.</summary>
    static async Task<HttpStatusCode> CompleteAsync(Visitor visitor, string destination)
    {
        using var there = await visitor.GetAsync(destination);
        using var back = await visitor.GetAsync(there.Headers.Location!.ToString());
        return back.StatusCode;
    }

    [Fact, Trait("Check", "C09")]
    public async Task UpstreamSignIn_KnownUser_IsFoundByIssuerAndSubject()
    {
        var (id, _) = await identity.RegisterAsync("before@example.org");
        var subject = Upstream.Subject;
        IdentityWithUpstream.Newcomer(Upstream, "after@example.org", verified: false);
        Upstream.Subject = subject;
        var visitor = await identity.ArriveAsync();
        (await visitor.ReadAsync("/")).ShouldContain("before@example.org");
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == id, Cancellation)).ShouldBe(2);
    }

    [Fact, Trait("Check", "C09")]
    public async Task UpstreamSignIn_SameSubjectOfAnotherProvider_IsAnotherUser()
    {
        await identity.RegisterAsync("one@example.org");
        IdentityWithUpstream.Newcomer(identity.Other, "two@example.org");
        identity.Other.Subject = Upstream.Subject;
        var visitor = identity.Visitor();
        (await IdentityWithUpstream.GoAsync(visitor, "sea")).Headers.Location!.ToString().ShouldBe("/account/upstream");
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Confirm your email address");
        (await IdentityWithUpstream.IsSignedInAsync(visitor)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U15"), Trait("Check", "C09")]
    public async Task UpstreamSignIn_EmailTaken_IsLinkedByOwnerOnly()
    {
        var owner = await identity.AddAccountAsync("owner");
        var subject = IdentityWithUpstream.Newcomer(Upstream, owner.Email);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("You already have an account");
        (await IdentityWithUpstream.IsSignedInAsync(visitor)).ShouldBeFalse();
        (await LoginsAsync(owner.Id)).ShouldBeEmpty();

        identity.Clock.Advance(TimeSpan.FromSeconds(2));
        using var signedIn = await visitor.SignInAsync(
            owner.Email,
            page: "/account/sign-in?returnUrl=/account/upstream"
        );
        signedIn.Headers.Location!.ToString().ShouldBe("/account/upstream");
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Link Sky?");
        (await LoginsAsync(owner.Id)).ShouldBeEmpty();
        (await visitor.SubmitToAsync("/account/upstream", "/account/upstream?handler=link")).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await LoginsAsync(owner.Id)).ShouldBe([subject.ToString()]);
        (await identity.MailsAsync(owner.Email)).ShouldContain(mail => mail.Subject == "You can now sign in with Sky");

        (await (await identity.ArriveAsync()).ReadAsync("/")).ShouldContain(owner.Email);
    }

    [Fact, Trait("Check", "U15")]
    public async Task UpstreamSignIn_OlderSession_LinksNothing()
    {
        var (owner, visitor) = await identity.SignedInAsync("before-answer");
        identity.Clock.Advance(TimeSpan.FromSeconds(2));
        IdentityWithUpstream.Newcomer(Upstream, owner.Email);
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("You already have an account");
        // The page is no protection; the server refuses the request too.
        (await visitor.SubmitToAsync("/account/sign-in", "/account/upstream?handler=link")).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (await LoginsAsync(owner.Id)).ShouldBeEmpty();
    }

    [Theory, Trait("Check", "U15")]
    [InlineData("sky", false)]
    [InlineData("sea", true)]
    public async Task UpstreamSignIn_UnverifiedEmail_IsVerifiedByMail(string provider, bool verified)
    {
        var fake = provider == "sky" ? Upstream : identity.Other;
        var known = await identity.AddAccountAsync($"known-{provider}");
        var address = $"unproved-{provider}@example.org";
        var subject = IdentityWithUpstream.Newcomer(fake, address, verified);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor, provider);
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Confirm your email address");
        foreach (var entered in new[] { known.Email, address })
        {
            using var sent = await visitor.SubmitAsync("/account/upstream", ("Email", entered));
            sent.Headers.Location!.ToString().ShouldStartWith("/account/check-mail?");
        }
        (await identity.MailsAsync(known.Email)).Single().Subject.ShouldBe("You already have an account");

        var link = await identity.LinkAsync(address);
        // It is not valid in another browser, nor as a password link.
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (
            await identity.Visitor().GetAsync(link.Replace("upstream-address", "password", StringComparison.Ordinal))
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await visitor.SubmitAsync(link)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await visitor.ReadAsync("/")).ShouldContain(address);
        (await visitor.GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await using var db = identity.Database.Connect();
        (
            await db.UserLogins.SingleAsync(login => login.ProviderKey == subject.ToString(), Cancellation)
        ).LoginProvider.ShouldBe(fake.Issuer);
        (await LoginsAsync(known.Id)).ShouldBeEmpty();
    }

    [Theory, Trait("Check", "U15")]
    [InlineData("true")]
    [InlineData("True")]
    [InlineData(1)]
    public async Task UpstreamSignIn_EmailVerifiedIsNoBoolean_IsNotVerified(object verified)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var claimsOf = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            claimsOf(claims);
            claims["email_verified"] = verified;
        };
        var visitor = identity.Visitor();

        await IdentityWithUpstream.GoAsync(visitor);

        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Confirm your email address");
        (await IdentityWithUpstream.IsSignedInAsync(visitor)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U15")]
    public async Task VerificationLink_BrowserOfAnotherUser_CreatesNothing()
    {
        IdentityWithUpstream.Newcomer(Upstream, "first@example.org", verified: false);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        await visitor.SubmitAsync("/account/upstream", ("Email", "first@example.org"));
        IdentityWithUpstream.Newcomer(Upstream, "second@example.org", verified: false);
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.GetAsync(await identity.LinkAsync("first@example.org"))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
    }

    [Fact]
    public async Task SignInPage_ListsConfiguredProviders()
    {
        var page = await identity.Visitor().ReadAsync("/account/sign-in");
        foreach (var title in new[] { "Sea", "Sky" })
            page.ShouldContain($"Sign in with {title}");
        (
            await identity
                .Visitor()
                .SubmitToAsync("/account/sign-in", "/account/upstream?handler=begin", ("Provider", "unknown"))
        ).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        // Only the page can start a sign-in, not another site.
        (
            await identity
                .Visitor()
                .Browser.SendAsync(
                    HttpMethod.Post,
                    "/account/upstream?handler=begin",
                    new FormUrlEncodedContent([KeyValuePair.Create("Provider", "sky")])
                )
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task UpstreamSignIn_Cancelled_ShowsErrorPage()
    {
        Upstream.AuthorizationError = "access_denied";
        using var response = await IdentityWithUpstream.GoAsync(identity.Visitor());
        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain("cancelled signing in with Sky");
    }

    [Fact]
    public async Task UpstreamSignIn_DisabledUser_IsRefused()
    {
        var (id, _) = await identity.RegisterAsync("disabled@example.org");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{id}'");
        await identity.ShouldRefuseSignInAsync(HttpStatusCode.Forbidden);
    }

    [Fact, Trait("Check", "U05")]
    public async Task UpstreamSignIn_TwoFactorAccount_RequiresSecondStep()
    {
        var (id, _) = await identity.RegisterAsync("second-step@example.org");
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.accounts SET two_factor_enabled = true WHERE id = '{id}'"
        );
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        using var next = await visitor.GetAsync("/account/upstream");
        next.Headers.Location!.ToString().ShouldBe("/account/second-step");
        (await visitor.GetAsync("/account"))
            .Headers.Location!.ToString()
            .ShouldStartWith("/account/sign-in", Case.Sensitive, "there is no session yet");
    }

    async Task<string[]> LoginsAsync(Guid accountId)
    {
        await using var db = identity.Database.Connect();
        return await db
            .UserLogins.Where(login => login.UserId == accountId)
            .Select(login => login.ProviderKey)
            .ToArrayAsync(Cancellation);
    }

    /// <summary>Resets the fake provider for the next test.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Upstream.AuthorizationError = null;
    }
}
