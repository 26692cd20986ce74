using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Engine.Pages;

/// <summary>The page that creates a row.</summary>
[KeepsForm]
[RequestFormLimits(ValueCountLimit = 10_000)]
public sealed class NewModel(AdminRequest request, IFormDrafts drafts) : AdminPage(request)
{
    /// <summary>The form.</summary>
    public Form Form { get; private set; } = null!;

    /// <summary>The key of the row that was just saved; null if none was.</summary>
    public string? Saved { get; private set; }

    /// <summary>The form that was posted before the user signed in again; null if there is none.</summary>
    public FormDraft? Draft { get; private set; }

    /// <summary>Shows the form, prefilled from the query string.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        var preset = Request.Query.ToDictionary(
            field => field.Key,
            field => field.Value.ToString(),
            StringComparer.Ordinal
        );
        if (!TryOpen(list) || await Rows.NewAsync(preset, cancellationToken) is not { } form)
            return NotFound();
        Draft = await drafts.FindAsync(HttpContext, cancellationToken);
        if (Draft is { IsKept: true } && await Rows.CreateAsync(Posted.Read(Draft.ForDisplay)) is { Form: { } entered })
            form = entered;
        (Form, Saved) = (
            form,
            RowKey.Parse(Request.Query["_saved"], Registration.Key) is { } saved ? RowKey.Format(saved) : null
        );
        return Page();
    }

    /// <summary>Saves the row, or shows the form again.</summary>
    public Task<IActionResult> OnPostAsync([FromRoute] string list, [FromQuery] string? then) =>
        SaveAsync(list, Posted.Read(Request.Form), then);

    /// <summary>Shows a form whose antiforgery token is no longer valid again, and saves nothing.</summary>
    public Task<IActionResult> OnPostStaleAsync([FromRoute] string list) =>
        SaveAsync(list, Posted.Read(Request.Form) with { IsSearch = true }, then: null);

    async Task<IActionResult> SaveAsync(string list, Posted posted, string? then)
    {
        if (!TryOpen(list))
            return NotFound();
        var saved = await Rows.CreateAsync(posted);
        switch (saved.Outcome)
        {
            case Outcome.Done:
                return await LeaveAsync(saved.Key!, then);
            case Outcome.Forbidden:
                return StatusCode(StatusCodes.Status403Forbidden);
            case Outcome.UnknownField:
                return BadRequest();
            default:
                Form = saved.Form!;
                return Again(Form.HasErrors ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
        }
    }
}
