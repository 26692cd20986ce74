using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>Validation of options by DataAnnotations.</summary>
public static class AnnotatedOptions
{
    /// <summary>
    /// Validates options at start and reports the annotations' error messages as they are;
    /// <c>ValidateDataAnnotations</c> would prefix them with the names of types and members.
    /// </summary>
    public static OptionsBuilder<TOptions> ValidateAnnotations<TOptions>(this OptionsBuilder<TOptions> options)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Services.AddSingleton<IValidateOptions<TOptions>>(new AnnotationValidator<TOptions>(options.Name));
        return options.ValidateOnStart();
    }

    sealed class AnnotationValidator<TOptions>(string optionsName) : IValidateOptions<TOptions>
        where TOptions : class
    {
        public ValidateOptionsResult Validate(string? name, TOptions options)
        {
            if (name != optionsName)
                return ValidateOptionsResult.Skip;
            var results = new List<ValidationResult>();
            return Validator.TryValidateObject(
                options,
                new ValidationContext(options),
                results,
                validateAllProperties: true
            )
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(results.Select(result => result.ErrorMessage!));
        }
    }
}
