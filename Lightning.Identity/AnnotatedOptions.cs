using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Lightning.Identity;

/// <summary>Checks options by their annotations, and says each fault in the annotation's own sentence.</summary>
sealed class AnnotatedOptions<TOptions> : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var faults = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true)
            ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults.Select(fault => fault.ErrorMessage!));
    }
}
