using System.Globalization;
using Lightning.Admin.Registrations;
using Lightning.Data;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>The list of one registration.</summary>
public sealed class ListModel(IEnumerable<Registration> registrations, LightningDb db, Actor actor) : PageModel
{
    /// <summary>What is listed.</summary>
    public Registration Registration { get; private set; } = null!;

    /// <summary>The rows of this page.</summary>
    public RowPage Rows { get; private set; } = null!;

    /// <summary>The last row of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    /// <summary>Reads a page, or says that there is no such list.</summary>
    public async Task<IActionResult> OnGetAsync(string list, CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid || registrations.FirstOrDefault(registration => registration.Slug == list) is not { } registration) return NotFound();
        Registration = registration;
        Rows = await registration.ReadAsync(db, actor, After, cancellationToken);
        return Page();
    }

    /// <summary>A value as a person reads it.</summary>
    public string Show(object? value) => value switch
    {
        null => "–",
        bool yes => yes ? "yes" : "no",
        DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
