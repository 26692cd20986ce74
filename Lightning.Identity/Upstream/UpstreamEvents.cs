using Lightning.Identity.Audit;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>Handles the failures of upstream sign-ins.</summary>
sealed class UpstreamEvents(UpstreamProviders providers, SignInFailureLog failures, ILogger<UpstreamEvents> logger)
    : CodeFlowEvents
{
    public override async Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        logger.UpstreamRefused(context.Scheme.Name, "access_denied");
        await failures.WriteAsync(
            context.HttpContext,
            userId: null,
            AuthenticationMethods.Upstream,
            "cancelled at the provider"
        );
        await ShowAsync(
            context,
            new(
                StatusCodes.Status403Forbidden,
                "You are not signed in",
                $"You cancelled signing in with {Title(context)}, or it was refused there.",
                Home: Paths.SignIn
            )
        );
    }

    public override async Task RemoteFailure(RemoteFailureContext context)
    {
        context.HandleResponse();
        // The browser closed the connection; this is not an error.
        if (context.HttpContext.RequestAborted.IsCancellationRequested)
            return;
        if (ProviderUnavailableException.IsCauseOf(context.Failure))
        {
            logger.UpstreamUnavailable(context.Failure!, context.Scheme.Name);
            context.Response.Headers.RetryAfter = "10";
            await ShowAsync(context, Unavailable(Title(context)));
            return;
        }
        // Do not log the provider's text: the exception type says which check failed.
        if (IsRefusal(context.Failure))
            logger.UpstreamRefused(context.Scheme.Name, Reason(context.Failure));
        else
            logger.UpstreamFailed(context.Failure!, context.Scheme.Name);
        await failures.WriteAsync(
            context.HttpContext,
            userId: null,
            AuthenticationMethods.Upstream,
            Reason(context.Failure)
        );
        await ShowAsync(
            context,
            new(
                StatusCodes.Status400BadRequest,
                "Sign-in failed",
                $"The response from {Title(context)} does not match a sign-in that this browser started, or it has "
                    + "expired. Try again.",
                Home: Paths.SignIn
            )
        );
    }

    /// <summary>The error page while a provider is unavailable; other ways to sign in still work.</summary>
    public static PageError Unavailable(string title) =>
        new(
            StatusCodes.Status503ServiceUnavailable,
            $"{title} is not available",
            $"You cannot sign in with {title} right now. Nothing was changed. Try again in a few seconds, or sign in "
                + "another way.",
            Home: Paths.SignIn
        );

    static string Reason(Exception? failure) =>
        failure switch
        {
            SecurityTokenException => failure.GetType().Name,
            { InnerException: SecurityTokenException inner } => inner.GetType().Name,
            AuthenticationFailureException or null => failure?.Message ?? "no reason given",
            _ => failure.GetType().Name,
        };

    string Title<TOptions>(BaseContext<TOptions> context)
        where TOptions : AuthenticationSchemeOptions =>
        providers.All.Single(provider => provider.Scheme == context.Scheme.Name).Title;

    static Task ShowAsync<TOptions>(BaseContext<TOptions> context, PageError error)
        where TOptions : AuthenticationSchemeOptions => new ErrorPageResult(error).ExecuteAsync(context.HttpContext);
}
