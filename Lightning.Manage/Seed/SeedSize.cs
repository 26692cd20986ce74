namespace Lightning.Manage.Seed;

/// <summary>The number of rows to generate.</summary>
/// <param name="Name">The value of <c>--size</c>.</param>
/// <param name="People">Accounts, each with its user.</param>
/// <param name="Sessions">Sessions; every third has ended.</param>
/// <param name="Notes">Notes; the first users have the most.</param>
/// <param name="Shares">Shares, spread evenly over the notes.</param>
/// <param name="Entries">Audit entries.</param>
sealed record SeedSize(string Name, int People, int Sessions, int Notes, int Shares, int Entries)
{
    /// <summary>For demos.</summary>
    public static readonly SeedSize Small = new("small", 20, 12, 200, 300, 2_000);

    /// <summary>For load tests.</summary>
    public static readonly SeedSize Large = new("large", 100_000, 20_000, 1_000_000, 3_000_000, 3_000_000);

    /// <summary>All sizes.</summary>
    public static readonly IReadOnlyList<SeedSize> All = [Small, Large];
}
