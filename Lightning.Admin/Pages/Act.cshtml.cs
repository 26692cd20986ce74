using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Pages;

/// <summary>Does something to rows, after a question that says to which.</summary>
public sealed class ActModel(AdminRequest request, IOptions<AdminOptions> options) : AdminPage(request)
{
    /// <summary>What is done.</summary>
    public RowAction Action { get; private set; } = null!;

    /// <summary>The rows.</summary>
    public IReadOnlyList<string> Keys { get; private set; } = [];

    /// <summary>Whether it is done to all rows of the list.</summary>
    public bool All { get; private set; }

    /// <summary>The list, as its address says it.</summary>
    public string List { get; private set; } = "";

    /// <summary>To which rows.</summary>
    public Concerned Concerned { get; private set; } = new(0, 0, []);

    /// <summary>How many of the chosen are left out, because the policy does not allow it.</summary>
    public int LeftOut => All ? 0 : Keys.Count - Concerned.Count - Concerned.Others;

    /// <summary>What is asked first.</summary>
    public string Question => Action.Question.Length > 0 ? Action.Question.Replace("{count}", new CappedCount(Concerned.Count).ToString()) : $"{Action.Title}: {new CappedCount(Concerned.Count)} rows?";

    /// <summary>What is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>Nothing is done by an address.</summary>
    public IActionResult OnGet([FromRoute] string list) => Opens(list) ? Redirect($"/{Registration.Slug}") : NotFound();

    /// <summary>Asks, or does it.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, [FromForm] string action, [FromForm] string[] key, [FromForm] string? all, [FromForm] string? sure, CancellationToken cancellationToken)
    {
        if (!Opens(list) || Registration.Actions.FirstOrDefault(known => known.Name == action) is not { } found) return NotFound();
        // All rows of a list that is not understood are none.
        var from = all == "yes" ? ListState.Read(Registration, QueryHelpers.ParseQuery(Request.Form["from"])) : ListOf(Request.Form["from"]);
        (Action, Keys, All, List) = (found, [.. key.Distinct(StringComparer.Ordinal)], all == "yes", from.ToString());
        var chosen = new Chosen(Keys, All ? from : null);
        if (chosen.All is { Faults: [var wrong, ..] }) return await AskAsync(chosen, wrong, cancellationToken);
        var inputs = Action.Inputs.ToDictionary(input => input.Name, input => Request.Form[input.Name].ToString().Trim(), StringComparer.Ordinal);
        if (sure != "yes") return await AskAsync(chosen, null, cancellationToken);
        if (inputs.Values.Any(text => text.Length is 0 or > 1000 || !Values.TypedText.IsStorable(text))) return await AskAsync(chosen, "Fill everything in.", cancellationToken);
        var (rows, fault) = await Rows.RunAsync(Action, chosen, inputs);
        if (fault is not null) return await AskAsync(chosen, fault, cancellationToken);
        return Back($"done=done&count={rows}", from);
    }

    async Task<IActionResult> AskAsync(Chosen chosen, string? fault, CancellationToken cancellationToken)
    {
        Fault = fault;
        using var patience = new Patience(Asked.Db, options.Value.ListTimeout, Asked.Clock, cancellationToken);
        if (await patience.AskAsync(token => Rows.AskAsync(Action, chosen, token), chosen.All is { } list && Rows.Combines(list)) is not (true, { } concerned))
        {
            Fault = "To find these rows took too long: narrow the list otherwise, or select rows of it.";
            return Again(StatusCodes.Status503ServiceUnavailable);
        }
        Concerned = concerned;
        if (Concerned.Count == 0) Fault ??= !All && Keys.Count == 0 ? "Select rows first." : Action.Nothing(mayBeOtherwise: All || Concerned.Others > 0);
        return fault is null ? Page() : Again();
    }
}
