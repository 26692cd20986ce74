using System.ComponentModel.DataAnnotations;

namespace Lightning.Sessions;

/// <summary>How long sessions live: <c>Sessions:*</c>.</summary>
public sealed record SessionsOptions : IValidatableObject
{
    /// <summary>How long a session lives unused; five minutes to 90 days, 12 hours by default. ASVS 5.0, 7.3.1.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "90.00:00:00", ErrorMessage = "Sessions:IdleTimeout must lie between 00:05:00 and 90.00:00:00: write twelve hours as 12:00:00.")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How long a session lives at most, however busy; five minutes to 400 days, 14 days by default. ASVS 5.0, 7.3.2.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "400.00:00:00", ErrorMessage = "Sessions:AbsoluteLifetime must lie between 00:05:00 and 400.00:00:00: write two weeks as 14.00:00:00.")]
    public TimeSpan AbsoluteLifetime { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How many sessions a process remembers; 1,000 to 10 million, 150,000 by default. Beyond it those that were not used lately are read when they are.</summary>
    [Range(1_000, 10_000_000, ErrorMessage = "Sessions:Remembered must lie between 1000 and 10000000: leave it out for 150000.")]
    public int Remembered { get; init; } = 150_000;

    /// <summary>How many requests a minute one session may make of a relying party's or an API's replica, all of them at once if need be; 60 to 100 million, 6,000 by default.</summary>
    [Range(60, 100_000_000, ErrorMessage = "Sessions:RequestsPerMinute must lie between 60 and 100000000: leave it out for 6000.")]
    public int RequestsPerMinute { get; init; } = 6_000;

    /// <summary>How many requests a minute from one address (an IPv6 network of 64 bits) may bring a replica a cookie or token of no living session; 10 to 100 million, 300 by default.</summary>
    [Range(10, 100_000_000, ErrorMessage = "Sessions:UnknownPerMinute must lie between 10 and 100000000: leave it out for 300.")]
    public int UnknownPerMinute { get; init; } = 300;

    /// <summary>How many sessions a person may have at once; 1 to 1,000, unlimited by default. A sign-in beyond that ends the oldest. ASVS 5.0, 7.1.2.</summary>
    [Range(1, 1_000, ErrorMessage = "Sessions:MostPerUser must lie between 1 and 1000: leave it out for no limit.")]
    public int? MostPerUser { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (IdleTimeout > AbsoluteLifetime)
            yield return new ValidationResult("Sessions:IdleTimeout is longer than Sessions:AbsoluteLifetime: make it at most as long.", [nameof(IdleTimeout)]);
    }
}
