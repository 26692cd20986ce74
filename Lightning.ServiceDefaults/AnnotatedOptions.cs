using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>Options whose annotations are sentences.</summary>
public static class AnnotatedOptions
{
    /// <summary>
    /// Checks options by their annotations at start, and says each fault in the annotation's own sentence; <c>ValidateDataAnnotations</c> would
    /// put the names of types and members before it.
    /// </summary>
    public static OptionsBuilder<TOptions> ValidateAnnotations<TOptions>(this OptionsBuilder<TOptions> options)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Services.AddSingleton<IValidateOptions<TOptions>>(new Annotations<TOptions>(options.Name));
        return options.ValidateOnStart();
    }

    sealed class Annotations<TOptions>(string named) : IValidateOptions<TOptions>
        where TOptions : class
    {
        public ValidateOptionsResult Validate(string? name, TOptions options)
        {
            if (name != named) return ValidateOptionsResult.Skip;
            var faults = new List<ValidationResult>();
            return Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true)
                ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults.Select(fault => fault.ErrorMessage!));
        }
    }
}
