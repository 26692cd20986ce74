using Lightning.Admin.Engine.Actions;
using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Pages;

/// <summary>Runs an action on selected rows after a confirmation.</summary>
[KeepsForm]
public sealed class RunActionModel(AdminRequest request, IFormDrafts drafts, IOptions<AdminOptions> options)
    : AdminPage(request)
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

    /// <summary>The form that was posted before the user signed in again; null if there is none.</summary>
    public FormDraft? Draft { get; private set; }

    /// <summary>What the user entered for an input of the action; empty for nothing.</summary>
    public string Entered(string name) => Form[name].ToString();

    /// <summary>The posted values, or those of <see cref="Draft"/>.</summary>
    IFormCollection Form { get; set; } = FormCollection.Empty;

    /// <summary>An action needs a POST. Asks again if the user had to sign in meanwhile.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        if (!TryOpen(list))
            return NotFound();
        Draft = await drafts.FindAsync(HttpContext, cancellationToken);
        return Draft is { IsKept: true }
            ? await RunAsync(new FormCollection(Draft.Fields.ToDictionary()), isSure: false, cancellationToken)
            : Redirect($"/{Registration.Slug}");
    }

    /// <summary>Asks for confirmation, or runs the action.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, CancellationToken cancellationToken) =>
        TryOpen(list) ? await RunAsync(Request.Form, Request.Form["sure"] == "yes", cancellationToken) : NotFound();

    /// <summary>Asks (again) for confirmation if the antiforgery token is no longer valid.</summary>
    public async Task<IActionResult> OnPostStaleAsync([FromRoute] string list, CancellationToken cancellationToken) =>
        TryOpen(list) ? await RunAsync(Request.Form, isSure: false, cancellationToken) : NotFound();

    async Task<IActionResult> RunAsync(IFormCollection posted, bool isSure, CancellationToken cancellationToken)
    {
        Form = posted;
        if (Registration.Actions.FirstOrDefault(known => known.Name == posted["action"]) is not { } found)
            return NotFound();
        // "All rows" of a list with errors is no row.
        var from =
            posted["all"] == "yes"
                ? ListState.Read(Registration, QueryHelpers.ParseQuery(posted["from"]))
                : ListOf(posted["from"]);
        (Action, List) = (found, from.ToString());
        (Keys, All) = ([.. posted["key"].OfType<string>().Distinct(StringComparer.Ordinal)], posted["all"] == "yes");
        var selection = new RowSelection(Keys, All ? from : null);
        if (selection.All is { Errors: [var wrong, ..] })
            return await AskAsync(selection, wrong, cancellationToken);
        var inputs = Action.Inputs.ToDictionary(
            input => input.Name,
            input => posted[input.Name].ToString().Trim(),
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
