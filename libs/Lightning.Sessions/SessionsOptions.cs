using System.ComponentModel.DataAnnotations;

namespace Lightning.Sessions;

/// <summary>The lifetimes and limits of sessions: <c>Sessions:*</c>.</summary>
public sealed record SessionsOptions : IValidatableObject
{
    /// <summary>
    /// The idle timeout of a session; five minutes to 90 days, 12 hours by default. ASVS 5.0, 7.3.1.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "00:05:00",
        "90.00:00:00",
        ErrorMessage = "Sessions:IdleTimeout must lie between 00:05:00 and 90.00:00:00: write twelve hours as 12:00:00."
    )]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(12);

    /// <summary>
    /// The absolute lifetime of a session; five minutes to 400 days, 14 days by default. ASVS 5.0, 7.3.2.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "00:05:00",
        "400.00:00:00",
        ErrorMessage = "Sessions:AbsoluteLifetime must lie between 00:05:00 and 400.00:00:00: write two weeks as "
            + "14.00:00:00."
    )]
    public TimeSpan AbsoluteLifetime { get; init; } = TimeSpan.FromDays(14);

    /// <summary>
    /// How many sessions a process caches; 1,000 to 10 million, 150,000 by default. Beyond it the least recently used
    /// are evicted.
    /// </summary>
    [Range(
        1_000,
        10_000_000,
        ErrorMessage = "Sessions:Remembered must lie between 1000 and 10000000: leave it out for 150000."
    )]
    public int Remembered { get; init; } = 150_000;

    /// <summary>
    /// How many requests a minute a session may send to a replica, also all at once; 60 to 100 million, 6,000 by
    /// default.
    /// </summary>
    [Range(
        60,
        100_000_000,
        ErrorMessage = "Sessions:RequestsPerMinute must lie between 60 and 100000000: leave it out for 6000."
    )]
    public int RequestsPerMinute { get; init; } = 6_000;

    /// <summary>
    /// How many requests a minute with an invalid cookie or token an address (an IPv6 /64 network) may send to a
    /// replica; 10 to 100 million, 300 by default.
    /// </summary>
    [Range(
        10,
        100_000_000,
        ErrorMessage = "Sessions:UnknownPerMinute must lie between 10 and 100000000: leave it out for 300."
    )]
    public int UnknownPerMinute { get; init; } = 300;

    /// <summary>
    /// How many streams (server-sent events, WebSockets) a session may hold open at a replica; 1 to 100,000, 20 by
    /// default.
    /// </summary>
    [Range(1, 100_000, ErrorMessage = "Sessions:StreamsPerSession must lie between 1 and 100000: leave it out for 20.")]
    public int StreamsPerSession { get; init; } = 20;

    /// <summary>
    /// How many streams a user may hold open at a replica in all sessions together; 1 to 100,000, 200 by default.
    /// </summary>
    [Range(1, 100_000, ErrorMessage = "Sessions:StreamsPerUser must lie between 1 and 100000: leave it out for 200.")]
    public int StreamsPerUser { get; init; } = 200;

    /// <summary>
    /// How many sign-ins a minute an address (an IPv6 /64 network) may begin at a replica, also all at once; 10 to 100
    /// million, 300 by default.
    /// </summary>
    [Range(
        10,
        100_000_000,
        ErrorMessage = "Sessions:SignInsPerMinute must lie between 10 and 100000000: leave it out for 300."
    )]
    public int SignInsPerMinute { get; init; } = 300;

    /// <summary>
    /// How many sessions a user may have at once; 1 to 1,000, null for no limit. A sign-in beyond it ends the oldest
    /// session. ASVS 5.0, 7.1.2.
    /// </summary>
    [Range(1, 1_000, ErrorMessage = "Sessions:MostPerUser must lie between 1 and 1000: leave it out for no limit.")]
    public int? MostPerUser { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (IdleTimeout > AbsoluteLifetime)
            yield return new ValidationResult(
                "Sessions:IdleTimeout is longer than Sessions:AbsoluteLifetime: make it at most as long.",
                [nameof(IdleTimeout)]
            );
        if (StreamsPerSession > StreamsPerUser)
            yield return new ValidationResult(
                "Sessions:StreamsPerSession is higher than Sessions:StreamsPerUser: make it at most as high.",
                [nameof(StreamsPerSession)]
            );
    }
}
