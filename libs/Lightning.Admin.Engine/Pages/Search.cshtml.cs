using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Pages;

/// <summary>Searches all searchable registrations.</summary>
public sealed class SearchModel(AdminRequest request, IOptions<AdminOptions> options) : PageModel
{
    const int Most = 5;

    /// <summary>The search.</summary>
    public string Query { get; private set; } = "";

    /// <summary>The matches and warnings, by registration.</summary>
    public IReadOnlyList<(
        Registration Registration,
        IReadOnlyList<Choice> Rows,
        IReadOnlyList<string> SearchWarnings
    )> Found { get; private set; } = [];

    /// <summary>The error; null if there is none.</summary>
    public string? Error { get; private set; }

    /// <summary>Shows the matches.</summary>
    public async Task<IActionResult> OnGetAsync(string? q, CancellationToken cancellationToken)
    {
        Query = q?.Trim() ?? "";
        Error = SearchWords.Validate(Query);
        if (Error is not null)
        {
            Response.StatusCode = StatusCodes.Status400BadRequest;
            return Page();
        }
        using var deadline = new QueryDeadline(request.Db, options.Value.ListTimeout, request.Clock, cancellationToken);
        var found = new List<(Registration, IReadOnlyList<Choice>, IReadOnlyList<string>)>();
        if (Query.Length > 0)
            foreach (
                var registration in request
                    .Site.VisibleTo(request.Actor)
                    .Where(registration => registration.IsSearchable)
            )
            {
                var rows = RowLookup.Create(registration, request);
                var (inTime, picked) = await deadline.RunAsync(
                    token => rows.PickAsync(Query, Most, token),
                    isNarrowed: false
                );
                var warnings = inTime ? rows.SearchWarnings : [QueryDeadline.TimedOut];
                if (picked is { Count: > 0 } || warnings.Count > 0)
                    found.Add((registration, picked ?? [], warnings));
            }
        Found = found;
        return Page();
    }
}
