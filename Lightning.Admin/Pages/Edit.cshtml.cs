using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Pages;

/// <summary>Changes a row.</summary>
[RequestFormLimits(ValueCountLimit = 10_000)]
public sealed class EditModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The form.</summary>
    public Form Form { get; private set; } = null!;

    /// <summary>The row that was saved a moment ago, as part of an address; null where none was.</summary>
    public string? Saved { get; private set; }

    /// <summary>Shows the form.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, [FromRoute] string key, CancellationToken cancellationToken)
    {
        if (!Opens(list) || await Rows.EditAsync(key, cancellationToken) is not { } form) return NotFound();
        (Form, Saved) = (form, RowKey.Read(Request.Query["_saved"], Registration.Key) is { } saved ? RowKey.Write(saved) : null);
        return Page();
    }

    /// <summary>Saves it, or shows it again.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, [FromRoute] string key, [FromQuery] string? then)
    {
        if (!Opens(list)) return NotFound();
        var saved = await Rows.UpdateAsync(key, Posted.Read(Request.Form));
        switch (saved.Outcome)
        {
            case Outcome.Done: return await LeaveAsync(saved.Key!, then);
            case Outcome.Missing: return NotFound();
            case Outcome.Refused: return StatusCode(StatusCodes.Status403Forbidden);
            case Outcome.Unknown: return BadRequest();
            default:
                Form = saved.Form!;
                return Again(Form.IsOvertaken ? StatusCodes.Status409Conflict : Form.HasFaults ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
        }
    }
}
