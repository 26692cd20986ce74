using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>Which notes to list. What a caller may not read they may not filter, sort or search by either.</summary>
public sealed record NoteListQuery : IValidatableObject
{
    /// <summary>How many where the caller does not say.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>How many.</summary>
    [Range(1, 100, ErrorMessage = "Between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    public int? Limit { get; init; }

    /// <summary>Where to go on.</summary>
    [Description("The `next` of the page before, in the same order.")]
    public string? After { get; init; }

    /// <summary>In which order.</summary>
    [Description("`updatedAt`, `createdAt` or `title`; with `-` before it, the other way round.")]
    [DefaultValue("-updatedAt")]
    public string? Sort { get; init; }

    /// <summary>Words to look for.</summary>
    [StringLength(200, ErrorMessage = "At most {1} characters.")]
    [Storable]
    [Description("Words that title or text must hold; `\"as a phrase\"`, `or`, and `-without` are understood.")]
    public string? Q { get; init; }

    /// <summary>Those put away, or those at hand.</summary>
    [Description("Only those put away. Without it, or with false, only those that are not.")]
    [DefaultValue(false)]
    public bool? Archived { get; init; }

    /// <summary>Those pinned, or those not.</summary>
    [Description("Only those pinned, or only those not.")]
    public bool? Pinned { get; init; }

    /// <summary>Those of others, or one's own.</summary>
    [Description("Only those that others share with the caller, or only the caller's own.")]
    public bool? Shared { get; init; }

    /// <summary>The order.</summary>
    internal NoteOrder Order => NoteOrder.Find(Sort)!;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var policy = (NotePolicy)validationContext.GetService(typeof(NotePolicy))!;
        var order = NoteOrder.Find(Sort);
        if (order is null || !policy.Reaches(Verb.Read, order.Field)) yield return new("No order of this list.", [nameof(Sort)]);
        if (!string.IsNullOrEmpty(After) && NotePlace.Read(After)?.Order is var place && (place is null || (order is not null && place != order.Name)))
            yield return new("Not a place that an earlier page named in this order.", [nameof(After)]);
        if (Q is not null && !(policy.Reaches(Verb.Read, nameof(Note.Title)) && policy.Reaches(Verb.Read, nameof(Note.Body)))) yield return new("Not to be searched.", [nameof(Q)]);
        if (Archived is not null && !policy.Reaches(Verb.Read, nameof(Note.ArchivedAt))) yield return new("Not to be asked for.", [nameof(Archived)]);
        if (Pinned is not null && !policy.Reaches(Verb.Read, nameof(Note.PinnedAt))) yield return new("Not to be asked for.", [nameof(Pinned)]);
        if (Shared is not null && !policy.Reaches(Verb.Read, nameof(Note.OwnerId))) yield return new("Not to be asked for.", [nameof(Shared)]);
    }

    /// <summary>What a query's form depends on, where nothing else does but who asks: the lists that most requests ask for.</summary>
    internal sealed record Form(NoteOrder Order, bool Archived, bool? Pinned, bool? Shared);

    /// <summary>The form; null where somebody goes on, searches, or wants another number of notes.</summary>
    internal Form? Common => After is null && string.IsNullOrWhiteSpace(Q) && Limit is null or DefaultLimit ? new(Order, Archived is true, Pinned, Shared) : null;

    /// <summary>The first of them, and one more where there are more.</summary>
    internal IQueryable<Note> First(LightningDb db, NotePolicy policy, Actor actor, int limit)
    {
        var (order, place) = (Order, NotePlace.Read(After));
        var rows = db.Notes.AsNoTracking();
        rows = Archived is true ? rows.Where(note => note.ArchivedAt != null) : rows.Where(note => note.ArchivedAt == null);
        if (Pinned is { } pinned) rows = rows.Where(note => note.PinnedAt != null == pinned);
        if (Shared is { } shared) rows = shared ? rows.Where(note => note.OwnerId != actor.UserId) : rows.Where(note => note.OwnerId == actor.UserId);
        if (!string.IsNullOrWhiteSpace(Q))
        {
            var found = db.FindNotes(Q);
            rows = rows.Where(note => found.Contains(note.Id));
        }
        var without = Shared switch { true => NotePolicy.Owner, false => NotePolicy.Shared, null => null };
        return rows.First(policy, actor, Verb.Read, part => order.First(part, place, limit + 1), without);
    }
}
