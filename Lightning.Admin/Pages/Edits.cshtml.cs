using Lightning.Admin.Forms;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Pages;

/// <summary>A page of a list whose rows are changed where they stand.</summary>
[RequestFormLimits(ValueCountLimit = 10_000)]
public sealed class EditsModel(AdminRequest request, IOptions<AdminOptions> options) : AdminPage(request)
{
    /// <summary>The rows.</summary>
    public RowsForm Form { get; private set; } = null!;

    /// <summary>The list that they are of.</summary>
    public ListState State { get; private set; } = null!;

    /// <summary>How many others were saved; null before anything was.</summary>
    public int? Saved { get; private set; }

    /// <summary>Whether somebody else has changed or removed one of them.</summary>
    public bool IsOvertaken { get; private set; }

    /// <summary>What of the address cannot be done; then no row is shown.</summary>
    public IReadOnlyList<string> Faults { get; private set; } = [];

    /// <summary>Shows the page of the list that the address names.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        if (!IsThere(list)) return NotFound();
        using var patience = new Patience(Asked.Db, options.Value.ListTimeout, Asked.Clock, cancellationToken);
        // The list says what takes so long, and what to take off.
        if (await patience.AskAsync(token => Rows.EditListAsync(State, token), Rows.Combines(State)) is not (true, { } found)) return Redirect($"/{Registration.Slug}{State}");
        Form = found;
        Faults = Form.Fault is { } lost ? [.. State.Faults, lost] : State.Faults;
        return Faults.Count > 0 ? Again(StatusCodes.Status400BadRequest) : Page();
    }

    /// <summary>Saves what was changed, and shows what could not be.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list)
    {
        if (!IsThere(list)) return NotFound();
        if (State.Faults.Count > 0) return BadRequest();
        var saved = await Rows.UpdateListAsync(State, Posted.Read(Request.Form));
        if (saved.IsUnknown) return BadRequest();
        if (saved.Form is null)
        {
            var query = State.ToString().TrimStart('?');
            return SeeOther($"/{Registration.Slug}?done=edited&count={saved.Rows}{(query.Length > 0 ? $"&{query}" : "")}");
        }
        (Form, Saved, IsOvertaken) = (saved.Form, saved.Rows, saved.IsOvertaken);
        return Again(IsOvertaken ? StatusCodes.Status409Conflict : StatusCodes.Status422UnprocessableEntity);
    }

    bool IsThere(string list)
    {
        if (!Opens(list) || !CanEditInList) return false;
        State = ListState.Read(Registration, Request.Query) with { Deleted = false };
        return true;
    }
}
