using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Tokens;

/// <summary>The configuration section <c>Identity:SigningKeys</c>: the rotation schedule.</summary>
sealed record SigningKeyOptions : IValidatableObject
{
    /// <summary>How long a key signs. 1 to 400 days; default 90.</summary>
    [Range(
        typeof(TimeSpan),
        "1.00:00:00",
        "400.00:00:00",
        ErrorMessage = "Identity:SigningKeys:Lifetime must be between 1.00:00:00 and 400.00:00:00: write ninety "
            + "days as 90.00:00:00."
    )]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// How long a key is published before it signs; at least as long as clients cache the keys. 1 minute to 30 days;
    /// default 1 day.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "00:01:00",
        "30.00:00:00",
        ErrorMessage = "Identity:SigningKeys:PublishedBefore must be between 00:01:00 and 30.00:00:00: write one "
            + "day as 1.00:00:00."
    )]
    public TimeSpan PublishedBefore { get; init; } = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PublishedBefore > Lifetime)
            yield return new ValidationResult(
                "Identity:SigningKeys:PublishedBefore is longer than Identity:SigningKeys:Lifetime: make it shorter.",
                [nameof(PublishedBefore)]
            );
    }
}
