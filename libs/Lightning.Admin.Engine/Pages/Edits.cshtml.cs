using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Pages;

/// <summary>The page that edits rows in the list.</summary>
[KeepsForm]
[RequestFormLimits(ValueCountLimit = 10_000)]
public sealed class EditsModel(AdminRequest request, IFormDrafts drafts, IOptions<AdminOptions> options)
    : AdminPage(request)
{
    /// <summary>The rows with their fields.</summary>
    public RowsForm Form { get; private set; } = null!;

    /// <summary>The list's state.</summary>
    public ListState State { get; private set; } = null!;

    /// <summary>The number of saved rows after a partial save; null before saving.</summary>
    public int? Saved { get; private set; }

    /// <summary>Whether a row was changed or deleted by someone else.</summary>
    public bool HasConflict { get; private set; }

    /// <summary>The errors of the URL; with any, no row is shown.</summary>
    public IReadOnlyList<string> Errors { get; private set; } = [];

    /// <summary>The form that was posted before the user signed in again; null if there is none.</summary>
    public FormDraft? Draft { get; private set; }

    /// <summary>Shows a page of the list.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        if (!TryOpenEditable(list))
            return NotFound();
        Draft = await drafts.FindAsync(HttpContext, cancellationToken);
        if (
            Draft is { IsKept: true }
            && State.Errors.Count == 0
            && await Rows.UpdateListAsync(State, Posted.Read(Draft.ForDisplay)) is { Form: { } entered } shown
        )
        {
            (Form, Saved, HasConflict) = (entered, 0, shown.HasConflict);
            return Page();
        }
        using var deadline = new QueryDeadline(
            AdminRequest.Db,
            options.Value.ListTimeout,
            AdminRequest.Clock,
            cancellationToken
        );
        // The list page explains what took too long.
        if (
            await deadline.RunAsync(token => Rows.EditListAsync(State, token), Rows.Combines(State))
            is not
            (true, { } found)
        )
            return Redirect($"/{Registration.Slug}{State}");
        Form = found;
        Errors = Form.Error is { } lost ? [.. State.Errors, lost] : State.Errors;
        return Errors.Count > 0 ? Again(StatusCodes.Status400BadRequest) : Page();
    }

    /// <summary>Saves the changed rows and shows those that failed.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list)
    {
        if (!TryOpenEditable(list))
            return NotFound();
        if (State.Errors.Count > 0)
            return BadRequest();
        var saved = await Rows.UpdateListAsync(State, Posted.Read(Request.Form));
        if (saved.IsUnknown)
            return BadRequest();
        if (saved.Form is null)
        {
            var query = State.ToString().TrimStart('?');
            return SeeOther(
                $"/{Registration.Slug}?done=edited&count={saved.Rows}{(query.Length > 0 ? $"&{query}" : "")}"
            );
        }
        (Form, Saved, HasConflict) = (saved.Form, saved.Rows, saved.HasConflict);
        return Again(HasConflict ? StatusCodes.Status409Conflict : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>Shows a form whose antiforgery token is no longer valid again, and saves nothing.</summary>
    public async Task<IActionResult> OnPostStaleAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        if (!TryOpenEditable(list) || State.Errors.Count > 0)
            return NotFound();
        var shown = await Rows.UpdateListAsync(State, Posted.Read(Request.Form) with { IsSearch = true });
        if (shown.Form is null)
            return await OnGetAsync(list, cancellationToken);
        (Form, Saved) = (shown.Form, 0);
        return Page();
    }

    bool TryOpenEditable(string list)
    {
        if (!TryOpen(list) || !CanEditInList)
            return false;
        State = ListState.Read(Registration, Request.Query) with { Deleted = false };
        return true;
    }
}
