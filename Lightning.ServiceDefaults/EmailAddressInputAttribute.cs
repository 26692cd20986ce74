using System.ComponentModel.DataAnnotations;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Validates text that <see cref="EmailAddress.TryParse"/> reads, with its message. Null is valid: use <see
/// cref="RequiredAttribute"/> too.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class EmailAddressInputAttribute : ValidationAttribute
{
    /// <inheritdoc/>
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        ArgumentNullException.ThrowIfNull(validationContext);
        return value is not string { Length: > 0 } text || EmailAddress.TryParse(text, out _, out var error)
            ? ValidationResult.Success
            : new ValidationResult(error, validationContext.MemberName is { } member ? [member] : null);
    }
}
