namespace Lightning.Manage.Seed;

/// <summary>How much there is to be.</summary>
/// <param name="Name">As a person asks for it.</param>
/// <param name="People">Accounts, each with its user.</param>
/// <param name="Sessions">Sessions, of which every third has ended.</param>
/// <param name="Notes">Notes; the first people have the most.</param>
/// <param name="Shares">Shares of notes, each note's in turn.</param>
/// <param name="Entries">Lines of the audit book.</param>
sealed record SeedSize(string Name, int People, int Sessions, int Notes, int Shares, int Entries)
{
    /// <summary>For a look around.</summary>
    public static readonly SeedSize Small = new("small", 20, 12, 200, 300, 2_000);

    /// <summary>For whoever wants to know how it goes with much.</summary>
    public static readonly SeedSize Large = new("large", 100_000, 20_000, 1_000_000, 3_000_000, 3_000_000);

    /// <summary>Those that there are.</summary>
    public static readonly IReadOnlyList<SeedSize> All = [Small, Large];
}
