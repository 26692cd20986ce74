using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.ExternalProvider;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>The sign-in endpoint.</summary>
public static class SignIn
{
    /// <summary>
    /// The impersonation ticket's parameter in the authorization request, and the marker in the state.
    /// </summary>
    internal const string ImpersonationParameter = "acting";

    static readonly string[] Prompts = ["login", "create"];

    /// <summary>Maps <c>GET {prefix}/login?returnUrl=&amp;prompt=</c>.</summary>
    public static IEndpointConventionBuilder MapSignIn(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var party = app.ServiceProvider.GetRequiredService<RelyingParty>();
        return app.MapGet(party.LoginPath.Value!, BeginAsync)
            .WithName("SignIn")
            .WithSummary("Redirects the browser to the provider to sign in.")
            .WithMetadata(NavigationMetadata.Instance)
            .AllowAnonymous();
    }

    static async Task<IResult> BeginAsync(HttpContext context, string? returnUrl, string? prompt)
    {
        if (!LocalUrl.TryParse(returnUrl ?? "/", out var local))
            return Problem.ReturnUrlNotLocal.ToResult(
                "Give a path of this application that begins with one slash, such as /notes."
            );
        if (prompt is not null && !Prompts.Contains(prompt, StringComparer.Ordinal))
            return Problem.UnknownPrompt.ToResult($"Give one of {string.Join(", ", Prompts)}, or none.");

        var properties = new AuthenticationProperties { RedirectUri = local };
        if (prompt is not null)
            properties.SetParameter(OpenIdConnectParameterNames.Prompt, prompt);
        if (prompt == "login")
            ExternalSignIn.MarkReauthentication(properties);
        return await ChallengeAsync(context, properties);
    }

    /// <summary>
    /// Redirects an administrator's browser to the provider to impersonate a user. The provider validates the ticket.
    /// </summary>
    /// <param name="context">The browser's request.</param>
    /// <param name="ticket">The impersonation ticket of the admin site.</param>
    public static Task<IResult> BeginImpersonationAsync(HttpContext context, string ticket)
    {
        ArgumentNullException.ThrowIfNull(context);
        var properties = new AuthenticationProperties { RedirectUri = "/" };
        properties.SetParameter(ImpersonationParameter, ticket);
        properties.Items[ImpersonationParameter] = "";
        return ChallengeAsync(context, properties);
    }

    static async Task<IResult> ChallengeAsync(HttpContext context, AuthenticationProperties properties)
    {
        if (!await context.RequestServices.GetRequiredService<SignInLimits>().MayBeginAsync(context))
            return TypedResults.Empty;
        // The callback may arrive without the Strict cookie, so the session to replace is stored in the state.
        if (context.RequestServices.GetRequiredService<SessionCookie>().ReadHash(context.Request) is { } hash)
            ReplacedSession.Store(properties, hash);
        TraceContinuation.Store(properties);
        try
        {
            await context.ChallengeAsync(Schemes.Provider, properties);
        }
        catch (Exception ex) when (ex is OpenIdConnectProtocolException || ProviderUnavailableException.IsCauseOf(ex))
        {
            context.RequestServices.GetRequiredService<ILogger<ProviderEvents>>().ProviderUnavailable(ex);
            await SignInPages.WriteProviderUnavailableAsync(context);
        }
        return TypedResults.Empty;
    }
}
