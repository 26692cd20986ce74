using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Notes;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>
/// The query parameters of the note list. Fields that the policy does not allow to read cannot be used to filter, sort
/// or search.
/// </summary>
public sealed record NoteListQuery : IValidatableObject
{
    /// <summary>The default page size.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>The page size.</summary>
    [Range(1, 100, ErrorMessage = "Must be between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    [Description("The number of notes per page.")]
    public int? Limit { get; init; }

    /// <summary>The cursor of the page.</summary>
    [Description("The cursor of the page: `next` of the previous page, with the same `sort`.")]
    public string? After { get; init; }

    /// <summary>The sort order.</summary>
    [Description("The sort order: `updatedAt`, `createdAt` or `title`. A leading `-` sorts in descending order.")]
    [DefaultValue("-updatedAt")]
    public string? Sort { get; init; }

    /// <summary>The search query.</summary>
    [StringLength(200, ErrorMessage = "Must be at most {1} characters.")]
    [Storable]
    [Description(
        "Returns notes whose title or text has words that begin with those of the query, without regard to case and "
            + "accents. Supports `\"exact phrases\"`, `or` and `-excluded` words."
    )]
    public string? Q { get; init; }

    /// <summary>Whether to list archived notes.</summary>
    [Description("True returns only archived notes, false only notes that are not archived.")]
    [DefaultValue(false)]
    public bool? Archived { get; init; }

    /// <summary>Whether to list pinned notes; null lists both.</summary>
    [Description("True returns only pinned notes, false only notes that are not pinned.")]
    public bool? Pinned { get; init; }

    /// <summary>Whether to list notes that are shared with the caller; null lists both.</summary>
    [Description("True returns only notes that are shared with you, false only your own.")]
    public bool? Shared { get; init; }

    /// <summary>The organization to list; null lists personal notes.</summary>
    [Description("The id of an organization, to list its notes; else your own and those shared with you.")]
    public Guid? Organization { get; init; }

    /// <summary>The parsed <see cref="Sort"/>.</summary>
    internal NoteOrder Order => NoteOrder.Find(Sort)!;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var policy = (NotePolicy)validationContext.GetService(typeof(NotePolicy))!;
        var order = NoteOrder.Find(Sort);
        if (order is null || !policy.Reaches(Verb.Read, order.Field))
            yield return new("Unknown sort order.", [nameof(Sort)]);
        if (
            !string.IsNullOrEmpty(After)
            && NoteCursor.Parse(After)?.Order is var cursorOrder
            && (cursorOrder is null || (order is not null && cursorOrder != order.Name))
        )
            yield return new("Not a cursor of a previous page in this order.", [nameof(After)]);
        if (
            Q is not null
            && !(policy.Reaches(Verb.Read, nameof(Note.Title)) && policy.Reaches(Verb.Read, nameof(Note.Body)))
        )
            yield return new("Search is not allowed.", [nameof(Q)]);
        if (Archived is not null && !policy.Reaches(Verb.Read, nameof(Note.ArchivedAt)))
            yield return new("This filter is not allowed.", [nameof(Archived)]);
        if (Pinned is not null && !policy.Reaches(Verb.Read, nameof(Note.PinnedAt)))
            yield return new("This filter is not allowed.", [nameof(Pinned)]);
        if (Shared is not null && !policy.Reaches(Verb.Read, nameof(Note.OwnerId)))
            yield return new("This filter is not allowed.", [nameof(Shared)]);
    }

    /// <summary>
    /// Identifies the compiled query of a first page without search, which most requests ask for. Its only parameters
    /// are the caller and the organization.
    /// </summary>
    internal sealed record QueryKey(NoteOrder Order, bool Archived, bool? Pinned, bool? Shared, bool OfOrganization);

    /// <summary>The key of the compiled query; null with a cursor, a search or another page size.</summary>
    internal QueryKey? CompiledKey =>
        After is null && string.IsNullOrWhiteSpace(Q) && Limit is null or DefaultLimit
            ? new(Order, Archived is true, Pinned, Shared, Organization is not null)
            : null;

    /// <summary>The notes of the page, and one more if there is a next page.</summary>
    /// <param name="db">The database.</param>
    /// <param name="policy">The rules.</param>
    /// <param name="arguments">The actor, and as the key the organization.</param>
    /// <param name="limit">The page size.</param>
    internal IQueryable<Note> Apply(LightningDb db, Policy<Note> policy, QueryArguments arguments, int limit)
    {
        var actor = arguments.Actor;
        var order = Order;
        var cursor = NoteCursor.Parse(After);
        var rows = db.Notes.AsNoTracking();
        rows = Archived is true
            ? rows.Where(note => note.ArchivedAt != null)
            : rows.Where(note => note.ArchivedAt == null);
        if (Pinned is { } pinned)
            rows = rows.Where(note => note.PinnedAt != null == pinned);
        if (Shared is { } shared)
            rows = shared
                ? rows.Where(note => note.OwnerId != actor.UserId)
                : rows.Where(note => note.OwnerId == actor.UserId);
        if (!string.IsNullOrWhiteSpace(Q))
        {
            var found = db.FindNotes(Q, Organization);
            rows = rows.Where(note => found.Contains(note.Id));
        }
        if (Organization is not null)
            return order.Page(
                policy
                    .Alternative(actor, Verb.Read, NotePolicy.Member)
                    .Apply(rows)
                    .Where(note => note.OrganizationId == arguments.Key),
                cursor,
                limit + 1
            );
        ReadOnlySpan<Rule<Note>> without = Shared switch
        {
            true => [NotePolicy.Member, NotePolicy.Owner],
            false => [NotePolicy.Member, NotePolicy.Shared],
            null => [NotePolicy.Member],
        };
        return rows.First(policy.Alternatives(actor, Verb.Read, without), part => order.Page(part, cursor, limit + 1));
    }
}
