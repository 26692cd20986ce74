using Lightning.Data.Organizations;
using Lightning.Identity.Organizations;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>Invitations to organizations are mailed to the invited address.</summary>
public sealed class InvitationTests(IdentityWithFewMails identity) : IClassFixture<IdentityWithFewMails>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Acme & Söhne", "the organization \"Acme & Söhne\"")]
    [InlineData("St. Mary Inc.", "the organization \"St. Mary Inc.\"")]
    [InlineData("evil.example", "their organization")]
    [InlineData("Pay at www", "the organization \"Pay at www\"")]
    [InlineData("http://evil", "their organization")]
    [InlineData("mail me@evil", "their organization")]
    public async Task Invitation_is_mailed_with_a_harmless_name(string name, string text)
    {
        var (address, inviter, _) = await InviteAsync(name);

        (await ProcessAsync()).ShouldBeTrue();

        var mail = (await identity.MailsAsync(address)).ShouldHaveSingleItem();
        mail.Text.ShouldContain($"{inviter} invites you to {text}.");
        mail.Text.ShouldContain("/organizations");
    }

    [Theory]
    [InlineData("DELETE FROM app.invitations WHERE id = '{0}'")]
    [InlineData("UPDATE app.invitations SET expires_at = '2000-01-01' WHERE id = '{0}'")]
    [InlineData("UPDATE app.organizations SET deleted_at = now()")]
    public async Task Invitation_that_cannot_be_accepted_is_not_mailed(string change)
    {
        var (address, _, invitation) = await InviteAsync("Gone");
        await identity.Database.ExecuteAsync(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, change, invitation)
        );

        (await ProcessAsync()).ShouldBeTrue();

        (await identity.MailsAsync(address)).ShouldBeEmpty();
        (await ProcessAsync()).ShouldBeFalse("the request is done");
    }

    [Fact]
    public async Task Address_gets_no_more_mails_than_anyone_may_request()
    {
        var (address, _, _) = await InviteAsync("First");
        for (var i = 1; i < 9; i++)
            await InviteAsync($"Organization {i}", address);

        while (await ProcessAsync()) { }

        (await identity.MailsAsync(address)).Length.ShouldBe(IdentityWithFewMails.MailsPerHour);
    }

    async Task<(string Address, string Inviter, Guid Invitation)> InviteAsync(string name, string? address = null)
    {
        await using var db = identity.Database.Connect();
        var inviter = await db.AddUserAsync($"inviter-{Guid.NewGuid():N}");
        var now = DateTimeOffset.UtcNow;
        var invitation = new Invitation
        {
            OrganizationId = Guid.CreateVersion7(),
            Address = address ?? $"invited-{Guid.NewGuid():N}@example.com",
            Role = OrganizationRole.Member,
            InvitedById = inviter.Id,
            CreatedAt = now,
            ExpiresAt = now.AddYears(1),
        };
        db.Organizations.Add(
            new()
            {
                Id = invitation.OrganizationId,
                Slug = $"{invitation.OrganizationId:N}",
                Name = name,
                CreatedAt = now,
            }
        );
        db.Invitations.Add(invitation);
        await db.SaveChangesAsync(Cancellation);
        // The database's clock runs, but the test's clock does not.
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        return (invitation.Address, inviter.Email, invitation.Id);
    }

    async Task<bool> ProcessAsync()
    {
        using var sender = ActivatorUtilities.CreateInstance<InvitationSender>(identity.Services);
        return await sender.ProcessNextAsync(Cancellation);
    }
}
