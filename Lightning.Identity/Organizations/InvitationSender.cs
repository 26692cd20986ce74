using Lightning.Data;
using Lightning.Identity.Clients;
using Lightning.Identity.Mail;
using Lightning.Identity.Polling;
using Lightning.Identity.RateLimits;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Organizations;

/// <summary>
/// Mails invitations to organizations, which the database requests. It sends none that was revoked or has expired.
/// </summary>
sealed partial class InvitationSender(
    IServiceScopeFactory scopes,
    MailOutbox outbox,
    ClientRegistry clients,
    IOptions<ProviderOptions> provider,
    TimeProvider clock,
    ILogger<InvitationSender> logger
) : OutboxPollingService(scopes, clock)
{
    protected override string[] Kinds => [OutboxMessage.Invitation];

    /// <summary>The app's page with the invitations of the user.</summary>
    string Link =>
        new Uri(
            new Uri(clients.All.FirstOrDefault(client => client.AllowsImpersonation)?.Home ?? provider.Value.Issuer),
            "/organizations"
        ).ToString();

    protected override void LogDatabaseAway(Exception ex) => LogUnavailable(ex);

    protected override async Task<bool> HandleAsync(
        IServiceProvider services,
        OutboxMessage message,
        CancellationToken cancellationToken
    )
    {
        var db = services.GetRequiredService<LightningDb>();
        var (id, now) = (Guid.Parse(message.Recipient!), Clock.GetUtcNow());
        var invitation = await db
            .Invitations.AsNoTracking()
            .Where(invitation =>
                invitation.Id == id && invitation.ExpiresAt > now && invitation.Organization!.DeletedAt == null
            )
            .Select(invitation => new
            {
                invitation.Address,
                invitation.ExpiresAt,
                Organization = invitation.Organization!.Name,
                Inviter = invitation.InvitedBy!.Email,
            })
            .SingleOrDefaultAsync(cancellationToken);
        if (invitation?.Inviter is null)
            return true;
        if (await services.GetRequiredService<AccountRateLimits>().MayMailAsync(invitation.Address))
            outbox.Add(
                db,
                InvitationMail.Create(
                    invitation.Address,
                    invitation.Inviter,
                    invitation.Organization,
                    Link,
                    invitation.ExpiresAt
                )
            );
        else
            LogLimited(id);
        return true;
    }

    protected override void AfterCommit() => outbox.Wake();

    [LoggerMessage(
        EventId = 1411,
        Level = LogLevel.Warning,
        Message = "Invitation {InvitationId} was not mailed: the address has received too many mails within the hour"
    )]
    partial void LogLimited(Guid invitationId);

    [LoggerMessage(
        EventId = 1412,
        Level = LogLevel.Warning,
        Message = "Invitations cannot be read because the database is unavailable; retrying later"
    )]
    partial void LogUnavailable(Exception ex);
}
