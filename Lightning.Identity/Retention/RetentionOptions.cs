using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Retention;

/// <summary>The section <c>Identity:Retention</c>: how long what has ended is kept.</summary>
sealed record RetentionOptions
{
    /// <summary>How long a session's row is kept after its latest possible end; an hour to 400 days, 30 days by default.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "400.00:00:00", ErrorMessage = "Identity:Retention:EndedSessions must lie between 01:00:00 and 400.00:00:00: write thirty days as 30.00:00:00.")]
    public TimeSpan EndedSessions { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long the audit book remembers each refresh of tokens, of which there are hundreds a day in a session; a day to 400 days, 7 days by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "400.00:00:00", ErrorMessage = "Identity:Retention:Refreshes must lie between 1.00:00:00 and 400.00:00:00: write seven days as 7.00:00:00.")]
    public TimeSpan Refreshes { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long the audit book remembers a sign-in that failed; a day to 400 days, 90 days by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "400.00:00:00", ErrorMessage = "Identity:Retention:FailedSignIns must lie between 1.00:00:00 and 400.00:00:00: write ninety days as 90.00:00:00.")]
    public TimeSpan FailedSignIns { get; init; } = TimeSpan.FromDays(90);
}
