using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Forms;

/// <summary>Rows to pick, as one types: those that a search finds, among those that one may read; and what it has not looked for.</summary>
static class PickEndpoint
{
    public static void MapPickers(this IEndpointRouteBuilder app) => app.MapGet("/{list}/-/pick", PickAsync);

    static async Task<IResult> PickAsync(string list, string? q, AdminRequest request, IOptions<AdminOptions> options, CancellationToken cancellationToken)
    {
        if (request.Site.Find(list)?.Open(request) is not { } rows || !rows.IsPossible(Verb.Read)) return Results.NotFound();
        if (SearchWords.Fault(q ?? "") is not null) return Results.BadRequest();
        using var patience = new Patience(request.Db, options.Value.ListTimeout, request.Clock, cancellationToken);
        var (inTime, found) = await patience.AskAsync(token => rows.PickAsync(q ?? "", Pickers.Most, token), isNarrowed: false);
        return Results.Json(new { rows = found ?? [], leftOut = string.Join(' ', inTime ? rows.LeftOut : [Patience.Over]) });
    }
}
