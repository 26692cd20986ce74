using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Identity.Accounts;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

/// <summary>The user's sessions (ASVS 5.0, 7.5.2).</summary>
sealed class DevicesModel(LightningDb db, ProviderSessions sessions, AccountChanges changes, TimeProvider clock)
    : SignedInPage(db, clock, Reauthentication.RequiredToPost)
{
    readonly LightningDb db = db;

    public IReadOnlyList<Session> All { get; private set; } = [];

    // The current session first, then the most recently used.
    public async Task OnGetAsync(CancellationToken cancellationToken) =>
        All = [
            .. (
                await sessions
                    .OfUser(CurrentAccount.Id)
                    .OrderByDescending(session => session.LastSeenAt)
                    .Take(200)
                    .ToListAsync(cancellationToken)
            ).OrderByDescending(session => session.Id == Session.Id),
        ];

    public async Task<IActionResult> OnPostAsync(Guid id)
    {
        // Ended in another tab: the list no longer shows it.
        return
            await changes.EndSessionsAsync(HttpContext, CurrentAccount, id)
            || await db.Sessions.AnyAsync(session => session.Id == id && session.UserId == CurrentAccount.Id)
            ? new SeeOther(Paths.Devices)
            : NotFound();
    }

    public async Task<IActionResult> OnPostOthersAsync()
    {
        await changes.EndSessionsAsync(HttpContext, CurrentAccount, sessionId: null);
        return new SeeOther(Paths.Devices);
    }
}
