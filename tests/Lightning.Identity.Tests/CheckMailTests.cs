using System.Net;
using Lightning.Identity.Secrets;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Tests;

/// <summary>The page after a mail was requested: it names the address, and sends again within the limits.</summary>
public sealed class IdentityWithFewMails(Testing.PostgresServer server) : IdentityUnderTest(server)
{
    public const int MailsPerHour = 3;

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Identity:MailsPerHour", $"{MailsPerHour}")];
}

public sealed class CheckMailTests(IdentityWithFewMails identity) : IClassFixture<IdentityWithFewMails>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/account/register", false)]
    [InlineData("/account/register", true)]
    [InlineData("/account/forgot-password", false)]
    [InlineData("/account/forgot-password", true)]
    public async Task CheckMail_NamesTheAddressAndSendsAgain_WithinTheLimit(string form, bool isKnown)
    {
        var address = $"c{Guid.NewGuid():N}@example.com";
        if (isKnown)
            address = (await identity.AddAccountAsync($"c{Guid.NewGuid():N}")).Email;
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        var query = redirected.Headers.Location!.ToString().Split('?')[1];
        using var sent = await visitor.SubmitAsync($"{form}?{query}", ("Name", "Grace"), ("Email", address));
        var page = sent.Headers.Location!.ToString();
        page.ShouldNotContain(Uri.EscapeDataString(address));
        page.ShouldNotContain(address);

        var html = await visitor.ReadAsync(page);
        html.ShouldContain($"<strong>{address}</strong>");
        html.ShouldContain($"href=\"{form}?returnUrl=");
        for (var i = 0; i < 2 * IdentityWithFewMails.MailsPerHour; i++)
        {
            using var again = await visitor.SubmitFormAsync(page, "Send again");
            again.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
            (await visitor.ReadAsync(again.Headers.Location!.ToString())).ShouldContain(
                "We have sent the email again."
            );
        }

        var mails = await identity.MailsAsync(address);
        mails.Length.ShouldBe(IdentityWithFewMails.MailsPerHour);
        mails.Select(mail => mail.Subject).Distinct().Count().ShouldBe(1);
        if (isKnown || form == "/account/register")
            (await identity.LinkAsync(address)).ShouldContain("returnUrl=");
    }

    [Fact]
    public async Task CheckMail_InvalidOrForeignState_SendsNothing()
    {
        var address = $"c{Guid.NewGuid():N}@example.com";
        var visitor = identity.Visitor();
        using var sent = await visitor.SubmitAsync("/account/forgot-password", ("Email", address));
        var form = await visitor.OpenFormAsync(sent.Headers.Location!.ToString(), "Send again");
        var protector = (StateProtector)identity.Services.GetService(typeof(StateProtector))!;
        var foreign = protector.Protect(
            "another-purpose",
            new
            {
                Purpose = 1,
                Address = "foreign@example.com",
                Name = "",
            },
            TimeSpan.FromHours(1)
        );

        foreach (var state in new[] { "", "x", foreign })
        {
            using var response = await visitor.PostAsync(
                form with
                {
                    Action = QueryHelpers.AddQueryString("/account/check-mail", "state", state),
                }
            );
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain("We have sent you an email.");
        }
        identity.Clock.Advance(TimeSpan.FromHours(1));
        using var late = await visitor.PostAsync(form);
        late.StatusCode.ShouldBe(HttpStatusCode.OK);

        (await identity.MailsAsync(address)).Length.ShouldBe(1);
        (await identity.MailsAsync("foreign@example.com")).ShouldBeEmpty();
    }

    [Fact]
    public async Task DeletedAccount_IsToldSo()
    {
        var (user, visitor) = await identity.SignedInAsync($"c{Guid.NewGuid():N}");

        using var deleted = await visitor.SubmitFormAsync(
            "/account/data",
            "handler=Delete",
            ("Confirmation", user.Email)
        );

        (await visitor.ReadAsync(deleted.Headers.Location!.ToString())).ShouldContain("Your account was deleted");
    }
}
