using System.Net;
using Lightning.Identity.Accounts;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public class SecondFactorTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const int Parallel = 20;
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U05"), Trait("Check", "U10")]
    public async Task Authenticator_OnceConnected_IsAskedForAtEverySignInByPassword()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        Amr(await identity.Bff(visitor).TokensAsync()).ShouldBe(["pwd", "otp", "mfa"], "the code that turned it on was shown in this session");
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Two-step sign-in is on");
        (await identity.AuditAsync(user.Id)).ShouldContain("second-factor-on");

        var next = identity.Visitor();
        using var asked = await identity.Bff(next).AuthorizeAsync();
        using var first = await next.SignInAsync(user.Email, page: asked.Headers.Location!.ToString());
        first.Headers.Location!.ToString().ShouldStartWith("/account/second-step?returnUrl=");
        (await next.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther, "there is no session yet");
        (await identity.Bff(next).AuthorizeAsync()).Headers.Location!.ToString().ShouldStartWith("/account/sign-in?");
        using var wrong = await next.SubmitAsync(first.Headers.Location.ToString(), ("Code", "000000"));
        (await wrong.Content.ReadAsStringAsync(Cancellation)).ShouldContain("This code is not right");
        using var second = await next.SubmitAsync(first.Headers.Location.ToString(), ("Code", identity.CodeOf(key)));
        using var done = await next.GetAsync(second.Headers.Location!.ToString());
        RelyingParty.Callback(done).ShouldContainKey("code");
        Amr(await identity.Bff(next).TokensAsync()).ShouldBe(["pwd", "otp", "mfa"]);
    }

    [Fact, Trait("Check", "U05")]
    public async Task SecondStep_WithoutTheFirst_OrAfterTheCredentialsChanged_IsNone()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        using var stranger = await identity.Visitor().GetAsync("/account/second-step");
        stranger.Headers.Location!.ToString().ShouldBe("/account/sign-in");

        var slow = identity.Visitor();
        await slow.SignInAsync(user.Email);
        await visitor.SubmitAsync("/account/change-password", ("Current", IdentityUnderTest.Password), ("Password", "another set of words"));
        using var late = await slow.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)));
        late.Headers.Location?.ToString().ShouldBe("/account/sign-in");
        (await slow.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        // Ten minutes later nothing of it is left.
        var slower = identity.Visitor();
        await slower.SignInAsync(user.Email, "another set of words");
        identity.Clock.Advance(TimeSpan.FromMinutes(10));
        (await slower.GetAsync("/account/second-step")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "U05")]
    public async Task PasswordReset_LeadsToTheSecondStepAndNotPastIt()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        var thief = identity.Visitor();
        await thief.SubmitAsync("/account/forgot-password", ("Email", user.Email));
        using var reset = await thief.SubmitAsync(await identity.LinkAsync(user.Email), ("Password", "another set of words"));
        reset.Headers.Location!.ToString().ShouldBe("/account/second-step");
        (await identity.IsAliveAsync(user.Id)).ShouldBeFalse();
        (await thief.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.IsAliveAsync(user.Id)).ShouldBeTrue();
    }

    /// <summary>Whoever adds a way in and forgets the second step gets no session out of it.</summary>
    [Fact, Trait("Check", "U05")]
    public async Task Session_ByAnyWayThatProvedOneFactor_IsRefusedWhereTheAccountHasTwo()
    {
        var (user, visitor) = await identity.SignedInAsync("dave");
        await identity.AddAuthenticatorAsync(visitor);
        await using var scope = identity.Services.CreateAsyncScope();
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext { RequestServices = scope.ServiceProvider };
        await using var db = identity.Database.Connect();
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == user.Id, Cancellation);
        var browser = scope.ServiceProvider.GetRequiredService<Sessions.BrowserSessions>();
        (await browser.SignInAsync(http, account, identity.Clock.GetUtcNow(), ["fed"])).ShouldBeFalse();
        http.Response.Headers.SetCookie.ShouldBeEmpty();
        (await scope.ServiceProvider.GetRequiredService<SignInSteps>().GoOnAsync(http, account, "fed")).ShouldBe(SignInStep.CodeWanted);
    }

    [Fact, Trait("Check", "U06")]
    public async Task Code_UsedTwentyTimesAtOnce_IsTakenOnce_AndNeverAgain()
    {
        var (user, visitor) = await identity.SignedInAsync("eve");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        (await TakenAsync(user.Id, identity.CodeOf(key))).ShouldBe(1);
        (await TakenAsync(user.Id, identity.CodeOf(key))).ShouldBe(0, "nor later");
        (await TakenAsync(user.Id, Totp.Code(key, Totp.StepAt(identity.Clock.GetUtcNow()) - 1))).ShouldBe(0, "nor the one before it");
        // What the test is worth: a variant that looks before it writes takes one code several times.
        identity.Clock.Advance(TimeSpan.FromSeconds(30));
        (await TakenByLookingFirstAsync(user.Id, key)).ShouldBeGreaterThan(1);

        // The same through the pages: the code that signed one browser in signs no other in.
        identity.Clock.Advance(TimeSpan.FromSeconds(30));
        var visitors = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            var next = identity.Visitor();
            await next.SignInAsync(user.Email);
            return next;
        }));
        var answers = await Task.WhenAll(visitors.Select(next => next.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
    }

    [Fact, Trait("Check", "U06"), Trait("Check", "U10")]
    public async Task RecoveryCode_SignsInOnce_AndIsKeptAsAHash()
    {
        var (user, visitor) = await identity.SignedInAsync("frank");
        var (_, codes) = await identity.AddAuthenticatorAsync(visitor);
        codes.Distinct().Count().ShouldBe(10);
        foreach (var table in new[] { "account_recovery_codes", "account_tokens", "accounts", "outbox" })
            foreach (var text in new[] { codes[0], codes[0].Replace("-", "", StringComparison.Ordinal) })
                (await identity.Database.ExecuteAsync($"SELECT count(*) FROM identity.{table} AS row WHERE row::text LIKE '%{text}%' OR row::text LIKE '%' || encode('{text}', 'hex') || '%'")).ShouldBe(0L);

        // Five browsers use it at once, written as people write.
        var visitors = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            var next = identity.Visitor();
            await next.SignInAsync(user.Email);
            return next;
        }));
        var answers = await Task.WhenAll(visitors.Select(next =>
            next.SubmitAsync("/account/second-step?recovery=true", ("Code", codes[0].ToLowerInvariant().Replace('-', ' ')))));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("A recovery code was used");
        (await identity.AuditAsync(user.Id)).Count(action => action == "recovery-code-used").ShouldBe(1);

        // New ones end the old ones.
        using var renewed = await visitor.SubmitFormAsync("/account/authenticator", "handler=Codes");
        (await renewed.Content.ReadAsStringAsync(Cancellation)).ShouldContain("shown this once");
        var another = identity.Visitor();
        await another.SignInAsync(user.Email);
        (await another.SubmitAsync("/account/second-step?recovery=true", ("Code", codes[1]))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Authenticator_Removed_IsAskedForNoMore_AndItsSecretIsGone()
    {
        var (user, visitor) = await identity.SignedInAsync("grace");
        var other = identity.Visitor();
        await other.SignInAsync(user.Email);
        await identity.AddAuthenticatorAsync(visitor);
        (await visitor.SubmitFormAsync("/account/authenticator", "handler=Off")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await other.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther, "other sessions end unless one says otherwise");
        (await identity.Visitor().SignInAsync(user.Email)).Headers.Location!.ToString().ShouldBe("/");
        await using var db = identity.Database.Connect();
        (await db.Accounts.SingleAsync(account => account.Id == user.Id, Cancellation)).TotpKey.ShouldBeNull();
        (await db.RecoveryCodes.CountAsync(code => code.AccountId == user.Id, Cancellation)).ShouldBe(0);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Two-step sign-in is off");
    }

    [Fact, Trait("Check", "T05")]
    public async Task Secret_IsKeptEncrypted()
    {
        var (user, visitor) = await identity.SignedInAsync("heidi");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        (await identity.Database.ExecuteAsync($"SELECT count(*) FROM identity.accounts AS row WHERE row::text LIKE '%{Convert.ToHexStringLower(key)}%'")).ShouldBe(0L);
        (await identity.Database.ExecuteAsync($"SELECT length(totp_key) > 20 FROM identity.accounts WHERE id = '{user.Id}'")).ShouldBe(true);
    }

    async Task<int> TakenAsync(Guid id, string code)
    {
        var results = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(async _ =>
        {
            await using var scope = identity.Services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<Data.LightningDb>();
            var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == id, Cancellation);
            return await scope.ServiceProvider.GetRequiredService<SecondFactor>().TakeCodeAsync(account, code);
        }));
        return results.Count(taken => taken);
    }

    async Task<int> TakenByLookingFirstAsync(Guid id, byte[] key)
    {
        var now = identity.Clock.GetUtcNow();
        using var looked = new Barrier(Parallel);
        var results = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Factory.StartNew(() =>
        {
            using var db = identity.Database.ConnectAs("identity");
            var last = db.Accounts.Where(account => account.Id == id).Select(account => account.TotpLastStep).Single();
            var step = Totp.Match(key, Totp.Code(key, Totp.StepAt(now)), now);
            looked.SignalAndWait(Cancellation);
            if (step <= last) return false;
            db.Accounts.Where(account => account.Id == id).ExecuteUpdate(update => update.SetProperty(account => account.TotpLastStep, step));
            return true;
        }, Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return results.Count(taken => taken);
    }

    static string?[]? Amr(Answer answer) => answer["access_token"] is { } token ? [.. new Claims(token).Payload.GetProperty("amr").EnumerateArray().Select(method => method.GetString())] : null;
}

