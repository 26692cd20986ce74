using System.Net;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public class AddressChangeTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U07"), Trait("Check", "U10"), Trait("Check", "U12")]
    public async Task AddressChange_Confirmed_UpdatesAccountAndUser()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var other = identity.Visitor();
        await other.SignInAsync(user.Email);
        await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email));
        var reset = await identity.LinkAsync(user.Email);

        (await visitor.SubmitAsync("/account/address", ("Email", "Ada.New@example.com")))
            .Headers.Location!.ToString()
            .ShouldBe("/account?done=address-asked");
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Your email address is about to change");
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther,
            "nothing has changed yet"
        );

        var link = await identity.LinkAsync("Ada.New@example.com");
        using var confirmed = await visitor.SubmitAsync(link);
        confirmed.Headers.Location!.ToString().ShouldBe("/account?done=address");
        await using var db = identity.Database.Connect();
        var account = await db.Accounts.SingleAsync(account => account.Id == user.Id, Cancellation);
        (account.Email, account.UserName, account.NormalizedEmail, account.NormalizedUserName).ShouldBe(
            ("Ada.New@example.com", "Ada.New@example.com", "ADA.NEW@EXAMPLE.COM", "ADA.NEW@EXAMPLE.COM")
        );
        (await db.Users.SingleAsync(row => row.Id == user.Id, Cancellation)).Email.ShouldBe("Ada.New@example.com");
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await identity.Visitor().SignInAsync("ada.new@EXAMPLE.com")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await other.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther, "other sessions have ended");
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await identity.Visitor().GetAsync(reset)).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest,
            "a link to the old address is dead"
        );
        (await visitor.GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "the link works once");
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Your email address was changed");
        (await identity.SubjectsAsync("Ada.New@example.com")).ShouldContain("Your email address was changed");
        (await identity.AuditAsync(user.Id)).ShouldContain("address-changed");
        (
            await identity.Database.ExecuteAsync(
                "SELECT count(*) FROM audit.entries AS row WHERE row::text ILIKE '%@%'"
            )
        ).ShouldBe(0L, "the audit log contains no address");
    }

    [Fact, Trait("Check", "U07")]
    public async Task AddressLink_OtherAccountOrExpired_ChangesNothing()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var (_, stranger) = await identity.SignedInAsync("mallory");
        await visitor.SubmitAsync("/account/address", ("Email", "bob.new@example.com"));
        var link = await identity.LinkAsync("bob.new@example.com");
        // Signed out: the user signs in first and returns.
        (await identity.Visitor().GetAsync(link))
            .Headers.Location!.ToString()
            .ShouldBe($"/account/sign-in?returnUrl={Uri.EscapeDataString(link)}");
        using var theirs = await stranger.GetAsync(link);
        theirs.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        // It is not valid as a password link.
        (
            await identity.Visitor().GetAsync(link.Replace("address/confirm", "password", StringComparison.Ordinal))
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        identity.Clock.Advance(TimeSpan.FromMinutes(10));
        (await visitor.GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await using var db = identity.Database.Connect();
        (await db.Accounts.SingleAsync(account => account.Id == user.Id, Cancellation)).Email.ShouldBe(user.Email);
    }

    [Fact, Trait("Check", "U04")]
    public async Task AddressChange_AddressTaken_RespondsTheSameAndMailsOwner()
    {
        var (_, visitor) = await identity.SignedInAsync("carol");
        var owner = await identity.AddAccountAsync("owner");
        using var taken = await visitor.SubmitAsync("/account/address", ("Email", "OWNER@example.com"));
        using var free = await visitor.SubmitAsync("/account/address", ("Email", "free@example.com"));
        taken.Headers.Location.ShouldBe(free.Headers.Location);
        (await identity.SubjectsAsync(owner.Email)).ShouldBe(["This address already has an account"]);
        (await identity.MailsAsync(owner.Email)).Single().Text.ShouldNotContain("token=");
    }

    [Fact]
    public async Task AddressChange_AddressTakenConcurrently_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("dave");
        var (_, rival) = await identity.SignedInAsync("dora");
        await visitor.SubmitAsync("/account/address", ("Email", "both@example.com"));
        var links = new List<string> { await identity.LinkAsync("both@example.com") };
        await rival.SubmitAsync("/account/address", ("Email", "Both@example.com"));
        links.Add(await identity.LinkAsync("Both@example.com"));
        var answers = await Task.WhenAll(visitor.SubmitAsync(links[0]), rival.SubmitAsync(links[1]));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
        await using var db = identity.Database.Connect();
        (await db.Accounts.CountAsync(account => account.NormalizedEmail == "BOTH@EXAMPLE.COM", Cancellation)).ShouldBe(
            1
        );
        (await db.Users.CountAsync(user => EF.Functions.ILike(user.Email, "both@example.com"), Cancellation)).ShouldBe(
            1
        );
    }
}
