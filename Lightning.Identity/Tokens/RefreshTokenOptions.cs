using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Tokens;

/// <summary>What the section <c>Sessions</c> says of refresh tokens.</summary>
sealed record RefreshTokenOptions
{
    /// <summary>
    /// How long the last used refresh token of a family may be used again, by a client that lost the answer; none to five minutes.
    /// With none, the default, it may not: such a session signs in anew.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00", ErrorMessage = "Sessions:RefreshReuseLeeway must lie between 00:00:00 and 00:05:00: write ten seconds as 00:00:10.")]
    public TimeSpan RefreshReuseLeeway { get; init; } = TimeSpan.Zero;
}
