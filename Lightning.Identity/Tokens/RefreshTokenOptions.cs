using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Tokens;

/// <summary>The refresh token settings of the configuration section <c>Sessions</c>.</summary>
sealed record RefreshTokenOptions
{
    /// <summary>
    /// How long the last used refresh token of a family may be used again, for a client that lost the response. 0 to 5
    /// minutes; the default 0 allows no reuse, and such a client must sign in again.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "00:00:00",
        "00:05:00",
        ErrorMessage = "Sessions:RefreshReuseLeeway must be between 00:00:00 and 00:05:00: write ten seconds as "
            + "00:00:10."
    )]
    public TimeSpan RefreshReuseLeeway { get; init; } = TimeSpan.Zero;
}
