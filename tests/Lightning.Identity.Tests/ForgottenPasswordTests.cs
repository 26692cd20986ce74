using System.Net;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public partial class ForgottenPasswordTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U12")]
    public async Task ResetLink_Used_ChangesPasswordAndEndsOtherSessions()
    {
        var (user, elsewhere) = await identity.SignedInAsync("ada");
        var token = (await identity.Bff(elsewhere).TokensAsync())["refresh_token"]!;
        var stamp = await StampAsync(user.Id);
        var visitor = identity.Visitor();
        await AskAsync(user.Email);
        var link = await identity.LinkAsync(user.Email);
        (await visitor.SubmitAsync(link, ("Password", "another set of words"))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await visitor.ReadAsync("/")).ShouldContain("You are signed in");
        (await elsewhere.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Bff(elsewhere).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await StampAsync(user.Id)).ShouldNotBe(stamp);
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await identity.Visitor().SignInAsync(user.Email, "another set of words")).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact, Trait("Check", "U12")]
    public async Task ResetLink_AfterAnotherPasswordReset_IsInvalid()
    {
        var user = await identity.AddAccountAsync("bob");
        await AskAsync(user.Email);
        var earlier = await identity.LinkAsync(user.Email);
        await AskAsync(user.Email);
        await identity
            .Visitor()
            .SubmitAsync(await identity.LinkAsync(user.Email), ("Password", "another set of words"));
        (await identity.Visitor().GetAsync(earlier)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact, Trait("Check", "U12")]
    public async Task ResetLink_AfterTenMinutes_IsInvalid()
    {
        var user = await identity.AddAccountAsync("carol");
        await AskAsync(user.Email);
        var link = await identity.LinkAsync(user.Email);
        identity.Clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.OK);
        identity.Clock.Advance(TimeSpan.FromSeconds(1));
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact, Trait("Check", "U12")]
    public async Task ResetLink_IsNotStoredInTheDatabase()
    {
        var user = await identity.AddAccountAsync("dave");
        await AskAsync(user.Email);
        var token = (await identity.LinkAsync(user.Email)).Split("token=")[1].Split('&')[0];
        await using var db = identity.Database.Connect();
        foreach (var table in new[] { "identity.account_links", "identity.outbox", "identity.authorizations" })
            (
                await identity.Database.ExecuteAsync(
                    $"""
                    SELECT count(*) FROM {table} AS row
                        WHERE row::text LIKE '%{token}%'
                        OR row::text LIKE '%' || encode('{token}', 'hex') || '%'
                    """
                )
            ).ShouldBe(0L);
    }

    [Fact, Trait("Check", "U04")]
    public async Task Pages_KnownOrUnknownAddress_RespondTheSame()
    {
        var user = await identity.AddAccountAsync("known");
        foreach (
            var (page, fields) in new (string, (string, string)[])[]
            {
                ("/account/sign-in", [("Password", "wrong password")]),
                ("/account/register", [("Name", "Someone")]),
                ("/account/forgot-password", []),
            }
        )
        {
            var known = await AnswerAsync(page, [.. fields, ("Email", user.Email)], user.Email);
            var unknown = await AnswerAsync(page, [.. fields, ("Email", "other@example.com")], "other@example.com");
            unknown.ShouldBe(known, page);
        }
        (await identity.MailsAsync(user.Email))
            .Select(mail => mail.Subject)
            .ShouldBe(["You already have an account", "Choose a new password"]);
        (await identity.MailsAsync("other@example.com"))
            .Select(mail => mail.Subject)
            .ShouldBe(["Confirm your email address", "There is no account with this address"]);
    }

    [Fact]
    public async Task ResetLink_DisabledUser_StartsNoSession()
    {
        var user = await identity.AddAccountAsync("erin");
        await AskAsync(user.Email);
        await identity.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{user.Id}'");
        var visitor = identity.Visitor();
        using var chosen = await visitor.SubmitAsync(
            await identity.LinkAsync(user.Email),
            ("Password", "another set of words")
        );
        (await visitor.ReadAsync(chosen.Headers.Location!.ToString())).ShouldContain("this account has been disabled");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        using var signedIn = await visitor.SignInAsync(user.Email, "another set of words");
        (await signedIn.Content.ReadAsStringAsync(Cancellation)).ShouldContain("This account has been disabled.");
    }

    async Task<string?> StampAsync(Guid id)
    {
        await using var db = identity.Database.Connect();
        return (await db.Accounts.SingleAsync(account => account.Id == id, Cancellation)).SecurityStamp;
    }

    async Task AskAsync(string address) =>
        (await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", address))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );

    async Task<string> AnswerAsync(string page, (string, string)[] fields, string address)
    {
        var visitor = identity.Visitor();
        using var response = await visitor.SubmitAsync(page, fields);
        var body = await response.Content.ReadAsStringAsync(Cancellation);
        // The page that it leads to names the address, which the URL holds encrypted.
        if (response.Headers.Location is { } location)
            body += $" {location} {await visitor.ReadAsync(location.ToString())}";
        body = EncryptedState().Replace(AntiforgeryToken().Replace(body, ""), "");
        return $"{(int)response.StatusCode} {body.Replace(address, "", StringComparison.Ordinal)}";
    }

    [GeneratedRegex("(?<=[?;&]state=)[A-Za-z0-9_-]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EncryptedState();

    [GeneratedRegex(
        """<input name="__RequestVerificationToken"[^>]*>""",
        RegexOptions.None,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex AntiforgeryToken();
}
