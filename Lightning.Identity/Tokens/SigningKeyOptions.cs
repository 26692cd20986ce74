using System.ComponentModel.DataAnnotations;

namespace Lightning.Identity.Tokens;

/// <summary>The section <c>Identity:SigningKeys</c>: how keys follow each other.</summary>
sealed record SigningKeyOptions : IValidatableObject
{
    /// <summary>How long a key signs before the next one does; a day to 400 days, 90 by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "400.00:00:00", ErrorMessage = "Identity:SigningKeys:Lifetime must lie between 1.00:00:00 and 400.00:00:00: write ninety days as 90.00:00:00.")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long a key is published before it signs: as long as anybody may keep a copy of the keys. A minute to 30 days, one day by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00", ErrorMessage = "Identity:SigningKeys:PublishedBefore must lie between 00:01:00 and 30.00:00:00: write one day as 1.00:00:00.")]
    public TimeSpan PublishedBefore { get; init; } = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PublishedBefore > Lifetime)
            yield return new ValidationResult("Identity:SigningKeys:PublishedBefore is longer than Identity:SigningKeys:Lifetime: make it at most as long.", [nameof(PublishedBefore)]);
    }
}