public sealed class IdentityThatAsksAdministrators(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings => [("Identity:SecondFactor:RequiredFor", "Administrators")];
}

public class RequiredSecondFactorTests(IdentityThatAsksAdministrators identity) : IClassFixture<IdentityThatAsksAdministrators>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U05")]
    public async Task Administrator_WithoutASecondFactor_GetsNoSessionBeforeOneIsSetUp()
    {
        var user = await AdministratorAsync("root");
        (await identity.SignedInAsync("nobody")).Visitor.ShouldNotBeNull("others need none");
        var visitor = identity.Visitor();
        using var first = await visitor.SignInAsync(user.Email);
        first.Headers.Location!.ToString().ShouldBe("/account/second-step/set-up");
        (await identity.IsAliveAsync(user.Id)).ShouldBeFalse();
        (await visitor.SubmitAsync("/account/second-step", ("Code", "123456"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var page = await visitor.ReadAsync("/account/second-step/set-up");
        var key = AccountActs.Key(page);
        using var wrong = await PostAsync(visitor, page, "000000");
        (await wrong.Content.ReadAsStringAsync(Cancellation)).ShouldContain("This code is not right");
        (await identity.IsAliveAsync(user.Id)).ShouldBeFalse();
        using var right = await PostAsync(visitor, page, identity.CodeOf(key));
        (await right.Content.ReadAsStringAsync(Cancellation)).ShouldContain("shown this once");
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await visitor.ReadAsync("/account/authenticator")).ShouldContain("cannot be removed");
        (await visitor.SubmitFormAsync("/account/authenticator", "handler=Off")).Headers.Location!.ToString().ShouldBe("/account/authenticator");

        // From now on the app is asked for, and nobody who knows the password alone can put another in its place.
        var thief = identity.Visitor();
        (await thief.SignInAsync(user.Email)).Headers.Location!.ToString().ShouldBe("/account/second-step");
        (await thief.GetAsync("/account/second-step/set-up")).Headers.Location!.ToString().ShouldBe("/account/sign-in");
    }

    [Fact, Trait("Check", "U05")]
    public async Task Administrator_WhoHasAPasskey_AddsNoOtherFactorByThePasswordAlone()
    {
        var user = await AdministratorAsync("keyed");
        await identity.Database.ExecuteAsync($$"""INSERT INTO identity.account_passkeys (credential_id, user_id, data) VALUES ('\x01', '{{user.Id}}', '{}')""");
        var thief = identity.Visitor();
        using var answer = await thief.SignInAsync(user.Email);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("signs in with a passkey");
        (await thief.GetAsync("/account/second-step/set-up")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.IsAliveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U05")]
    public async Task Session_OfSomebodyWhoBecomesAnAdministrator_CountsNoMore()
    {
        var (user, visitor) = await identity.SignedInAsync("promoted");
        var token = (await identity.Bff(visitor).TokensAsync())["refresh_token"]!;
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{user.Id}'");
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Bff(visitor).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
    }

    [Theory]
    [InlineData("Nobody", "Production", false)]
    [InlineData("Administrators", "Development", true)]
    [InlineData("everyone", "Development", true)]
    [InlineData(null, "Production", true)]
    [InlineData(null, "Development", false)]
    public void Rule_NotSet_AsksAdministratorsInProduction(string? requiredFor, string environment, bool asked)
    {
        var options = Microsoft.Extensions.Options.Options.Create(new ProviderOptions { SecondFactor = new() { RequiredFor = requiredFor } });
        var rule = new SecondFactorRule(options, new ProviderOptionsTests.Environment(environment));
        (rule.ForAdministrators || rule.ForEveryone).ShouldBe(asked);
    }

    async Task<Data.Users.User> AdministratorAsync(string name)
    {
        var user = await identity.AddAccountAsync(name);
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{user.Id}'");
        return user;
    }

    static Task<HttpResponseMessage> PostAsync(Visitor visitor, string page, string code) =>
        visitor.Browser.SendAsync(HttpMethod.Post, "/account/second-step/set-up", new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["__RequestVerificationToken"] = page.Split("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"")[1].Split('"')[0],
            ["Key"] = page.Split("name=\"Key\" value=\"")[1].Split('"')[0],
            ["Code"] = code,
        }));
}
