using Lightning.Admin.Engine.Actions;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Pages;

/// <summary>Runs an action on selected rows after a confirmation.</summary>
public sealed class RunActionModel(AdminRequest request, IOptions<AdminOptions> options) : AdminPage(request)
{
    /// <summary>The action.</summary>
    public RowAction Action { get; private set; } = null!;

    /// <summary>The keys of the selected rows.</summary>
    public IReadOnlyList<string> Keys { get; private set; } = [];

    /// <summary>Whether all rows of the list are selected.</summary>
    public bool All { get; private set; }

    /// <summary>The list's query string.</summary>
    public string List { get; private set; } = "";

    /// <summary>The rows that the action applies to.</summary>
    public ActionTargets ActionTargets { get; private set; } = new(0, 0, []);

    /// <summary>The number of selected rows that are skipped because the policy forbids the action.</summary>
    public int Skipped => All ? 0 : Keys.Count - ActionTargets.Count - ActionTargets.Others;

    /// <summary>The confirmation question.</summary>
    public string Question =>
        Action.Question.Length > 0
            ? Action.Question.Replace("{count}", new CappedCount(ActionTargets.Count).ToString())
            : $"{Action.Title}: {new CappedCount(ActionTargets.Count)} rows?";

    /// <summary>The error; null if there is none.</summary>
    public string? Error { get; private set; }

    /// <summary>An action needs a POST.</summary>
    public IActionResult OnGet([FromRoute] string list) =>
        TryOpen(list) ? Redirect($"/{Registration.Slug}") : NotFound();

    /// <summary>Asks for confirmation, or runs the action.</summary>
    public Task<IActionResult> OnPostAsync(
        [FromRoute] string list,
        [FromForm] ActionForm form,
        CancellationToken cancellationToken
    ) => RunAsync(list, form, form.Sure == "yes", cancellationToken);

    /// <summary>Asks (again) for confirmation if the antiforgery token is no longer valid.</summary>
    public Task<IActionResult> OnPostStaleAsync(
        [FromRoute] string list,
        [FromForm] ActionForm form,
        CancellationToken cancellationToken
    ) => RunAsync(list, form, isSure: false, cancellationToken);

    async Task<IActionResult> RunAsync(string list, ActionForm form, bool isSure, CancellationToken cancellationToken)
    {
        if (!TryOpen(list) || Registration.Actions.FirstOrDefault(known => known.Name == form.Action) is not { } found)
            return NotFound();
        // "All rows" of a list with errors is no row.
        var from =
            form.All == "yes"
                ? ListState.Read(Registration, QueryHelpers.ParseQuery(Request.Form["from"]))
                : ListOf(Request.Form["from"]);
        (Action, List) = (found, from.ToString());
        (Keys, All) = ([.. (form.Key ?? []).Distinct(StringComparer.Ordinal)], form.All == "yes");
        var selection = new RowSelection(Keys, All ? from : null);
        if (selection.All is { Errors: [var wrong, ..] })
            return await AskAsync(selection, wrong, cancellationToken);
        var inputs = Action.Inputs.ToDictionary(
            input => input.Name,
            input => Request.Form[input.Name].ToString().Trim(),
            StringComparer.Ordinal
        );
        if (!isSure)
            return await AskAsync(selection, null, cancellationToken);
        if (inputs.Values.Any(text => text.Length is 0 or > 1000 || !TypedText.IsStorable(text)))
            return await AskAsync(selection, "Fill in all fields.", cancellationToken);
        var (rows, error) = await Rows.RunAsync(Action, selection, inputs);
        if (error is not null)
            return await AskAsync(selection, error, cancellationToken);
        return Back($"done=done&count={rows}", from);
    }

    async Task<IActionResult> AskAsync(RowSelection selection, string? error, CancellationToken cancellationToken)
    {
        Error = error;
        using var deadline = new QueryDeadline(
            AdminRequest.Db,
            options.Value.ListTimeout,
            AdminRequest.Clock,
            cancellationToken
        );
        if (
            await deadline.RunAsync(
                token => Rows.PreviewAsync(Action, selection, token),
                selection.All is { } list && Rows.Combines(list)
            )
            is not
            (true, { } targets)
        )
        {
            Error = "Finding these rows took too long: change the filters, or select single rows.";
            return Again(StatusCodes.Status503ServiceUnavailable);
        }
        ActionTargets = targets;
        if (ActionTargets.Count == 0)
            Error ??=
                !All && Keys.Count == 0
                    ? "Select rows first."
                    : Action.Nothing(mayBeOtherwise: All || ActionTargets.Others > 0);
        return error is null ? Page() : Again();
    }
}

/// <summary>The posted form of an action.</summary>
public sealed class ActionForm
{
    /// <summary>The action's name.</summary>
    public string? Action { get; init; }

    /// <summary>The keys of the selected rows; null if none is selected.</summary>
    public IReadOnlyList<string>? Key { get; init; }

    /// <summary><c>yes</c> if all rows of the list are selected.</summary>
    public string? All { get; init; }

    /// <summary><c>yes</c> if the user has confirmed the action.</summary>
    public string? Sure { get; init; }
}
