using System.Net;
using Lightning.Data.Accounts;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Signing in by an upstream provider, and the links between its people and accounts here.</summary>
public class UpstreamTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>, IDisposable
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    FakeProvider Upstream => identity.Upstream;

    [Fact, Trait("Check", "C03"), Trait("Check", "C05")]
    public async Task Newcomer_WithAProvedAddress_IsRegisteredAndGoesOnToTheApp()
    {
        var subject = IdentityWithUpstream.Newcomer(Upstream, "new@example.org");
        var visitor = identity.Visitor();
        var page = (await identity.Bff(visitor).AuthorizeAsync()).Headers.Location!.ToString();
        var waiting = QueryHelpers.ParseQuery(new Uri(IdentityUnderTest.Address, page).Query)["returnUrl"].ToString();
        using (var back = await IdentityWithUpstream.GoAsync(visitor, page: page, fields: ("ReturnUrl", waiting))) back.Headers.Location!.ToString().ShouldBe("/account/upstream");
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
        (await db.Sessions.SingleAsync(session => session.UserId == account.Id, Cancellation)).Methods.ShouldBe(["fed"]);
        (await db.AuditEntries.CountAsync(entry => entry.UserId == account.Id && entry.Action == "registered", Cancellation)).ShouldBe(1);

        var asked = Upstream.PushedRequests.Last();
        (asked["code_challenge_method"], asked["response_type"]).ShouldBe(("S256", "code"));
        asked["nonce"].ShouldNotBeNullOrEmpty();
        asked["redirect_uri"].ShouldEndWith("/account/upstream/sky");
    }

    [Fact, Trait("Check", "C09")]
    public async Task SomebodyKnown_IsFoundByIssuerAndSubject_WhateverTheAddressIsNow()
    {
        var (id, _) = await RegisterAsync("before@example.org");
        var subject = Upstream.Subject;
        IdentityWithUpstream.Newcomer(Upstream, "after@example.org", verified: false);
        Upstream.Subject = subject;
        var visitor = await ArriveAsync();
        (await visitor.ReadAsync("/")).ShouldContain("before@example.org");
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == id, Cancellation)).ShouldBe(2);
    }

    [Fact, Trait("Check", "C09")]
    public async Task SameSubject_OfAnotherProvider_IsSomebodyElse()
    {
        await RegisterAsync("one@example.org");
        IdentityWithUpstream.Newcomer(identity.Other, "two@example.org");
        identity.Other.Subject = Upstream.Subject;
        var visitor = identity.Visitor();
        (await IdentityWithUpstream.GoAsync(visitor, "sea")).Headers.Location!.ToString().ShouldBe("/account/upstream");
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Confirm your email address");
        (await IdentityWithUpstream.IsSignedInAsync(visitor)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U15"), Trait("Check", "C09")]
    public async Task AddressOfAnotherAccount_EvenProved_IsLinkedByItsOwnerOnly()
    {
        var owner = await identity.AddAccountAsync("owner");
        var subject = IdentityWithUpstream.Newcomer(Upstream, owner.Email);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("You already have an account");
        (await IdentityWithUpstream.IsSignedInAsync(visitor)).ShouldBeFalse();
        (await LoginsAsync(owner.Id)).ShouldBeEmpty();

        identity.Clock.Advance(TimeSpan.FromSeconds(2));
        using var signedIn = await visitor.SignInAsync(owner.Email, page: "/account/sign-in?returnUrl=/account/upstream");
        signedIn.Headers.Location!.ToString().ShouldBe("/account/upstream");
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Link Sky?");
        (await LoginsAsync(owner.Id)).ShouldBeEmpty();
        (await visitor.SubmitToAsync("/account/upstream", "/account/upstream?handler=link")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await LoginsAsync(owner.Id)).ShouldBe([subject.ToString()]);
        (await identity.MailsAsync(owner.Email)).ShouldContain(mail => mail.Subject == "Sky can now sign you in");

        (await (await ArriveAsync()).ReadAsync("/")).ShouldContain(owner.Email);
    }

    [Fact, Trait("Check", "U15")]
    public async Task SessionFromBeforeTheProvidersAnswer_LinksNothing()
    {
        var (owner, visitor) = await identity.SignedInAsync("before-answer");
        identity.Clock.Advance(TimeSpan.FromSeconds(2));
        IdentityWithUpstream.Newcomer(Upstream, owner.Email);
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("You already have an account");
        // What the page says is no defence: the request itself is refused.
        (await visitor.SubmitToAsync("/account/sign-in", "/account/upstream?handler=link")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await LoginsAsync(owner.Id)).ShouldBeEmpty();
    }

    [Theory, Trait("Check", "U15")]
    [InlineData("sky", false)]
    [InlineData("sea", true)]
    public async Task AddressThatIsNotProved_IsProvedByMail_AndTellsNothing(string provider, bool verified)
    {
        var fake = provider == "sky" ? Upstream : identity.Other;
        var known = await identity.AddAccountAsync($"known-{provider}");
        var address = $"unproved-{provider}@example.org";
        var subject = IdentityWithUpstream.Newcomer(fake, address, verified);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor, provider);
        (await visitor.ReadAsync("/account/upstream")).ShouldContain("Confirm your email address");
        foreach (var asked in new[] { known.Email, address })
        {
            using var sent = await visitor.SubmitAsync("/account/upstream", ("Email", asked));
            sent.Headers.Location!.ToString().ShouldBe("/account/check-mail");
        }
        (await identity.MailsAsync(known.Email)).Single().Subject.ShouldBe("You already have an account");

        var link = await identity.LinkAsync(address);
        // In another browser, and as a link for a password, it is nothing.
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await identity.Visitor().GetAsync(link.Replace("upstream-address", "password", StringComparison.Ordinal))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await visitor.SubmitAsync(link)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await visitor.ReadAsync("/")).ShouldContain(address);
        (await visitor.GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await using var db = identity.Database.Connect();
        (await db.UserLogins.SingleAsync(login => login.ProviderKey == subject.ToString(), Cancellation)).LoginProvider.ShouldBe(fake.Issuer);
        (await LoginsAsync(known.Id)).ShouldBeEmpty();
    }

    [Fact, Trait("Check", "U15")]
    public async Task MailedLink_InABrowserWhereSomebodyElseCameMeanwhile_MakesNothing()
    {
        IdentityWithUpstream.Newcomer(Upstream, "first@example.org", verified: false);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        await visitor.SubmitAsync("/account/upstream", ("Email", "first@example.org"));
        IdentityWithUpstream.Newcomer(Upstream, "second@example.org", verified: false);
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.GetAsync(await identity.LinkAsync("first@example.org"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task SignInPage_OffersEachProvider_AndNoOther()
    {
        var page = await identity.Visitor().ReadAsync("/account/sign-in");
        foreach (var title in new[] { "Sea", "Sky" }) page.ShouldContain($"Sign in with {title}");
        (await identity.Visitor().SubmitToAsync("/account/sign-in", "/account/upstream?handler=begin", ("Provider", "nobody"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        // Only the page begins a sign-in, and no other site.
        (await identity.Visitor().Browser.SendAsync(HttpMethod.Post, "/account/upstream?handler=begin", new FormUrlEncodedContent([KeyValuePair.Create("Provider", "sky")]))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task PersonWhoCancels_ReadsSo()
    {
        Upstream.AuthorizationError = "access_denied";
        using var response = await IdentityWithUpstream.GoAsync(identity.Visitor());
        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain("cancelled at Sky");
    }

    [Fact]
    public async Task DisabledUser_IsNotSignedIn()
    {
        var (id, _) = await RegisterAsync("disabled@example.org");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{id}'");
        await identity.NobodyIsSignedInAsync(HttpStatusCode.Forbidden);
    }

    [Fact, Trait("Check", "U05")]
    public async Task AccountWithASecondStep_IsNotOpenedByAnotherProvider()
    {
        var (id, _) = await RegisterAsync("second-step@example.org");
        await identity.Database.ExecuteAsync($"UPDATE identity.accounts SET two_factor_enabled = true WHERE id = '{id}'");
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        using var next = await visitor.GetAsync("/account/upstream");
        next.Headers.Location!.ToString().ShouldBe("/account/second-step");
        (await visitor.GetAsync("/account")).Headers.Location!.ToString().ShouldStartWith("/account/sign-in", Case.Sensitive, "there is no session yet");
    }

    [Theory, Trait("Check", "C11")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SigningInAnew_CountsOnlyWhereTheProviderProvesIt(bool proved)
    {
        var (id, visitor) = await RegisterAsync($"anew-{proved}@example.org");
        identity.Clock.Advance(TimeSpan.FromMinutes(20));
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            if (proved) claims["auth_time"] = identity.Clock.GetUtcNow().ToUnixTimeSeconds();
            else claims.Remove("auth_time");
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
    public async Task SigningIn_WhereTheProviderAsksNothing_IsNoProofOfNow(int? secondsAgo)
    {
        var address = $"silent-{secondsAgo}@example.org";
        IdentityWithUpstream.Newcomer(Upstream, address);
        Says(secondsAgo);
        var visitor = await ArriveAsync();
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("1209600", "so that it says when");
        await using var db = identity.Database.Connect();
        var account = await db.Accounts.SingleAsync(account => account.Email == address, Cancellation);
        var (now, proved) = (identity.Clock.GetUtcNow(), await AuthTimeAsync(db, account.Id));
        proved.ShouldBe(secondsAgo is { } seconds ? now.AddSeconds(-seconds) : DateTimeOffset.UnixEpoch);

        // What decides over the account is not open yet.
        foreach (var page in new[] { "/account/logins", "/account/authenticator" })
            (await visitor.GetAsync(page)).Headers.Location!.ToString().ShouldStartWith("/account/sign-in?returnUrl=");
        (await visitor.SubmitToAsync("/account/sign-in", "/account/address", ("Email", "other@example.org"))).Headers.Location!.ToString().ShouldStartWith("/account/sign-in?returnUrl=");
        // A provider that asks anew when it is asked to, and says so, opens it.
        Says(0);
        await IdentityWithUpstream.GoAsync(visitor, page: "/account/sign-in?returnUrl=%2Faccount%2Flogins", fields: ("ReturnUrl", "/account/logins"));
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("0");
        (await visitor.GetAsync("/account/upstream")).Headers.Location!.ToString().ShouldBe("/account/logins");
        (await visitor.GetAsync("/account/logins")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "C11"), Trait("Check", "U09")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SecondFactor_IsSetUpOnlyByWhomTheProviderAskedAnew(bool asks)
    {
        var (id, _) = await RegisterAsync($"set-up-{asks}@example.org");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{id}'");
        Says(3600);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        using var leaving = await visitor.GetAsync("/account/upstream");
        (await visitor.GetAsync("/account/second-step/set-up")).Headers.Location!.ToString().ShouldBe("/account/sign-in");

        Says(asks ? 0 : 3600);
        await IdentityWithUpstream.GoOnAsync(visitor, leaving);
        Upstream.PushedRequests.Last()["max_age"].ShouldBe("0");
        using var back = await visitor.GetAsync("/account/upstream");
        using var setUp = await visitor.GetAsync("/account/second-step/set-up");
        (back.StatusCode, setUp.StatusCode).ShouldBe(asks ? (HttpStatusCode.SeeOther, HttpStatusCode.OK) : (HttpStatusCode.Forbidden, HttpStatusCode.SeeOther));
    }

    [Theory, Trait("Check", "C11")]
    [InlineData("prompt", "login", "0")]
    [InlineData("max_age", "60", "0")]
    [InlineData("prompt", "create", "1209600")]
    [InlineData("nonce", "other", "1209600")]
    public async Task AppThatWantsAProof_HasTheProviderAskAtOnce_AndGetsItsCode(string name, string value, string maxAge)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"app-{name}-{value}@example.org");
        // Honest: whoever is asked anew says so; whoever is not was asked yesterday.
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            claims["auth_time"] = identity.Clock.GetUtcNow().ToUnixTimeSeconds() - (Upstream.PushedRequests.Last()["max_age"] == "0" ? 0 : 86400);
        };
        var visitor = identity.Visitor();
        var page = (await identity.Bff(visitor).AuthorizeAsync((name, value))).Headers.Location!.ToString();
        var waiting = QueryHelpers.ParseQuery(new Uri(IdentityUnderTest.Address, page).Query)["returnUrl"].ToString();
        await IdentityWithUpstream.GoAsync(visitor, fields: ("ReturnUrl", waiting));
        Upstream.PushedRequests.Last()["max_age"].ShouldBe(maxAge);
        (await visitor.GetAsync("/account/upstream")).Headers.Location!.ToString().ShouldBe(waiting);
        (await visitor.GetAsync(waiting)).Headers.Location!.ToString().ShouldStartWith($"{IdentityUnderTest.App}/bff/signin-oidc?code=");
    }

    /// <summary>From now on the provider says that the person proved who they are so long ago, or says nothing.</summary>
    void Says(int? secondsAgo)
    {
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            if (secondsAgo is { } ago) claims["auth_time"] = identity.Clock.GetUtcNow().ToUnixTimeSeconds() - ago;
            else claims.Remove("auth_time");
        };
    }

    static Task<DateTimeOffset> AuthTimeAsync(Lightning.Data.LightningDb db, Guid accountId) =>
        db.Sessions.Where(session => session.UserId == accountId).Select(session => session.AuthTime).SingleAsync(Cancellation);

    async Task<(Guid Id, Visitor Visitor)> RegisterAsync(string address)
    {
        IdentityWithUpstream.Newcomer(Upstream, address);
        var visitor = await ArriveAsync();
        await using var db = identity.Database.Connect();
        return (await db.Accounts.Where(account => account.Email == address).Select(account => account.Id).SingleAsync(Cancellation), visitor);
    }

    /// <summary>A new browser in which the provider's present person signs in.</summary>
    async Task<Visitor> ArriveAsync()
    {
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.GetAsync("/account/upstream")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await IdentityWithUpstream.IsSignedInAsync(visitor)).ShouldBeTrue();
        return visitor;
    }

    async Task<string[]> LoginsAsync(Guid accountId)
    {
        await using var db = identity.Database.Connect();
        return await db.UserLogins.Where(login => login.UserId == accountId).Select(login => login.ProviderKey).ToArrayAsync(Cancellation);
    }

    /// <summary>The next test's provider is honest again.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Upstream.AuthorizationError = null;
    }
}
