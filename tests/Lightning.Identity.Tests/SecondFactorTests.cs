using System.Net;
using Lightning.Identity.Factors;
using Lightning.Identity.SignIn;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public class SecondFactorTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const int Parallel = 20;
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U05"), Trait("Check", "U10")]
    public async Task Authenticator_Connected_IsRequiredForPasswordSignIn()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        Amr(await identity.Bff(visitor).TokensAsync())
            .ShouldBe(["pwd", "otp", "mfa"], "the code was entered in this session");
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Two-step sign-in is on");
        (await identity.AuditAsync(user.Id)).ShouldContain("second-factor-on");

        var next = identity.Visitor();
        using var redirected = await identity.Bff(next).AuthorizeAsync();
        using var first = await next.SignInAsync(user.Email, page: redirected.Headers.Location!.ToString());
        first.Headers.Location!.ToString().ShouldStartWith("/account/second-step?returnUrl=");
        (await next.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther, "there is no session yet");
        (await identity.Bff(next).AuthorizeAsync()).Headers.Location!.ToString().ShouldStartWith("/account/sign-in?");
        using var wrong = await next.SubmitAsync(first.Headers.Location.ToString(), ("Code", "000000"));
        (await wrong.Content.ReadAsStringAsync(Cancellation)).ShouldContain("That code is incorrect");
        using var second = await next.SubmitAsync(first.Headers.Location.ToString(), ("Code", identity.CodeOf(key)));
        using var done = await next.GetAsync(second.Headers.Location!.ToString());
        RelyingParty.Callback(done).ShouldContainKey("code");
        Amr(await identity.Bff(next).TokensAsync()).ShouldBe(["pwd", "otp", "mfa"]);
    }

    [Fact, Trait("Check", "U05")]
    public async Task SecondStep_WithoutFirstStepOrAfterCredentialChange_IsRefused()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        using var stranger = await identity.Visitor().GetAsync("/account/second-step");
        stranger.Headers.Location!.ToString().ShouldBe("/account/sign-in");

        var slow = identity.Visitor();
        await slow.SignInAsync(user.Email);
        await visitor.SubmitAsync(
            "/account/change-password",
            ("Current", IdentityUnderTest.Password),
            ("Password", "another set of words")
        );
        using var late = await slow.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)));
        late.Headers.Location?.ToString().ShouldBe("/account/sign-in");
        (await slow.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        // It expires after ten minutes.
        var slower = identity.Visitor();
        await slower.SignInAsync(user.Email, "another set of words");
        identity.Clock.Advance(TimeSpan.FromMinutes(10));
        (await slower.GetAsync("/account/second-step")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "U05")]
    public async Task PasswordReset_StillRequiresTheSecondStep()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        var thief = identity.Visitor();
        await thief.SubmitAsync("/account/forgot-password", ("Email", user.Email));
        using var reset = await thief.SubmitAsync(
            await identity.LinkAsync(user.Email),
            ("Password", "another set of words")
        );
        reset.Headers.Location!.ToString().ShouldBe("/account/second-step");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        (await thief.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue();
    }

    /// <summary>A new sign-in method that forgets the second step gets no session.</summary>
    [Fact, Trait("Check", "U05")]
    public async Task Session_OneFactorOnly_IsRefusedForTwoFactorAccount()
    {
        var (user, visitor) = await identity.SignedInAsync("dave");
        await identity.AddAuthenticatorAsync(visitor);
        await using var scope = identity.Services.CreateAsyncScope();
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext { RequestServices = scope.ServiceProvider };
        await using var db = identity.Database.Connect();
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == user.Id, Cancellation);
        var browser = scope.ServiceProvider.GetRequiredService<BrowserSessions>();
        (await browser.SignInAsync(http, account, identity.Clock.GetUtcNow(), ["fed"])).ShouldBeFalse();
        http.Response.Headers.SetCookie.ShouldBeEmpty();
        (await scope.ServiceProvider.GetRequiredService<SignInFlow>().ContinueAsync(http, account, "fed")).ShouldBe(
            SignInStatus.CodeRequired
        );
    }

    [Fact, Trait("Check", "U06")]
    public async Task Code_UsedTwentyTimesInParallel_IsAcceptedOnce()
    {
        var (user, visitor) = await identity.SignedInAsync("eve");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        (await TakenAsync(user.Id, identity.CodeOf(key))).ShouldBe(1);
        (await TakenAsync(user.Id, identity.CodeOf(key))).ShouldBe(0, "nor later");
        (await TakenAsync(user.Id, Totp.Code(key, Totp.StepAt(identity.Clock.GetUtcNow()) - 1))).ShouldBe(
            0,
            "nor the one before it"
        );
        // Mutation: a variant that reads before it writes accepts one code several times.
        identity.Clock.Advance(TimeSpan.FromSeconds(30));
        (await TakenByLookingFirstAsync(user.Id, key)).ShouldBeGreaterThan(1);

        // The same through the pages: a code that signed in one browser does not sign in another.
        identity.Clock.Advance(TimeSpan.FromSeconds(30));
        var visitors = await Task.WhenAll(
            Enumerable
                .Range(0, 5)
                .Select(async _ =>
                {
                    var next = identity.Visitor();
                    await next.SignInAsync(user.Email);
                    return next;
                })
        );
        var answers = await Task.WhenAll(
            visitors.Select(next => next.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key))))
        );
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
    }

    [Fact, Trait("Check", "U06"), Trait("Check", "U10")]
    public async Task RecoveryCode_SignsInOnceAndIsStoredAsHash()
    {
        var (user, visitor) = await identity.SignedInAsync("frank");
        var (_, codes) = await identity.AddAuthenticatorAsync(visitor);
        codes.Distinct().Count().ShouldBe(10);
        foreach (var table in new[] { "account_recovery_codes", "account_tokens", "accounts", "outbox" })
        foreach (var text in new[] { codes[0], codes[0].Replace("-", "", StringComparison.Ordinal) })
            (
                await identity.Database.ExecuteAsync(
                    $"""
                    SELECT count(*) FROM identity.{table} AS row
                        WHERE row::text LIKE '%{text}%'
                        OR row::text LIKE '%' || encode('{text}', 'hex') || '%'
                    """
                )
            ).ShouldBe(0L);

        // Five browsers use it in parallel, with different spellings.
        var visitors = await Task.WhenAll(
            Enumerable
                .Range(0, 5)
                .Select(async _ =>
                {
                    var next = identity.Visitor();
                    await next.SignInAsync(user.Email);
                    return next;
                })
        );
        var answers = await Task.WhenAll(
            visitors.Select(next =>
                next.SubmitAsync(
                    "/account/second-step?recovery=true",
                    ("Code", codes[0].ToLowerInvariant().Replace('-', ' '))
                )
            )
        );
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("A recovery code was used");
        (await identity.AuditAsync(user.Id)).Count(action => action == "recovery-code-used").ShouldBe(1);

        // New codes replace the old ones.
        using var renewed = await visitor.SubmitFormAsync("/account/authenticator", "handler=Codes");
        (await renewed.Content.ReadAsStringAsync(Cancellation)).ShouldContain("shown only once");
        var another = identity.Visitor();
        await another.SignInAsync(user.Email);
        (await another.SubmitAsync("/account/second-step?recovery=true", ("Code", codes[1]))).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task Authenticator_Removed_IsNotRequiredAndItsKeyIsDeleted()
    {
        var (user, visitor) = await identity.SignedInAsync("grace");
        var other = identity.Visitor();
        await other.SignInAsync(user.Email);
        await identity.AddAuthenticatorAsync(visitor);
        (await visitor.SubmitFormAsync("/account/authenticator", "handler=Off")).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await other.GetAsync("/account")).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther,
            "other sessions end unless one says otherwise"
        );
        (await identity.Visitor().SignInAsync(user.Email)).Headers.Location!.ToString().ShouldBe("/");
        await using var db = identity.Database.Connect();
        (await db.Accounts.SingleAsync(account => account.Id == user.Id, Cancellation)).TotpKey.ShouldBeNull();
        (await db.RecoveryCodes.CountAsync(code => code.AccountId == user.Id, Cancellation)).ShouldBe(0);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Two-step sign-in is off");
    }

    [Fact, Trait("Check", "T05")]
    public async Task AuthenticatorKey_IsStoredEncrypted()
    {
        var (user, visitor) = await identity.SignedInAsync("heidi");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        (
            await identity.Database.ExecuteAsync(
                $"""
                SELECT count(*) FROM identity.accounts AS row
                    WHERE row::text LIKE '%{Convert.ToHexStringLower(key)}%'
                """
            )
        ).ShouldBe(0L);
        (
            await identity.Database.ExecuteAsync(
                $"SELECT length(totp_key) > 20 FROM identity.accounts WHERE id = '{user.Id}'"
            )
        ).ShouldBe(true);
    }

    async Task<int> TakenAsync(Guid id, string code)
    {
        var results = await Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(async _ =>
                {
                    await using var scope = identity.Services.CreateAsyncScope();
                    var db = scope.ServiceProvider.GetRequiredService<Data.LightningDb>();
                    var account = await db
                        .Accounts.AsNoTracking()
                        .SingleAsync(account => account.Id == id, Cancellation);
                    return await scope
                        .ServiceProvider.GetRequiredService<SecondFactor>()
                        .ConsumeCodeAsync(account, code);
                })
        );
        return results.Count(taken => taken);
    }

    async Task<int> TakenByLookingFirstAsync(Guid id, byte[] key)
    {
        var now = identity.Clock.GetUtcNow();
        using var looked = new Barrier(Parallel);
        var results = await Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(_ =>
                    Task.Factory.StartNew(
                        () =>
                        {
                            using var db = identity.Database.ConnectAs("identity");
                            var last = db
                                .Accounts.Where(account => account.Id == id)
                                .Select(account => account.TotpLastStep)
                                .Single();
                            var step = Totp.Match(key, Totp.Code(key, Totp.StepAt(now)), now);
                            looked.SignalAndWait(Cancellation);
                            if (step <= last)
                                return false;
                            db.Accounts.Where(account => account.Id == id)
                                .ExecuteUpdate(update => update.SetProperty(account => account.TotpLastStep, step));
                            return true;
                        },
                        Cancellation,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                )
        );
        return results.Count(taken => taken);
    }

    static string?[]? Amr(Answer answer) =>
        answer["access_token"] is { } token
            ? [.. new Claims(token).Payload.GetProperty("amr").EnumerateArray().Select(method => method.GetString())]
            : null;
}
