using System.ComponentModel.DataAnnotations;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Acting;

/// <summary>The section <c>Acting</c>: administrators who act as somebody.</summary>
public sealed record ActingOptions
{
    /// <summary>The application in which they act, as browsers see it; where not set, nobody acts as anybody.</summary>
    [Url(ErrorMessage = "Acting:App is no address: write the application's like https://app.example.com, or leave it out.")]
    public string? App { get; init; }
}

static class ActingExtensions
{
    public static IServiceCollection AddActing(this IServiceCollection services)
    {
        services.AddOptions<ActingOptions>().BindConfiguration("Acting").ValidateAnnotations();
        services.AddScoped<Handovers>();
        // The form leads on to the application, and browsers hold a form's redirects against the policy too.
        services.AddOptions<ContentSecurityPolicy>().Configure<IOptions<ActingOptions>>((policy, acting) =>
        {
            if (acting.Value.App is { } app) policy["form-action"] += $" {new Uri(app).GetLeftPart(UriPartial.Authority)}";
        });
        return services;
    }
}
