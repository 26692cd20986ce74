using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Lightning.Data.Notes;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>A sort order for keyset pagination. Each has an index and ends with the key.</summary>
/// <param name="Name">The value of <c>sort</c>.</param>
/// <param name="Field">The property to sort by.</param>
/// <param name="Descends">Whether the order is descending.</param>
sealed record NoteOrder(string Name, string Field, bool Descends)
{
    /// <summary>All sort orders. The first is the default.</summary>
    public static readonly IReadOnlyList<NoteOrder> All =
    [
        new("-updatedAt", nameof(Note.UpdatedAt), true),
        new("updatedAt", nameof(Note.UpdatedAt), false),
        new("-createdAt", nameof(Note.CreatedAt), true),
        new("createdAt", nameof(Note.CreatedAt), false),
        new("title", nameof(Note.Title), false),
        new("-title", nameof(Note.Title), true),
    ];

    public static NoteOrder? Find(string? name) =>
        name is null ? All[0] : All.FirstOrDefault(order => order.Name == name);

    /// <summary>The first notes after a cursor; from the start if it is null.</summary>
    public IQueryable<Note> Page(IQueryable<Note> notes, NoteCursor? after, int count) =>
        (Field, Descends) switch
        {
            (nameof(Note.Title), false) => After(notes, after)
                .OrderBy(note => note.Title)
                .ThenBy(note => note.Id)
                .Take(count),
            (nameof(Note.Title), true) => After(notes, after)
                .OrderByDescending(note => note.Title)
                .ThenByDescending(note => note.Id)
                .Take(count),
            (nameof(Note.CreatedAt), false) => After(notes, after)
                .OrderBy(note => note.CreatedAt)
                .ThenBy(note => note.Id)
                .Take(count),
            (nameof(Note.CreatedAt), true) => After(notes, after)
                .OrderByDescending(note => note.CreatedAt)
                .ThenByDescending(note => note.Id)
                .Take(count),
            (_, false) => After(notes, after).OrderBy(note => note.UpdatedAt).ThenBy(note => note.Id).Take(count),
            _ => After(notes, after)
                .OrderByDescending(note => note.UpdatedAt)
                .ThenByDescending(note => note.Id)
                .Take(count),
        };

    IQueryable<Note> After(IQueryable<Note> notes, NoteCursor? after)
    {
        if (after is null)
            return notes;
        var (_, title, time, id) = after;
        return (Field, Descends) switch
        {
            (nameof(Note.Title), false) => notes.Where(note =>
                EF.Functions.GreaterThan(ValueTuple.Create(note.Title, note.Id), ValueTuple.Create(title, id))
            ),
            (nameof(Note.Title), true) => notes.Where(note =>
                EF.Functions.LessThan(ValueTuple.Create(note.Title, note.Id), ValueTuple.Create(title, id))
            ),
            (nameof(Note.CreatedAt), false) => notes.Where(note =>
                EF.Functions.GreaterThan(ValueTuple.Create(note.CreatedAt, note.Id), ValueTuple.Create(time, id))
            ),
            (nameof(Note.CreatedAt), true) => notes.Where(note =>
                EF.Functions.LessThan(ValueTuple.Create(note.CreatedAt, note.Id), ValueTuple.Create(time, id))
            ),
            (_, false) => notes.Where(note =>
                EF.Functions.GreaterThan(ValueTuple.Create(note.UpdatedAt, note.Id), ValueTuple.Create(time, id))
            ),
            _ => notes.Where(note =>
                EF.Functions.LessThan(ValueTuple.Create(note.UpdatedAt, note.Id), ValueTuple.Create(time, id))
            ),
        };
    }

    /// <summary>The cursor that points to a note.</summary>
    public NoteCursor CursorOf(Note note) =>
        Field switch
        {
            nameof(Note.Title) => new(Name, note.Title, default, note.Id),
            nameof(Note.CreatedAt) => new(Name, "", note.CreatedAt, note.Id),
            _ => new(Name, "", note.UpdatedAt, note.Id),
        };
}

/// <summary>
/// A cursor for keyset pagination: the sort order, the sort value of the last note of a page, and its key.
/// </summary>
sealed record NoteCursor(string Order, string Title, DateTimeOffset Time, Guid Id)
{
    const int MaxLength = 2000;
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public override string ToString() =>
        Base64Url.EncodeToString(
            Utf8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Order}.{Time.UtcTicks}.{Id:N}.{Title}"))
        );

    /// <summary>Parses a cursor; null if the text is not one.</summary>
    public static NoteCursor? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        string plain;
        try
        {
            plain = Utf8.GetString(Base64Url.DecodeFromChars(text));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
        var parts = plain.Split('.', 4);
        return
            parts.Length == 4
            && NoteOrder.All.Any(order => order.Name == parts[0])
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(parts[2], "N", out var id)
            && parts[3].Length <= Note.TitleLength
            && new StorableAttribute().IsValid(parts[3])
            ? new NoteCursor(parts[0], parts[3], new DateTimeOffset(ticks, TimeSpan.Zero), id)
            : null;
    }
}
