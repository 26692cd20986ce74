using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Identity.Audit;
using Lightning.Identity.Mail;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Records account events: an audit entry and a mail to the owner in the caller's transaction (ASVS 5.0, 6.3.7), and a
/// log event after the commit. Entries and log events hold no address or name, because they outlive the account.
/// </summary>
sealed class AccountEventRecorder(LightningDb db, AuditLog audit, MailOutbox outbox, IOptions<ProviderOptions> provider)
{
    /// <summary>After this time an undelivered notice is dropped.</summary>
    static readonly TimeSpan NoticeLifetime = TimeSpan.FromDays(2);

    /// <summary>Adds an audit entry and a mail to the context.</summary>
    /// <param name="http">The current request.</param>
    /// <param name="account">The affected account.</param>
    /// <param name="happened">The event.</param>
    /// <param name="sid">The session; null for the session of the browser.</param>
    /// <param name="details">Additional data for the audit entry.</param>
    /// <returns>The entry, to pass to <see cref="AfterCommit"/>.</returns>
    public AuditEntry Record(
        HttpContext http,
        Account account,
        AccountEvent happened,
        Guid? sid = null,
        object? details = null
    )
    {
        var entry = audit.Add(
            happened.Name,
            account.Id,
            sid ?? http.BrowserSession()?.Id,
            ("account", account.Id.ToString()),
            details
        );
        Notify(http, account.Email!, happened, entry.At);
        return entry;
    }

    /// <summary>Adds a mail about an event to the context.</summary>
    public void Notify(HttpContext http, string to, AccountEvent happened, DateTimeOffset now)
    {
        if (happened.Subject is not { } subject)
            return;
        outbox.Add(
            db,
            AccountMails.Notice(
                to,
                new(subject, happened.What, Device.Describe(http.Request.Headers.UserAgent), now),
                provider.Value.Issuer + Paths.Account,
                now + NoticeLifetime
            )
        );
    }

    /// <summary>
    /// Adds a mail that an administrator removed the account's second factor. The admin site has already written the
    /// audit entry.
    /// </summary>
    /// <returns>False if there is no such account.</returns>
    public async Task<bool> NotifyOfResetAsync(Guid accountId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var to = await db
            .Accounts.Where(account => account.Id == accountId)
            .Select(account => account.Email)
            .SingleOrDefaultAsync(cancellationToken);
        if (to is null)
            return false;
        outbox.Add(
            db,
            AccountMails.SecondFactorReset(to, at, provider.Value.Issuer + Paths.Account, at + NoticeLifetime)
        );
        return true;
    }

    /// <summary>Writes the log event and wakes the mail sender. Call it after the transaction is committed.</summary>
    public void AfterCommit(AuditEntry entry, AccountEvent happened)
    {
        audit.AfterCommit(entry, (log, entry) => happened.Log(log, entry.UserId, entry.SessionLogId, entry.Ip));
        outbox.Wake();
    }
}
