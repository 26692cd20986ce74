using System.Globalization;
using Lightning.Admin.Dashboard;
using Lightning.Admin.Registrations;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>How much there is, and what goes on.</summary>
public sealed class IndexModel(DashboardPolicy policy, Actor actor, RecentFigures recent, IEnumerable<Registration> registrations) : PageModel
{
    /// <summary>What is shown.</summary>
    public Figures Figures { get; private set; } = null!;

    /// <summary>Whether there is a list of that name.</summary>
    public bool HasList(string name) => registrations.Any(registration => registration.Slug == name);

    /// <summary>Where that is which a change was done to; null where it has no page, or is gone.</summary>
    public string? Address(Change change) => change is { SubjectType: { } type, SubjectId: { } key } && !change.Action.EndsWith("deleted", StringComparison.Ordinal)
        && registrations.FirstOrDefault(registration => registration.Subject == type) is { KeyLength: 1 } found ? $"/{found.Slug}/{RowKey.Write([key])}" : null;

    /// <summary>A number as a person reads it.</summary>
    public string Show(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A time as a person reads it.</summary>
    public string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>Shows it.</summary>
    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!policy.May(actor, Verb.Read)) return StatusCode(StatusCodes.Status403Forbidden);
        Figures = await recent.GetAsync(cancellationToken);
        return Page();
    }
}
