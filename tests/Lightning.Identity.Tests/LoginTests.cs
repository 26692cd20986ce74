using System.Net;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>The page of upstream logins.</summary>
public class LoginTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    FakeProvider Upstream => identity.Upstream;

    [Fact, Trait("Check", "U09")]
    public async Task LoginsPage_WithoutRecentSignIn_RequiresSignIn()
    {
        (await identity.Visitor().GetAsync("/account/logins"))
            .Headers.Location!.ToString()
            .ShouldBe("/account/sign-in?returnUrl=%2Faccount%2Flogins");
        var (owner, visitor) = await identity.SignedInAsync("recent");
        (await visitor.GetAsync("/account/logins")).StatusCode.ShouldBe(HttpStatusCode.OK);
        identity.Clock.Advance(TimeSpan.FromMinutes(16));
        (await visitor.GetAsync("/account/logins")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        using var begun = await visitor.SubmitToAsync(
            "/account/sign-in",
            "/account/upstream?handler=begin",
            ("Provider", "sky"),
            ("Link", "true")
        );
        begun.Headers.Location!.ToString().ShouldStartWith("/account/sign-in");
        using var reauthenticated = await visitor.SignInAsync(
            owner.Email,
            page: "/account/sign-in?returnUrl=/account/logins"
        );
        reauthenticated.Headers.Location!.ToString().ShouldBe("/account/logins");
    }

    [Fact]
    public async Task Login_AddedAndRemoved_IsAuditedAndMailed()
    {
        var (owner, visitor) = await identity.SignedInAsync("adds");
        await LinkAsync(visitor);
        (await visitor.ReadAsync("/account/logins")).ShouldContain("Remove Sky");
        (await visitor.SubmitAsync("/account/logins")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await visitor.ReadAsync("/account/logins")).ShouldContain("You have not added another provider yet");
        await using var db = identity.Database.Connect();
        (
            await db
                .AuditEntries.Where(entry => entry.UserId == owner.Id && entry.Action.StartsWith("login-"))
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync(Cancellation)
        ).ShouldBe(["login-added", "login-removed"]);
        (await identity.MailsAsync(owner.Email))
            .Select(mail => mail.Subject)
            .ShouldBe(["You can now sign in with Sky", "You can no longer sign in with Sky"]);
    }

    [Fact]
    public async Task LastLogin_CannotBeRemoved()
    {
        IdentityWithUpstream.Newcomer(Upstream, "last@example.org");
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        await visitor.GetAsync("/account/upstream");
        (await visitor.ReadAsync("/account/logins")).ShouldNotContain("Remove Sky");
        using var refused = await visitor.SubmitToAsync(
            "/account/logins",
            "/account/logins",
            ("Issuer", Upstream.Issuer),
            ("Subject", Upstream.Subject.ToString())
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await using var db = identity.Database.Connect();
        (
            await db.UserLogins.CountAsync(login => login.ProviderKey == Upstream.Subject.ToString(), Cancellation)
        ).ShouldBe(1);
    }

    [Fact]
    public async Task TwoLogins_RemovedConcurrently_LeaveOne()
    {
        var (owner, visitor) = await identity.SignedInAsync("parallel");
        var subjects = new List<string>();
        for (var number = 0; number < 2; number++)
        {
            await LinkAsync(visitor);
            subjects.Add(Upstream.Subject.ToString());
        }
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.accounts SET password_hash = NULL WHERE id = '{owner.Id}'"
        );
        var answers = await Task.WhenAll(
            subjects.Select(subject =>
                visitor.SubmitToAsync(
                    "/account/logins",
                    "/account/logins",
                    ("Issuer", Upstream.Issuer),
                    ("Subject", subject)
                )
            )
        );
        answers
            .Select(answer => answer.StatusCode)
            .ShouldBe([HttpStatusCode.SeeOther, HttpStatusCode.Conflict], ignoreOrder: true);
        (await LoginsAsync(owner.Id)).ShouldBe(1);
    }

    [Fact]
    public async Task TwoLogins_RemovedConcurrentlyWithoutLock_IsCaught()
    {
        var (owner, visitor) = await identity.SignedInAsync("parallel-broken");
        var subjects = new List<string>();
        for (var number = 0; number < 2; number++)
        {
            await LinkAsync(visitor);
            subjects.Add(Upstream.Subject.ToString());
        }
        var (allHaveLooked, looking) = (new TaskCompletionSource(), 2);
        await Task.WhenAll(
            subjects.Select(async subject =>
            {
                await using var db = identity.Database.ConnectAs("identity");
                await using var transaction = await db.Database.BeginTransactionAsync(Cancellation);
                var others = await db.UserLogins.CountAsync(login => login.UserId == owner.Id, Cancellation);
                if (Interlocked.Decrement(ref looking) == 0)
                    allHaveLooked.SetResult();
                await allHaveLooked.Task;
                if (others > 1)
                    await db
                        .UserLogins.Where(login => login.UserId == owner.Id && login.ProviderKey == subject)
                        .ExecuteDeleteAsync(Cancellation);
                await transaction.CommitAsync(Cancellation);
            })
        );
        (await LoginsAsync(owner.Id)).ShouldBe(0);
    }

    [Fact]
    public async Task LoginOfAnotherAccount_CanBeNeitherAddedNorRemoved()
    {
        var (first, visitor) = await identity.SignedInAsync("has-it");
        await LinkAsync(visitor);
        var (second, other) = await identity.SignedInAsync("wants-it");
        await IdentityWithUpstream.GoAsync(other, page: "/account/logins", fields: ("Link", "true"));
        (await other.GetAsync("/account/upstream")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (
            await other.SubmitToAsync(
                "/account/logins",
                "/account/logins",
                ("Issuer", Upstream.Issuer),
                ("Subject", Upstream.Subject.ToString())
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await using var db = identity.Database.Connect();
        (
            await db.UserLogins.SingleAsync(login => login.ProviderKey == Upstream.Subject.ToString(), Cancellation)
        ).UserId.ShouldBe(first.Id);
        second.Id.ShouldNotBe(first.Id);
    }

    async Task<int> LoginsAsync(Guid accountId)
    {
        await using var db = identity.Database.Connect();
        return await db.UserLogins.CountAsync(login => login.UserId == accountId, Cancellation);
    }

    /// <summary>Links the provider's user to the signed-in account.</summary>
    async Task LinkAsync(Visitor visitor)
    {
        IdentityWithUpstream.Newcomer(Upstream, "somewhere@example.org", verified: false);
        await IdentityWithUpstream.GoAsync(visitor, page: "/account/logins", fields: ("Link", "true"));
        using var linked = await visitor.SubmitToAsync("/account/upstream", "/account/upstream?handler=link");
        linked.Headers.Location!.ToString().ShouldBe("/account/logins");
    }
}
