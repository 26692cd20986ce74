using System.Globalization;

namespace Lightning.Admin.Engine.Queries;

/// <summary>A number of rows, counted up to a cap.</summary>
/// <param name="Rows">The number of rows.</param>
public readonly record struct CappedCount(int Rows)
{
    /// <summary>The highest exact count.</summary>
    public const int Cap = 1000;

    /// <summary>The number of rows of a large, filtered list that the counts of filter values are based on.</summary>
    public const int LookedAt = 2 * Cap;

    /// <summary>Whether only some of the rows were counted, so that there may be more.</summary>
    public bool IsLeast { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        Rows > Cap ? $"{Cap:N0}+"
        : IsLeast && Rows == 0 ? "?"
        : Rows.ToString("N0", CultureInfo.InvariantCulture) + (IsLeast ? "+" : "");
}
