using System.Net;
using Lightning.Identity.Accounts;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>
/// Administrators' requests, written with the admin site's database role and processed here.
/// </summary>
public class ResetRequestTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U13"), Trait("Check", "U12")]
    public async Task PasswordReset_ByAdministrator_MailsLinkAndKeepsOldPassword()
    {
        var (user, _) = await identity.SignedInAsync("ada");
        await AskAsync(user.Id);
        // Only one of two replicas processes it.
        (await Task.WhenAll(AnswerAsync(), AnswerAsync())).ShouldBe([true, false], ignoreOrder: true);
        (await AnswerAsync()).ShouldBeFalse();
        var mail = (await identity.MailsAsync(user.Email)).ShouldHaveSingleItem();
        mail.Subject.ShouldBe("Please choose a new password");
        var link = await identity.LinkAsync(user.Email);
        await using (var db = identity.Database.Connect())
            (await db.Outbox.AnyAsync(row => row.Kind == OutboxMessage.PasswordReset, Cancellation)).ShouldBeFalse();

        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther,
            "the password stays until another is chosen"
        );
        (await identity.Visitor().SubmitAsync(link, ("Password", "another set of words"))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(
            HttpStatusCode.OK,
            "the old one is no more"
        );
        (await identity.Visitor().GetAsync(link)).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest,
            "the link worked once"
        );
    }

    [Fact]
    public async Task PasswordReset_DeletedAccount_SendsNothingAndBlocksNothing()
    {
        var user = await identity.AddAccountAsync("gone");
        await AskAsync(user.Id);
        await identity.Database.ExecuteAsync($"DELETE FROM identity.accounts WHERE id = '{user.Id}'");
        (await AnswerAsync()).ShouldBeTrue();
        (await identity.MailsAsync(user.Email)).ShouldBeEmpty();
        (await AnswerAsync()).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U10")]
    public async Task SecondFactor_RemovedByAdministrator_NoLongerWorksAndIsMailed()
    {
        var (user, visitor) = await identity.SignedInAsync("ben");
        await identity.AddAuthenticatorAsync(visitor);
        var root = await identity.AddAccountAsync("root-of-ben");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{root.Id}'");
        await using (var owner = identity.Database.Connect())
        {
            var session = await owner.AddSessionAsync(root);
            await using var admin = identity.Database.ConnectAs("admin");
            (
                await admin
                    .Database.SqlQuery<bool>(
                        $"""SELECT identity.reset_second_factor({user.Id}, {session.Id}) AS "Value" """
                    )
                    .ToListAsync(Cancellation)
            ).ShouldBe([true]);
        }
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        (await AnswerAsync()).ShouldBeTrue();
        (await AnswerAsync()).ShouldBeFalse();

        var mail = (await identity.MailsAsync(user.Email))[^1];
        mail.Subject.ShouldBe("Your second factor was reset");
        mail.Text.ShouldNotContain("token=");
        (await visitor.GetAsync("/account")).StatusCode.ShouldNotBe(HttpStatusCode.OK, "the session has ended");
        // The password is enough: no second step.
        (await identity.Visitor().SignInAsync(user.Email))
            .Headers.Location!.ToString()
            .ShouldNotContain("second-step");
    }

    async Task AskAsync(Guid account)
    {
        var root = await identity.AddAccountAsync($"root-{account:N}");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{root.Id}'");
        await using var db = identity.Database.Connect();
        var session = await db.AddSessionAsync(root);
        await using var admin = identity.Database.ConnectAs("admin");
        (
            await admin
                .Database.SqlQuery<bool>(
                    $"""SELECT identity.request_password_reset({account}, {session.Id}) AS "Value" """
                )
                .ToListAsync(Cancellation)
        ).ShouldBe([true]);
        // The database's clock runs, but the test's clock does not.
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
    }

    async Task<bool> AnswerAsync()
    {
        using var resets = ActivatorUtilities.CreateInstance<ResetRequestService>(identity.Services);
        return await resets.ProcessNextAsync(Cancellation);
    }
}
