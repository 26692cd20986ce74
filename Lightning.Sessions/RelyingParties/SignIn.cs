using System.Buffers.Text;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Sessions.RelyingParties;

/// <summary>Marks an endpoint that is reached by a link or by the provider, so that it can bring no header of ours.</summary>
public sealed class NavigationMetadata
{
    /// <summary>The mark.</summary>
    public static NavigationMetadata Instance { get; } = new();
}

/// <summary>Where signing in begins.</summary>
public static class SignIn
{
    const string Replaces = "replaces";

    /// <summary>The parameter of the authorization request, and the mark of what was begun with one.</summary>
    internal const string Acting = "acting";

    static readonly string[] Prompts = ["login", "create"];

    /// <summary>Maps <c>GET {prefix}/login?returnUrl=&amp;prompt=</c>.</summary>
    public static IEndpointConventionBuilder MapSignIn(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var party = app.ServiceProvider.GetRequiredService<RelyingParty>();
        return app.MapGet(party.LoginPath.Value!, BeginAsync).WithName("SignIn").WithSummary("Sends the browser to the provider to sign in.")
            .WithMetadata(NavigationMetadata.Instance).AllowAnonymous();
    }

    static async Task<IResult> BeginAsync(HttpContext context, string? returnUrl, string? prompt)
    {
        if (!LocalUrl.TryParse(returnUrl ?? "/", out var local))
            return Problem.ReturnUrlNotLocal.Answer("Give a path of this application that begins with one slash, such as /notes.");
        if (prompt is not null && !Prompts.Contains(prompt, StringComparer.Ordinal))
            return Problem.UnknownPrompt.Answer($"Give one of {string.Join(", ", Prompts)}, or none.");

        var properties = new AuthenticationProperties { RedirectUri = local };
        if (prompt is not null) properties.SetParameter(OpenIdConnectParameterNames.Prompt, prompt);
        if (prompt == "login") ForeignSession.AskForProof(properties);
        return await ChallengeAsync(context, properties);
    }

    /// <summary>Sends an administrator's browser to the provider to act as somebody, which the provider decides by the hand-over.</summary>
    /// <param name="context">The browser's request.</param>
    /// <param name="handover">The code that the admin site sent it with.</param>
    public static Task<IResult> BeginActingAsync(HttpContext context, string handover)
    {
        ArgumentNullException.ThrowIfNull(context);
        var properties = new AuthenticationProperties { RedirectUri = "/" };
        properties.SetParameter(Acting, handover);
        properties.Items[Acting] = "";
        return ChallengeAsync(context, properties);
    }

    static async Task<IResult> ChallengeAsync(HttpContext context, AuthenticationProperties properties)
    {
        // A Strict cookie need not come along when a provider on another site sends the browser back, so the session to replace is remembered now.
        if (context.RequestServices.GetRequiredService<SessionCookie>().ReadHash(context.Request) is { } hash)
            properties.Items[Replaces] = Base64Url.EncodeToString(hash.ToArray());
        AddressedTraces.Remember(properties);
        try
        {
            await context.ChallengeAsync(Schemes.Provider, properties);
        }
        catch (Exception ex)
            when (ex is OpenIdConnectProtocolException || ProviderUnavailableException.IsCauseOf(ex))
        {
            context.RequestServices.GetRequiredService<ILogger<ProviderEvents>>().ProviderAway(ex);
            await SignInPages.WriteProviderAwayAsync(context);
        }
        return TypedResults.Empty;
    }

    /// <summary>The session that the browser had when signing in began.</summary>
    internal static byte[]? TakeReplaced(AuthenticationProperties properties) =>
        properties.Items.Remove(Replaces, out var hash) && hash is not null ? Base64Url.DecodeFromChars(hash) : null;
}
