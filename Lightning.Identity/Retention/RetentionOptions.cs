using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Retention;

/// <summary>The configuration section <c>Identity:Retention</c>.</summary>
sealed record RetentionOptions
{
    /// <summary>How long an ended session's row is kept. 1 hour to 400 days; default 30 days.</summary>
    [Range(
        typeof(TimeSpan),
        "01:00:00",
        "400.00:00:00",
        ErrorMessage = "Identity:Retention:EndedSessions must be between 01:00:00 and 400.00:00:00: write thirty "
            + "days as 30.00:00:00."
    )]
    public TimeSpan EndedSessions { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long the audit log keeps token refreshes, of which a session has hundreds a day. 1 to 400 days; default 7
    /// days.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "1.00:00:00",
        "400.00:00:00",
        ErrorMessage = "Identity:Retention:Refreshes must be between 1.00:00:00 and 400.00:00:00: write seven days "
            + "as 7.00:00:00."
    )]
    public TimeSpan Refreshes { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long the audit log keeps failed sign-ins. 1 to 400 days; default 90 days.</summary>
    [Range(
        typeof(TimeSpan),
        "1.00:00:00",
        "400.00:00:00",
        ErrorMessage = "Identity:Retention:FailedSignIns must be between 1.00:00:00 and 400.00:00:00: write ninety "
            + "days as 90.00:00:00."
    )]
    public TimeSpan FailedSignIns { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long a message that could not be sent is kept. 1 to 400 days; default 30 days.</summary>
    [Range(
        typeof(TimeSpan),
        "1.00:00:00",
        "400.00:00:00",
        ErrorMessage = "Identity:Retention:FailedMessages must be between 1.00:00:00 and 400.00:00:00: write thirty "
            + "days as 30.00:00:00."
    )]
    public TimeSpan FailedMessages { get; init; } = TimeSpan.FromDays(30);
}
