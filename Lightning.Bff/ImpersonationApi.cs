using System.ComponentModel.DataAnnotations;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>The admin site: <c>Acting:*</c>.</summary>
sealed record AdminSiteOptions
{
    /// <summary>
    /// The address of the admin site, to which an administrator returns after an impersonation; null to return to the
    /// application's start page.
    /// </summary>
    [Url(
        ErrorMessage = "Acting:AdminSite is not a valid address: write it like https://admin.example.com, or "
            + "leave it out."
    )]
    public string? AdminSite { get; init; }
}

/// <summary>The administrator who impersonates the user; the front end shows it on every page.</summary>
/// <param name="Sub">The administrator's <c>sub</c>.</param>
/// <param name="Name">The administrator's display name.</param>
/// <param name="MayWrite">Whether the administrator may change the user's data.</param>
sealed record ActorView(string Sub, string Name, bool MayWrite);

/// <summary>Impersonation of a user by an administrator.</summary>
static class ImpersonationApi
{
    public static void AddImpersonation(this WebApplicationBuilder builder) =>
        builder.Services.AddOptions<AdminSiteOptions>().BindConfiguration("Acting").ValidateAnnotations();

    public static void MapImpersonation(this IEndpointRouteBuilder app)
    {
        // External providers do not support it.
        if (app.ServiceProvider.GetRequiredService<IOptions<RelyingPartyOptions>>().Value.ExternalProvider)
            return;
        app.MapGet("/bff/act", BeginAsync)
            .WithName("BeginImpersonation")
            .WithSummary(
                "Redirects an administrator's browser to the provider to impersonate a user, with an admin-site ticket."
            )
            .WithMetadata(NavigationMetadata.Instance)
            .AllowAnonymous();
    }

    static async Task<IResult> BeginAsync(HttpContext context, string? code) =>
        code is { Length: 43 }
            ? await SignIn.BeginImpersonationAsync(context, code)
            : Problem.ImpersonationCodeMissing.ToResult("Start from the account's page on the admin site.");

    /// <summary>
    /// The URL after an impersonation has stopped: the user's account on the admin site, or <c>/</c>.
    /// </summary>
    public static string ReturnUrl(LiveSession session, AdminSiteOptions options) =>
        options.AdminSite is { } site ? $"{site.TrimEnd('/')}/accounts/{session.User.Id}" : "/";

    /// <summary>Answers 403 to an administrator who impersonates the user.</summary>
    public static TBuilder DenyImpersonation<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.AddEndpointFilter(
            async (invocation, next) =>
                invocation.HttpContext.LiveSession()?.Impersonator is null
                    ? await next(invocation)
                    : Problem.Impersonating.ToResult(
                        "An administrator cannot do this for the user. Stop the impersonation first."
                    )
        );
}
