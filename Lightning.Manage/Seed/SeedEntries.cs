using System.Text.Json;

namespace Lightning.Manage.Seed;

/// <summary>An audit entry.</summary>
/// <param name="At">When it happened (UTC).</param>
/// <param name="Action">The action.</param>
/// <param name="Service">The database role that wrote it.</param>
/// <param name="User">The user's id.</param>
sealed record SeedEntry(DateTimeOffset At, string Action, string Service, Guid User)
{
    /// <summary>The session's id.</summary>
    public Guid? Session { get; init; }

    /// <summary>The id of the note.</summary>
    public Guid? Note { get; init; }

    /// <summary>The details as JSON.</summary>
    public string? Details { get; init; }
}

/// <summary>
/// The audit entries of the last <see cref="Days"/> days, in order of time, computed without keeping them. They fit the
/// other rows: a note was created when its entry says so, was last edited by its last entry, and no entry is about a
/// note that does not exist yet. A session of the table was signed in to when it began.
/// </summary>
sealed class SeedEntries(SeedRows rows)
{
    /// <summary>How far back the entries go.</summary>
    const int Days = 90;

    const string Identity = "lightning_identity";
    const string Api = "lightning_api";

    /// <summary>The actions of each hundred entries, by the last number that has it.</summary>
    const int SignIns = 10,
        SignOuts = 12,
        Failures = 15,
        Edits = 37,
        Deletions = 39;

    /// <summary>The first note that was created within these days; older ones have been edited since.</summary>
    int FirstNew { get; } = FindFirst(rows);

    /// <summary>The number of entries whose time no other row determines.</summary>
    int Others { get; } =
        rows.Size.Entries
        - (rows.Size.Notes - FindFirst(rows))
        - rows.Size.Sessions
        - Enumerable.Range(0, rows.Size.Sessions).Count(SeedRows.HasEnded);

    /// <summary>All entries, the oldest first.</summary>
    public IEnumerable<SeedEntry> All()
    {
        IEnumerable<SeedEntry>[] all = [Made(), SignedIn(), SignedOut(), Rest()];
        var sources = all.Select(source => source.GetEnumerator()).Where(source => source.MoveNext()).ToList();
        while (sources.Count > 0)
        {
            var first = sources.MinBy(source => source.Current.At)!;
            yield return first.Current;
            if (first.MoveNext())
                continue;
            first.Dispose();
            sources.Remove(first);
        }
    }

    /// <summary>When a note was last edited.</summary>
    public DateTimeOffset UpdatedAt(int note) =>
        EditsOf(note) is > 0 and var edits
            ? OtherAt(EntryOfEdit((edits - 1) * FirstNew + SlotOf(note)))
            : rows.NoteAt(note);

    IEnumerable<SeedEntry> Made() =>
        Enumerable
            .Range(FirstNew, rows.Size.Notes - FirstNew)
            .Select(note => new SeedEntry(rows.NoteAt(note), "note.created", Api, rows.PersonId(rows.OwnerOf(note)))
            {
                Note = rows.NoteId(note),
            });

    IEnumerable<SeedEntry> SignedIn() =>
        Enumerable
            .Range(0, rows.Size.Sessions)
            .Select(session => new SeedEntry(
                rows.SessionAt(session),
                "signed-in",
                Identity,
                rows.PersonId(rows.UserOf(session))
            )
            {
                Session = rows.SessionId(session),
            });

    IEnumerable<SeedEntry> SignedOut() =>
        Enumerable
            .Range(0, rows.Size.Sessions)
            .Where(SeedRows.HasEnded)
            .Select(session => new SeedEntry(
                rows.LastSeenAt(session),
                "signed-out",
                Identity,
                rows.PersonId(rows.UserOf(session))
            )
            {
                Session = rows.SessionId(session),
            });

    IEnumerable<SeedEntry> Rest() => Enumerable.Range(0, Others).Select(Other);

    SeedEntry Other(int entry)
    {
        var at = OtherAt(entry);
        // The sessions of the last days are in the table, and have entries of their own.
        var isOld = at < rows.SessionAt(0);
        return (entry % 100) switch
        {
            < SignIns when isOld => new(at, "signed-in", Identity, Person(entry)),
            // Those who signed in at the beginning of the same hundred.
            < SignOuts and >= SignIns when isOld => new(at, "signed-out", Identity, Person(entry - SignIns)),
            < Failures and >= SignOuts => new(at, "sign-in-failed", Identity, Person(entry)),
            < Edits and >= Failures when FirstNew > 0 => Edit(at, entry),
            < Deletions and >= Edits => new(at, "note.deleted", Api, Person(entry))
            {
                Note = SeedRows.Key(5, entry, at.AddDays(-1)),
            },
            _ => new(at, "refreshed", Identity, Person(entry)),
        };
    }

    SeedEntry Edit(DateTimeOffset at, int entry)
    {
        var edit = entry / 100 * (Edits - Failures) + (entry % 100 - Failures);
        var note = NoteOf(edit % FirstNew);
        var (number, edits) = (edit / FirstNew, EditsOf(note));
        var title = new { from = Title(note, number, edits), to = Title(note, number + 1, edits) };
        return new(at, "note.updated", Api, rows.PersonId(rows.OwnerOf(note)))
        {
            Note = rows.NoteId(note),
            Details = JsonSerializer.Serialize(new { title }),
        };
    }

    /// <summary>The title before an edit; after the last it is the note's.</summary>
    static string Title(int note, int edit, int edits) =>
        edit == edits ? SeedRows.Title(note) : $"Draft {edit + 1}: {SeedRows.Word(note, 10 + edit)}";

    DateTimeOffset OtherAt(int entry) => rows.Now.AddDays(-Days) + TimeSpan.FromDays(Days) * ((double)entry / Others);

    /// <summary>The number of edits of a note.</summary>
    int EditsOf(int note) => note >= FirstNew ? 0 : AllEdits / FirstNew + (SlotOf(note) < AllEdits % FirstNew ? 1 : 0);

    int AllEdits => Others / 100 * (Edits - Failures) + Math.Clamp(Others % 100 - Failures, 0, Edits - Failures);

    /// <summary>The entry of an edit, counted from the oldest.</summary>
    static int EntryOfEdit(int edit) => edit / (Edits - Failures) * 100 + Failures + edit % (Edits - Failures);

    /// <summary>Edits go around all old notes, in an order of their own: the slot's note, and its inverse.</summary>
    int NoteOf(int slot) => FirstNew - 1 - slot;

    int SlotOf(int note) => FirstNew - 1 - note;

    Guid Person(int entry) => rows.PersonId((int)(SeedRows.Mix(entry, 8) % (uint)rows.Size.People));

    static int FindFirst(SeedRows rows)
    {
        var (from, to, begin) = (0, rows.Size.Notes, rows.Now.AddDays(-Days));
        while (from < to)
        {
            var middle = (from + to) / 2;
            (from, to) = rows.NoteAt(middle) < begin ? (middle + 1, to) : (from, middle);
        }
        return from;
    }
}
