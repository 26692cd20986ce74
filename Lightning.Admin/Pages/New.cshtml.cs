using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Pages;

/// <summary>Makes a row.</summary>
[RequestFormLimits(ValueCountLimit = 10_000)]
public sealed class NewModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The form.</summary>
    public Form Form { get; private set; } = null!;

    /// <summary>The row that was saved a moment ago, as part of an address; null where none was.</summary>
    public string? Saved { get; private set; }

    /// <summary>Shows the form, filled in as far as the address says.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        var preset = Request.Query.ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal);
        if (!Opens(list) || await Rows.NewAsync(preset, cancellationToken) is not { } form) return NotFound();
        (Form, Saved) = (form, RowKey.Read(Request.Query["_saved"], Registration.Key) is { } saved ? RowKey.Write(saved) : null);
        return Page();
    }

    /// <summary>Saves it, or shows it again.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, [FromQuery] string? then)
    {
        if (!Opens(list)) return NotFound();
        var saved = await Rows.CreateAsync(Posted.Read(Request.Form));
        switch (saved.Outcome)
        {
            case Outcome.Done: return await LeaveAsync(saved.Key!, then);
            case Outcome.Refused: return StatusCode(StatusCodes.Status403Forbidden);
            case Outcome.Unknown: return BadRequest();
            default:
                Form = saved.Form!;
                return Again(Form.HasFaults ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
        }
    }
}
