using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Identity.Accounts;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

/// <summary>Where the person is signed in (ASVS 5.0, 7.5.2).</summary>
sealed class DevicesModel(LightningDb db, LiveSessions sessions, AccountChanges changes, TimeProvider clock) : OwnPage(db, clock, Freshness.ToAct)
{
    static readonly Dictionary<string, string> Ways = new(StringComparer.Ordinal) { ["pwd"] = "password", ["otp"] = "code", ["pop"] = "passkey", ["fed"] = "another provider" };

    public IReadOnlyList<Session> All { get; private set; } = [];

    /// <summary>How somebody signed in, in words.</summary>
    public static string Way(Session session) => string.Join(" and ", session.Methods.Where(Ways.ContainsKey).Select(method => Ways[method])) is { Length: > 0 } ways ? ways : "another way";

    // This one first, then the latest.
    public async Task OnGetAsync(CancellationToken cancellationToken) =>
        All = [.. (await sessions.OfUser(Mine.Id).OrderByDescending(session => session.LastSeenAt).Take(200).ToListAsync(cancellationToken)).OrderByDescending(session => session.Id == Session.Id)];

    public async Task<IActionResult> OnPostAsync(Guid id)
    {
        if (!await changes.EndSessionsAsync(HttpContext, Mine, id)) return NotFound();
        return new SeeOther(Paths.Devices);
    }

    public async Task<IActionResult> OnPostOthersAsync()
    {
        await changes.EndSessionsAsync(HttpContext, Mine, one: null);
        return new SeeOther(Paths.Devices);
    }
}
