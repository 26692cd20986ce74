using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;

namespace Lightning.Admin.Forms;

/// <summary>Rows to pick, as one types: those that a search finds, among those that one may read; and what it has not looked for.</summary>
static class PickEndpoint
{
    public static void MapPickers(this IEndpointRouteBuilder app) => app.MapGet("/{list}/-/pick", PickAsync);

    static async Task<IResult> PickAsync(string list, string? q, AdminRequest request, CancellationToken cancellationToken)
    {
        if (request.Site.Find(list)?.Open(request) is not { } rows || !rows.IsPossible(Verb.Read)) return Results.NotFound();
        if (SearchWords.Fault(q ?? "") is not null) return Results.BadRequest();
        return Results.Json(new { rows = await rows.PickAsync(q ?? "", Pickers.Most, cancellationToken), leftOut = string.Join(' ', rows.LeftOut) });
    }
}
