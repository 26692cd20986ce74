using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Retention;

/// <summary>The section <c>Identity:Retention</c>: how long what has ended is kept.</summary>
sealed record RetentionOptions
{
    /// <summary>How long a session's row is kept after its latest possible end; an hour to 400 days, 30 days by default.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "400.00:00:00", ErrorMessage = "Identity:Retention:EndedSessions must lie between 01:00:00 and 400.00:00:00: write thirty days as 30.00:00:00.")]
    public TimeSpan EndedSessions { get; init; } = TimeSpan.FromDays(30);
}
