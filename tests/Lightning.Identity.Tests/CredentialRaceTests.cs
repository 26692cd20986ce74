using Lightning.Identity.Accounts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>What was proved by credentials that are no more.</summary>
public class CredentialRaceTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const string NewPassword = "another set of words";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U12")]
    public async Task SignIn_ByAPasswordThatIsChangedMeanwhile_LeavesNoSession()
    {
        var user = await identity.AddAccountAsync("ada");
        await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email));
        var link = await identity.LinkAsync(user.Email);
        // Somebody who has the old password keeps trying; some of the tries wait to be hashed while the change of password is made.
        var tries = Tries(user.Email);
        var owner = identity.Visitor();
        var change = owner.SubmitAsync(link, ("Password", NewPassword));
        await Task.WhenAll([.. tries, change, .. Tries(user.Email)]);
        (await owner.ReadAsync("/")).ShouldContain("You are signed in");
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == user.Id && session.EndedAt == null, Cancellation)).ShouldBe(1, "the owner's session alone");

        Task<HttpResponseMessage>[] Tries(string address) => [.. Enumerable.Range(0, 8).Select(_ => identity.Visitor().SignInAsync(address))];
    }

    [Fact, Trait("Check", "U12")]
    public async Task SignIn_ProvedBeforeTheChange_IsRefusedAfterIt()
    {
        var user = await identity.AddAccountAsync("bob");
        await using var scope = identity.Services.CreateAsyncScope();
        var account = await scope.ServiceProvider.GetRequiredService<PasswordSignIn>().TryAsync(user.Email, IdentityUnderTest.Password, Cancellation);
        await identity.Database.ExecuteAsync($"UPDATE identity.accounts SET security_stamp = 'another' WHERE id = '{user.Id}'");
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext { RequestServices = scope.ServiceProvider };
        (await scope.ServiceProvider.GetRequiredService<Sessions.BrowserSessions>().SignInAsync(http, account!, identity.Clock.GetUtcNow(), [PasswordSignIn.Method])).ShouldBeFalse();
        http.Response.Headers.SetCookie.ShouldBeEmpty();
        (await identity.IsAliveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U12")]
    public async Task Link_AskedForWithAnAddressThatComparesEqual_GoesToTheAccountsOwn()
    {
        var user = await identity.AddAccountAsync("carol");
        foreach (var (page, fields) in new (string, (string, string)[])[] { ("/account/forgot-password", []), ("/account/register", [("Name", "Somebody")]) })
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
