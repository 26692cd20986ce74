using System.Net;
using Lightning.Data.Accounts;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public class RegistrationTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Register_MailedLink_CreatesAccountAndReturnsToClient()
    {
        var visitor = identity.Visitor();
        var bff = identity.Bff(visitor);
        using var redirected = await bff.AuthorizeAsync(("prompt", "create"));
        using var sent = await visitor.SubmitAsync(
            redirected.Headers.Location!.ToString(),
            ("Name", "Ada Lovelace"),
            ("Email", "Ada@example.com")
        );
        sent.Headers.Location!.ToString().ShouldStartWith("/account/check-mail?");
        await using (var db = identity.Database.Connect())
            (
                await db.Accounts.AnyAsync(account => account.NormalizedEmail == "ADA@EXAMPLE.COM", Cancellation)
            ).ShouldBeFalse();

        using var chosen = await visitor.SubmitAsync(
            await identity.LinkAsync("Ada@example.com"),
            ("Password", "a few good words")
        );
        using var done = await visitor.GetAsync(chosen.Headers.Location!.ToString());
        var claims = new Claims((await bff.RedeemAsync(RelyingParty.Callback(done)["code"]))["id_token"]!);
        claims["name"].ShouldBe("Ada Lovelace");
        claims["email"].ShouldBe("Ada@example.com");

        await using var after = identity.Database.Connect();
        var user = await after.Users.SingleAsync(user => user.Email == "Ada@example.com", Cancellation);
        user.Subject.ShouldBe(user.Id.ToString());
        user.EmailVerified.ShouldBeTrue();
        user.IsAdmin.ShouldBeFalse();
        (
            await after.Accounts.SingleAsync(account => account.Id == user.Id, Cancellation)
        ).EmailConfirmed.ShouldBeTrue();
        claims["sub"].ShouldBe(user.Subject);
    }

    [Theory]
    [InlineData(" Grace <grace@BÜCHER.example>\u200B", "grace@xn--bcher-kva.example")]
    [InlineData("\uFEFFlinus@bu\u0308cher.example ", "linus@xn--bcher-kva.example")]
    public async Task Register_PastedAddress_IsOneMailboxInEverySpelling(string typed, string address)
    {
        var visitor = identity.Visitor();
        await visitor.SubmitAsync("/account/register", ("Name", "Grace"), ("Email", typed));
        await visitor.SubmitAsync(await identity.LinkAsync(address), ("Password", "a few good words"));

        foreach (var spelling in new[] { typed, address, address.ToUpperInvariant() })
        {
            using var signedIn = await identity.Visitor().SignInAsync(spelling, "a few good words");
            signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther, spelling);
            await identity.Visitor().SubmitAsync("/account/register", ("Name", "Eve"), ("Email", spelling));
            await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", spelling));
        }

        await using var db = identity.Database.Connect();
        (await db.Accounts.CountAsync(account => account.Email == address, Cancellation)).ShouldBe(1);
        var subjects = (await identity.MailsAsync(address)).Select(mail => mail.Subject).ToArray();
        subjects.Count(subject => subject == "Confirm your email address").ShouldBe(1, "then it had an account");
        foreach (var subject in new[] { "You already have an account", "Choose a new password" })
            subjects.ShouldContain(subject);
    }

    [Theory]
    [InlineData("nonsense", "such as ada@example.com")]
    [InlineData("zoë@example.com", "without accents")]
    [InlineData("grace@exam_ple.com", "must be a domain")]
    [InlineData("grace@example.com, eve@example.com", "such as ada@example.com")]
    public async Task Register_AddressThatSmtpCannotCarry_IsExplainedAtTheField(string typed, string reason)
    {
        foreach (var page in new[] { "/account/register", "/account/forgot-password" })
        {
            using var answer = await identity.Visitor().SubmitAsync(page, ("Name", "Grace"), ("Email", typed));

            var html = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancellation));
            var field = html[html.IndexOf("id=\"email-error\"", StringComparison.OrdinalIgnoreCase)..];
            field[..field.IndexOf("</span>", StringComparison.Ordinal)].ShouldContain(reason);
            html.ShouldContain(typed);
        }
    }

    /// <summary>Older accounts keep the spelling and the key that they were created with.</summary>
    [Theory]
    [InlineData("old@bücher.example")]
    [InlineData("zoë@example.com")]
    [InlineData("\"old\"@example.com")]
    public async Task SignIn_AccountWithAnOlderAddress_StillWorks(string address)
    {
        var user = await identity.AddAccountAsync($"older{address.Length}");
        await identity.Database.ExecuteAsync(
            $"""
            UPDATE identity.accounts SET email = '{address}', user_name = '{address}',
                normalized_email = '{address.ToUpperInvariant()}',
                normalized_user_name = '{address.ToUpperInvariant()}' WHERE id = '{user.Id}'
            """
        );

        using var signedIn = await identity.Visitor().SignInAsync(address);

        signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact]
    public async Task RegistrationLink_UsedTwentyTimesInParallel_CreatesOneAccount()
    {
        await RegisterAsync("parallel@example.com");
        var link = await identity.LinkAsync("parallel@example.com");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => identity.Visitor().SubmitAsync(link, ("Password", "a few good words")))
        );
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
        await using var db = identity.Database.Connect();
        (await db.Users.CountAsync(user => user.Email == "parallel@example.com", Cancellation)).ShouldBe(1);
    }

    [Fact]
    public async Task RegistrationLinks_TwoForOneAddress_OnlyOneWorks()
    {
        await RegisterAsync("twice@example.com");
        var first = await identity.LinkAsync("twice@example.com");
        await RegisterAsync("Twice@example.com");
        (await identity.Visitor().SubmitAsync(first, ("Password", "a few good words"))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await identity.Visitor().GetAsync(await identity.LinkAsync("Twice@example.com"))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
    }

    [Fact]
    public async Task AdministratorLink_FromCommandLine_CreatesAdministrator()
    {
        var newcomer = await PrintLinkAsync(AccountLinkPurpose.Register, "root@example.com");
        (await identity.Visitor().SubmitAsync(newcomer, ("Password", "a few good words"))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        var known = await identity.AddAccountAsync("known");
        (
            await identity
                .Visitor()
                .SubmitAsync(
                    await PrintLinkAsync(AccountLinkPurpose.ResetPassword, known.Email),
                    ("Password", "a few good words")
                )
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        await using var db = identity.Database.Connect();
        (await db.Users.Where(user => user.IsAdmin).Select(user => user.Email).ToListAsync(Cancellation)).ShouldBe(
            ["root@example.com", known.Email],
            ignoreOrder: true
        );
    }

    [Theory, Trait("Check", "U01")]
    [InlineData("1234567", false)]
    [InlineData("xkcdmoon", true)]
    [InlineData("only lower case", true)]
    [InlineData("  spaces kept  ", true)]
    [InlineData("пароль из слов", true)]
    public async Task Password_LongEnough_IsAccepted(string password, bool taken)
    {
        var address = $"p{Guid.NewGuid():N}@example.com";
        await RegisterAsync(address);
        using var response = await identity
            .Visitor()
            .SubmitAsync(await identity.LinkAsync(address), ("Password", password));
        response.StatusCode.ShouldBe(taken ? HttpStatusCode.SeeOther : HttpStatusCode.OK);
        if (taken)
            (await identity.Visitor().SignInAsync(address, password)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "U01")]
    public async Task Password_Of128Characters_IsNotTruncated()
    {
        var password = string.Concat(Enumerable.Range(0, 32).Select(number => $"{number:0000}"));
        await RegisterAsync("long@example.com");
        using var longer = await identity
            .Visitor()
            .SubmitAsync(await identity.LinkAsync("long@example.com"), ("Password", password + "x"));
        longer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (
            await identity.Visitor().SubmitAsync(await identity.LinkAsync("long@example.com"), ("Password", password))
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Visitor().SignInAsync("long@example.com", password[..127])).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
        (await identity.Visitor().SignInAsync("long@example.com", password)).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
    }

    [Theory, Trait("Check", "U02")]
    [InlineData("password1")]
    [InlineData("PASSWORD1")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("Lightning1")]
    [InlineData("lightning2026!")]
    [InlineData("guessme-guessme")]
    public async Task Password_EasyToGuess_IsRefused(string password)
    {
        const string address = "guessme@example.com";
        await RegisterAsync(address);
        using var response = await identity
            .Visitor()
            .SubmitAsync(await identity.LinkAsync(address), ("Password", password));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain("hard to guess");
    }

    async Task RegisterAsync(string address) =>
        (
            await identity.Visitor().SubmitAsync("/account/register", ("Name", "Someone"), ("Email", address))
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);

    async Task<string> PrintLinkAsync(AccountLinkPurpose purpose, string address)
    {
        var (link, token) = AccountLink.Create(
            new(purpose, address) { GrantsAdmin = true },
            identity.Clock.GetUtcNow()
        );
        await using var db = identity.Database.Connect();
        db.AccountLinks.Add(link);
        await db.SaveChangesAsync(Cancellation);
        return $"/account/password?token={token}";
    }
}
