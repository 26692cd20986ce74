using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Sessions;

/// <summary>Checks <see cref="SessionLimits"/> at start.</summary>
sealed class SessionLimitsValidation : IValidateOptions<SessionLimits>
{
    public ValidateOptionsResult Validate(string? name, SessionLimits options)
    {
        var failures = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), failures, validateAllProperties: true);
        if (options.IdleTimeout > options.AbsoluteLifetime)
            failures.Add(new ValidationResult("Sessions:IdleTimeout is longer than Sessions:AbsoluteLifetime: make it shorter, or the other longer."));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures.Select(failure => failure.ErrorMessage!));
    }
}
