using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>Sign-ins with credentials that change concurrently.</summary>
public class CredentialRaceTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const string NewPassword = "another set of words";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U12")]
    public async Task SignIn_PasswordChangedConcurrently_LeavesNoSession()
    {
        var user = await identity.AddAccountAsync("ada");
        await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email));
        var link = await identity.LinkAsync(user.Email);
        // Sign-ins with the old password continue; some wait to be hashed while the password changes.
        var tries = Tries(user.Email);
        var owner = identity.Visitor();
        var change = owner.SubmitAsync(link, ("Password", NewPassword));
        await Task.WhenAll([.. tries, change, .. Tries(user.Email)]);
        (await owner.ReadAsync("/")).ShouldContain("You are signed in");
        await using var db = identity.Database.Connect();
        (
            await db.Sessions.CountAsync(session => session.UserId == user.Id && session.EndedAt == null, Cancellation)
        ).ShouldBe(1, "only the owner's session");

        Task<HttpResponseMessage>[] Tries(string address) =>
            [.. Enumerable.Range(0, 8).Select(_ => identity.Visitor().SignInAsync(address))];
    }

    [Fact, Trait("Check", "U12")]
    public async Task SignIn_VerifiedBeforePasswordChange_IsRefused()
    {
        var user = await identity.AddAccountAsync("bob");
        await using var scope = identity.Services.CreateAsyncScope();
        var account = await scope
            .ServiceProvider.GetRequiredService<PasswordSignIn>()
            .TryAsync(user.Email, IdentityUnderTest.Password, Cancellation);
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.accounts SET security_stamp = 'another' WHERE id = '{user.Id}'"
        );
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext { RequestServices = scope.ServiceProvider };
        (
            await scope
                .ServiceProvider.GetRequiredService<BrowserSessions>()
                .SignInAsync(http, account!, identity.Clock.GetUtcNow(), [AuthenticationMethods.Password])
        ).ShouldBeFalse();
        http.Response.Headers.SetCookie.ShouldBeEmpty();
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U12")]
    public async Task Link_RequestedWithEqualAddress_GoesToStoredAddress()
    {
        var user = await identity.AddAccountAsync("carol");
        foreach (
            var (page, fields) in new (string, (string, string)[])[]
            {
                ("/account/forgot-password", []),
                ("/account/register", [("Name", "Someone")]),
            }
        )
        {
            foreach (var typed in new[] { "CAROL@example.com", "Carol@Example.com" })
            {
                await identity.Visitor().SubmitAsync(page, [.. fields, ("Email", typed)]);
                (await identity.MailsAsync(typed)).ShouldBeEmpty();
            }
        }
        (await identity.MailsAsync(user.Email)).Length.ShouldBe(4);
    }
}
