using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Pages;

/// <summary>Looks through everything that can be searched.</summary>
public sealed class SearchModel(AdminRequest request, IOptions<AdminOptions> options) : PageModel
{
    const int Most = 5;

    /// <summary>What is looked for.</summary>
    public string Sought { get; private set; } = "";

    /// <summary>What was found, by registration.</summary>
    public IReadOnlyList<(Registration Registration, IReadOnlyList<Choice> Rows, IReadOnlyList<string> LeftOut)> Found { get; private set; } = [];

    /// <summary>What is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>Looks.</summary>
    public async Task<IActionResult> OnGetAsync(string? q, CancellationToken cancellationToken)
    {
        Sought = q?.Trim() ?? "";
        Fault = SearchWords.Fault(Sought);
        if (Fault is not null)
        {
            Response.StatusCode = StatusCodes.Status400BadRequest;
            return Page();
        }
        using var patience = new Patience(request.Db, options.Value.ListTimeout, request.Clock, cancellationToken);
        var found = new List<(Registration, IReadOnlyList<Choice>, IReadOnlyList<string>)>();
        if (Sought.Length > 0)
            foreach (var registration in request.Site.VisibleTo(request.Actor).Where(registration => registration.IsSearchable))
            {
                var rows = registration.Open(request);
                var (inTime, picked) = await patience.AskAsync(token => rows.PickAsync(Sought, Most, token), isNarrowed: false);
                var leftOut = inTime ? rows.LeftOut : [Patience.Over];
                if (picked is { Count: > 0 } || leftOut.Count > 0) found.Add((registration, picked ?? [], leftOut));
            }
        Found = found;
        return Page();
    }
}
