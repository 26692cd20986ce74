using System.Buffers.Binary;
using System.Globalization;

namespace Lightning.Manage.Seed;

/// <summary>
/// Generates the rows. A row is computed from its number and the time of seeding alone, so that rows can refer to each
/// other without being kept in memory. A size always gives the same users and texts; keys and times depend on the time.
/// </summary>
sealed class SeedRows(SeedSize size, DateTimeOffset now, string issuer)
{
    static readonly string[] FirstNames =
    [
        "Ada",
        "Bo",
        "Chidi",
        "Dagný",
        "Eszter",
        "Farah",
        "Gülay",
        "Hana",
        "Iñigo",
        "Jun",
        "Kofi",
        "Léa",
        "Mina",
        "Noor",
        "Olu",
        "Priya",
    ];
    static readonly string[] LastNames =
    [
        "Abara",
        "Berg",
        "Conti",
        "Dahl",
        "Eze",
        "Fischer",
        "García",
        "Horváth",
        "Ito",
        "Jones",
        "Kaya",
        "Lind",
        "Mbeki",
        "Novák",
        "O’Neil",
        "Park",
    ];
    static readonly string[] Words =
    [
        "groceries",
        "plan",
        "meeting",
        "idea",
        "garden",
        "letter",
        "trip",
        "recipe",
        "budget",
        "draft",
        "question",
        "repair",
        "music",
        "library",
        "winter",
        "train",
        "harbour",
        "bicycle",
        "doctor",
        "school",
    ];

    /// <summary>Titles that test escaping in display, search and export.</summary>
    static readonly string[] Hostile =
    [
        "%_\\",
        "<script>alert(1)</script>",
        "=1+1",
        "ſtitle İı",
        "'; DROP TABLE notes; --",
        "a\"b,c;d",
        "עברית ‮rtl",
        "😀 🏳️‍🌈",
    ];

    public string Issuer => issuer;

    /// <summary>When the database is seeded. Nothing happened later.</summary>
    public DateTimeOffset Now => now;

    public SeedSize Size => size;

    public DateTimeOffset PersonAt(int person) =>
        now.AddDays(-700) + TimeSpan.FromDays(300) * ((double)person / size.People);

    public Guid PersonId(int person) => Key(1, person, PersonAt(person));

    public static string Name(int person) =>
        $"{FirstNames[Mix(person, 1) % (uint)FirstNames.Length]} {LastNames[Mix(person, 2) % (uint)LastNames.Length]}";

    public static string Address(int person) =>
        string.Create(CultureInfo.InvariantCulture, $"person{person:000000}@example.com");

    public DateTimeOffset NoteAt(int note) => now.AddDays(-365) + TimeSpan.FromDays(364) * ((double)note / size.Notes);

    public Guid NoteId(int note) => Key(2, note, NoteAt(note));

    /// <summary>Cubes a uniform distribution: a few users have thousands of notes, most have some.</summary>
    public int OwnerOf(int note)
    {
        var even = Mix(note, 3) / (double)uint.MaxValue;
        return Math.Min((int)(even * even * even * size.People), size.People - 1);
    }

    public static string Title(int note) =>
        note % 997 == 13
            ? Hostile[note / 997 % Hostile.Length]
            : $"{Word(note, 4)} {Word(note, 5)} {note.ToString(CultureInfo.InvariantCulture)}";

    public static string Body(int note) =>
        string.Join(' ', Enumerable.Range(6, 12 + (int)(Mix(note, 6) % 12)).Select(place => Word(note, place)));

    public Guid ShareId(int share) => Key(3, share, NoteAt(NoteOf(share)));

    public int NoteOf(int share) => share % size.Notes;

    /// <summary>Never the owner, and different for each share of a note.</summary>
    public int RecipientOf(int share) => (OwnerOf(NoteOf(share)) + 1 + share / size.Notes * 331) % size.People;

    public DateTimeOffset SessionAt(int session) =>
        now.AddDays(-10) + TimeSpan.FromDays(9) * ((double)session / size.Sessions);

    public int UserOf(int session) => (int)((long)session * 7919 % size.People);

    /// <summary>When a session was last used; every third ended then.</summary>
    public DateTimeOffset LastSeenAt(int session) => SessionAt(session).AddMinutes(5);

    public static bool HasEnded(int session) => session % 3 == 0;

    public Guid SessionId(int session) => Key(4, session, SessionAt(session));

    public static string Word(int number, int place) => Words[Mix(number, place) % (uint)Words.Length];

    /// <summary>A UUID version 7 (RFC 9562, 5.7) from the time, the table and the row's number.</summary>
    public static Guid Key(byte table, int number, DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, at.ToUnixTimeMilliseconds() << 16);
        bytes[6] = (byte)(0x70 | table);
        bytes[8] = 0x80;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[9..], Mix(number, table));
        bytes[13] = (byte)(number >> 16);
        bytes[14] = (byte)(number >> 8);
        bytes[15] = (byte)number;
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The finalizer of MurmurHash3.</summary>
    public static uint Mix(int number, int salt)
    {
        var hash = (uint)number * 2654435761 ^ (uint)salt * 0x9E3779B9;
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return hash ^ (hash >> 16);
    }
}
