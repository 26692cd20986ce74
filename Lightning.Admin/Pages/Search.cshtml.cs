using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>Looks through everything that can be searched.</summary>
public sealed class SearchModel(AdminRequest request) : PageModel
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
        var found = new List<(Registration, IReadOnlyList<Choice>, IReadOnlyList<string>)>();
        if (Sought.Length > 0)
            foreach (var registration in request.Site.VisibleTo(request.Actor).Where(registration => registration.IsSearchable))
            {
                var rows = registration.Open(request);
                var picked = await rows.PickAsync(Sought, Most, cancellationToken);
                if (picked.Count > 0 || rows.LeftOut.Count > 0) found.Add((registration, picked, rows.LeftOut));
            }
        Found = found;
        return Page();
    }
}
