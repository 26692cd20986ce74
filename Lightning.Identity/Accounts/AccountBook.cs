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
/// Enters what happens to an account: a line in the audit book and a mail to the owner in the transaction that does it (ASVS 5.0, 6.3.7), and an event
/// once it is done. No line and no event holds an address or a name: they outlive the account.
/// </summary>
sealed class AccountBook(LightningDb db, AuditBook audit, Outbox outbox, IOptions<ProviderOptions> provider)
{
    /// <summary>How long a notice is worth sending.</summary>
    static readonly TimeSpan Worth = TimeSpan.FromDays(2);

    /// <summary>Enters an event into what the context will save.</summary>
    /// <param name="http">From where.</param>
    /// <param name="account">To whose account.</param>
    /// <param name="happened">What.</param>
    /// <param name="sid">In which session; that of the browser where none is given.</param>
    /// <param name="to">Whom to tell; the account's address where none is given.</param>
    /// <param name="details">What the book should say besides.</param>
    /// <returns>The line, to be handed to <see cref="Done"/>.</returns>
    public AuditEntry Enter(HttpContext http, Account account, AccountEvent happened, Guid? sid = null, string? to = null, object? details = null)
    {
        var entry = audit.Enter(happened.Name, account.Id, sid ?? http.BrowserSession()?.Id, ("account", account.Id.ToString()), details);
        Tell(http, to ?? account.Email!, happened, entry.At);
        return entry;
    }

    /// <summary>Mails an event to an address besides.</summary>
    public void Tell(HttpContext http, string to, AccountEvent happened, DateTimeOffset now)
    {
        if (happened.Subject is not { } subject) return;
        outbox.Add(db, Letters.Notice(to, subject, happened.What, Device.Name(http.Request.Headers.UserAgent), now, provider.Value.Issuer + Paths.Account, now + Worth));
    }

    /// <summary>Mails the owner that an administrator took their second factor away; the admin site has written the line in the book.</summary>
    /// <returns>False where there is no such account.</returns>
    public async Task<bool> TellOfResetAsync(Guid accountId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var to = await db.Accounts.Where(account => account.Id == accountId).Select(account => account.Email).SingleOrDefaultAsync(cancellationToken);
        if (to is null) return false;
        outbox.Add(db, Letters.SecondFactorReset(to, at, provider.Value.Issuer + Paths.Account, at + Worth));
        return true;
    }

    /// <summary>Tells the log, and wakes the sender of mail, once it is committed.</summary>
    public void Done(AuditEntry entry, AccountEvent happened)
    {
        audit.Done(entry, (log, entry) => happened.Log(log, entry.UserId, entry.SessionMark, entry.Ip));
        outbox.Wake();
    }
}
