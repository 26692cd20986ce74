using Lightning.Identity.Audit;
using Lightning.Identity.Web;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>What Identity does with an upstream provider's responses.</summary>
sealed class UpstreamEvents(UpstreamProviders providers, SignInFailures failures, ILogger<UpstreamEvents> logger)
    : CodeFlowEvents
{
    public override async Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        logger.UpstreamRefused(context.Scheme.Name, "access_denied");
        await failures.WriteAsync(context.HttpContext, userId: null, UpstreamAccounts.Method, "cancelled at the provider");
        await ShowAsync(context, new(StatusCodes.Status403Forbidden, "You are not signed in", $"Signing in was cancelled at {Title(context)}, or refused there.", Home: Paths.SignIn));
    }

    public override async Task RemoteFailure(RemoteFailureContext context)
    {
        context.HandleResponse();
        // The browser has left: there is nobody to tell, and nothing wrong.
        if (context.HttpContext.RequestAborted.IsCancellationRequested) return;
        if (ProviderUnavailableException.IsCauseOf(context.Failure))
        {
            logger.UpstreamAway(context.Failure!, context.Scheme.Name);
            context.Response.Headers.RetryAfter = "10";
            await ShowAsync(context, Away(Title(context)));
            return;
        }
        // What the provider wrote is its words, not ours to log: the kind of fault says which check did not hold.
        if (IsRefusal(context.Failure)) logger.UpstreamRefused(context.Scheme.Name, Reason(context.Failure));
        else logger.UpstreamBroke(context.Failure!, context.Scheme.Name);
        await failures.WriteAsync(context.HttpContext, userId: null, UpstreamAccounts.Method, Reason(context.Failure));
        await ShowAsync(context, new(StatusCodes.Status400BadRequest, "Signing in did not work",
            $"The answer of {Title(context)} does not belong to a sign-in that this browser has begun, or is no longer good. Try again.", Home: Paths.SignIn));
    }

    /// <summary>What a person reads while a provider is away; everything else works on.</summary>
    public static Fault Away(string title) => new(StatusCodes.Status503ServiceUnavailable, $"{title} does not answer",
        $"Signing in with {title} is not possible right now. Nothing was changed. Try again in a few seconds, or sign in another way.", Home: Paths.SignIn);

    static string Reason(Exception? failure) => failure switch
    {
        SecurityTokenException => failure.GetType().Name,
        { InnerException: SecurityTokenException inner } => inner.GetType().Name,
        AuthenticationFailureException or null => failure?.Message ?? "no reason given",
        _ => failure.GetType().Name,
    };

    string Title<TOptions>(BaseContext<TOptions> context) where TOptions : AuthenticationSchemeOptions => providers.All.Single(provider => provider.Scheme == context.Scheme.Name).Title;

    static Task ShowAsync<TOptions>(BaseContext<TOptions> context, Fault fault) where TOptions : AuthenticationSchemeOptions => new FaultPage(fault).ExecuteAsync(context.HttpContext);
}
