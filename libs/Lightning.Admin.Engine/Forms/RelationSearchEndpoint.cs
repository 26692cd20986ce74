using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Forms;

/// <summary>Returns the rows that match the search text of a picker, while the user types.</summary>
static class RelationSearchEndpoint
{
    public static void MapRelationSearch(this IEndpointRouteBuilder app) => app.MapGet("/{list}/-/pick", PickAsync);

    static async Task<IResult> PickAsync(
        string list,
        string? q,
        AdminRequest request,
        IOptions<AdminOptions> options,
        CancellationToken cancellationToken
    )
    {
        if (request.Site.Find(list) is not { } registration || !request.IsPossible(registration, Verb.Read))
            return Results.NotFound();
        if (SearchWords.Validate(q ?? "") is not null)
            return Results.BadRequest();
        var rows = RowLookup.Create(registration, request);
        using var deadline = new QueryDeadline(request.Db, options.Value.ListTimeout, request.Clock, cancellationToken);
        var (inTime, found) = await deadline.RunAsync(
            token => rows.PickAsync(q ?? "", RowLookup.MaxPicked, token),
            isNarrowed: false
        );
        return Results.Json(
            new
            {
                rows = found ?? [],
                leftOut = string.Join(' ', inTime ? rows.SearchWarnings : [QueryDeadline.TimedOut]),
            }
        );
    }
}
