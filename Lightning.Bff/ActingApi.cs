using System.ComponentModel.DataAnnotations;
using Lightning.ServiceDefaults;
using Lightning.Sessions.RelyingParties;
using Lightning.Sessions.WebSessions;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>The section <c>Acting</c>: administrators who act as somebody.</summary>
sealed record ActingOptions
{
    /// <summary>Where an administrator goes when they stop, as browsers see it; the app's own first page where not set.</summary>
    [Url(ErrorMessage = "Acting:AdminSite is no address: write the admin site's like https://admin.example.com, or leave it out.")]
    public string? AdminSite { get; init; }
}

/// <summary>Who acts as the person, as the front end announces it on every page.</summary>
sealed record ActorView(string Sub, string Name);

/// <summary>An administrator acts as somebody: how that begins here, and what stays the person's own.</summary>
static class ActingApi
{
    public static void AddActing(this WebApplicationBuilder builder) =>
        builder.Services.AddOptions<ActingOptions>().BindConfiguration("Acting").ValidateAnnotations();

    public static void MapActing(this IEndpointRouteBuilder app)
    {
        // Another provider knows nothing of it.
        if (app.ServiceProvider.GetRequiredService<IOptions<RelyingPartyOptions>>().Value.Foreign) return;
        app.MapGet("/bff/act", BeginAsync).WithName("BeginActing").WithSummary("Sends an administrator's browser to the provider to act as somebody, by a code of the admin site.")
            .WithMetadata(NavigationMetadata.Instance).AllowAnonymous();
    }

    static async Task<IResult> BeginAsync(HttpContext context, string? code) => code is { Length: 43 } ? await SignIn.BeginActingAsync(context, code)
        : Problem.ActingCodeMissing.Answer("Begin on the account's page of the admin site.");

    /// <summary>Where the browser goes after an administrator has stopped acting as somebody: to the account from which they came.</summary>
    public static string After(LiveSession session, ActingOptions options) => options.AdminSite is { } site ? $"{site.TrimEnd('/')}/accounts/{session.User.Id}" : "/";

    /// <summary>What only the person may see and do: an administrator who acts as them gets 403.</summary>
    public static TBuilder ForThePersonThemself<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.AddEndpointFilter(async (call, next) => call.HttpContext.LiveSession()?.ActedBy is null ? await next(call)
            : Problem.Acting.Answer("This stays the person's own: stop acting as them first."));
}
