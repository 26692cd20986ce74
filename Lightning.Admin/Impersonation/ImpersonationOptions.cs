using System.ComponentModel.DataAnnotations;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Impersonation;

/// <summary>Options of the section <c>Acting</c>: impersonation of users by administrators.</summary>
public sealed record ImpersonationOptions
{
    /// <summary>
    /// The public URL of the application in which users are impersonated; null disables impersonation.
    /// </summary>
    [Url(ErrorMessage = "Acting:App is not a URL: write it like https://app.example.com, or leave it out.")]
    public string? App { get; init; }
}

static class ImpersonationExtensions
{
    public static IServiceCollection AddImpersonation(this IServiceCollection services)
    {
        services.AddOptions<ImpersonationOptions>().BindConfiguration("Acting").ValidateAnnotations();
        services.AddScoped<ImpersonationTickets>();
        // The form redirects to the application, and browsers apply form-action to a form's redirects too.
        services
            .AddOptions<ContentSecurityPolicy>()
            .Configure<IOptions<ImpersonationOptions>>(
                (policy, acting) =>
                {
                    if (acting.Value.App is { } app)
                        policy["form-action"] += $" {new Uri(app).GetLeftPart(UriPartial.Authority)}";
                }
            );
        return services;
    }
}
