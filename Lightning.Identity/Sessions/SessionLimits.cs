using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Sessions;

/// <summary>The section <c>Sessions</c>: how long sessions and their refresh tokens last.</summary>
sealed record SessionLimits
{
    public const string Section = "Sessions";

    /// <summary>How long a session lasts unused.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "30.00:00:00", ErrorMessage = "Sessions:IdleTimeout must lie between 5 minutes and 30 days, written like 12:00:00.")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How long a session lasts at the most.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "365.00:00:00", ErrorMessage = "Sessions:AbsoluteLifetime must lie between 5 minutes and 365 days, written like 14.00:00:00.")]
    public TimeSpan AbsoluteLifetime { get; init; } = TimeSpan.FromDays(14);

    /// <summary>
    /// How long the last used refresh token of a family may be used again, for a client that lost the answer. With 0 it may not: such a session signs in anew.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00", ErrorMessage = "Sessions:RefreshReuseLeeway must lie between 0 and 5 minutes, written like 00:00:10.")]
    public TimeSpan RefreshReuseLeeway { get; init; } = TimeSpan.Zero;
}
