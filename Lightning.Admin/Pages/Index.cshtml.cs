using System.Globalization;
using Lightning.Admin.Audit;
using Lightning.Admin.Dashboard;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data.Audit;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>The dashboard.</summary>
public sealed class IndexModel(DashboardPolicy policy, Actor actor, DashboardCache recent, AdminSite site) : PageModel
{
    /// <summary>The figures.</summary>
    public DashboardFigures Figures { get; private set; } = null!;

    /// <summary>Whether a list with this slug exists.</summary>
    public bool HasList(string name) => site.Find(name) is not null;

    /// <summary>The URL of a change's subject; null if it has no page or was deleted.</summary>
    public string? Address(RecentChange change) =>
        change is { SubjectType: { } type, SubjectId: { } key }
        && !change.Action.EndsWith("deleted", StringComparison.Ordinal)
            ? site.Registrations.FirstOrDefault(registration => registration.Subject == type)?.UrlOf(key)
            : null;

    /// <summary>The kind of row that a change affected.</summary>
    public string Subject(RecentChange change) => change.SubjectType is { } type ? EventText.Describe(type) : "–";

    /// <summary>Who made a change, and as whom.</summary>
    public string Author(RecentChange change) =>
        change.Impersonator is null || change.Impersonator == change.Who
            ? change.Who ?? "–"
            : $"{change.Impersonator} as {change.Who}";

    /// <summary>Formats a date.</summary>
    public string Show(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Formats a number.</summary>
    public string Show(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Formats a time (UTC).</summary>
    public string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!policy.May(actor, Verb.Read))
            return StatusCode(StatusCodes.Status403Forbidden);
        Figures = await recent.GetAsync(cancellationToken);
        return Page();
    }
}
