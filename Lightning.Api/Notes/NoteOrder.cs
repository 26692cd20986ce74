using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Lightning.Data.Notes;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>An order of notes in which every page costs the same: each has an index, and ends in the key.</summary>
sealed record NoteOrder(string Name, string Field, bool Descends)
{
    /// <summary>The orders, newest change first before all others.</summary>
    public static readonly IReadOnlyList<NoteOrder> All =
    [
        new("-updatedAt", nameof(Note.UpdatedAt), true), new("updatedAt", nameof(Note.UpdatedAt), false),
        new("-createdAt", nameof(Note.CreatedAt), true), new("createdAt", nameof(Note.CreatedAt), false),
        new("title", nameof(Note.Title), false), new("-title", nameof(Note.Title), true),
    ];

    public static NoteOrder? Find(string? name) => name is null ? All[0] : All.FirstOrDefault(order => order.Name == name);

    /// <summary>The first notes after a place.</summary>
    public IQueryable<Note> First(IQueryable<Note> notes, NotePlace? after, int count) => (Field, Descends) switch
    {
        (nameof(Note.Title), false) => After(notes, after).OrderBy(note => note.Title).ThenBy(note => note.Id).Take(count),
        (nameof(Note.Title), true) => After(notes, after).OrderByDescending(note => note.Title).ThenByDescending(note => note.Id).Take(count),
        (nameof(Note.CreatedAt), false) => After(notes, after).OrderBy(note => note.CreatedAt).ThenBy(note => note.Id).Take(count),
        (nameof(Note.CreatedAt), true) => After(notes, after).OrderByDescending(note => note.CreatedAt).ThenByDescending(note => note.Id).Take(count),
        (_, false) => After(notes, after).OrderBy(note => note.UpdatedAt).ThenBy(note => note.Id).Take(count),
        _ => After(notes, after).OrderByDescending(note => note.UpdatedAt).ThenByDescending(note => note.Id).Take(count),
    };

    IQueryable<Note> After(IQueryable<Note> notes, NotePlace? after)
    {
        if (after is null) return notes;
        var (title, time, id) = (after.Title, after.Time, after.Id);
        return (Field, Descends) switch
        {
            (nameof(Note.Title), false) => notes.Where(note => EF.Functions.GreaterThan(ValueTuple.Create(note.Title, note.Id), ValueTuple.Create(title, id))),
            (nameof(Note.Title), true) => notes.Where(note => EF.Functions.LessThan(ValueTuple.Create(note.Title, note.Id), ValueTuple.Create(title, id))),
            (nameof(Note.CreatedAt), false) => notes.Where(note => EF.Functions.GreaterThan(ValueTuple.Create(note.CreatedAt, note.Id), ValueTuple.Create(time, id))),
            (nameof(Note.CreatedAt), true) => notes.Where(note => EF.Functions.LessThan(ValueTuple.Create(note.CreatedAt, note.Id), ValueTuple.Create(time, id))),
            (_, false) => notes.Where(note => EF.Functions.GreaterThan(ValueTuple.Create(note.UpdatedAt, note.Id), ValueTuple.Create(time, id))),
            _ => notes.Where(note => EF.Functions.LessThan(ValueTuple.Create(note.UpdatedAt, note.Id), ValueTuple.Create(time, id))),
        };
    }

    /// <summary>Where a note stands.</summary>
    public NotePlace PlaceOf(Note note) => Field switch
    {
        nameof(Note.Title) => new(Name, note.Title, default, note.Id),
        nameof(Note.CreatedAt) => new(Name, "", note.CreatedAt, note.Id),
        _ => new(Name, "", note.UpdatedAt, note.Id),
    };
}

/// <summary>A place in an order of notes that stays the same whatever is added: what the last one seen was sorted by, and its key.</summary>
sealed record NotePlace(string Order, string Title, DateTimeOffset Time, Guid Id)
{
    const int Longest = 2000;
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public override string ToString() =>
        Base64Url.EncodeToString(Utf8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Order}.{Time.UtcTicks}.{Id:N}.{Title}")));

    /// <summary>The place that a text names, or null where it names none.</summary>
    public static NotePlace? Read(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > Longest || !Base64Url.IsValid(text)) return null;
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
        return parts.Length == 4 && NoteOrder.All.Any(order => order.Name == parts[0])
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(parts[2], "N", out var id) && parts[3].Length <= Note.TitleLength && new StorableAttribute().IsValid(parts[3])
            ? new NotePlace(parts[0], parts[3], new DateTimeOffset(ticks, TimeSpan.Zero), id) : null;
    }
}
