using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>Handles the provider's responses.</summary>
sealed class ProviderEvents(RelyingParty party, IOptions<RelyingPartyOptions> options, ILogger<ProviderEvents> logger)
    : CodeFlowEvents
{
    /// <summary>
    /// Omits <c>prompt=create</c> if an external provider does not support it (Initiating User Registration 1.0, 3).
    /// </summary>
    public override async Task RedirectToIdentityProvider(RedirectContext context)
    {
        await base.RedirectToIdentityProvider(context);
        if (context.Properties.GetParameter<string>(SignIn.ImpersonationParameter) is { } ticket)
            context.ProtocolMessage.SetParameter(SignIn.ImpersonationParameter, ticket);
        if (!options.Value.ExternalProvider || context.ProtocolMessage.Prompt != "create")
            return;
        var provider = await context.Options.ConfigurationManager!.GetConfigurationAsync(
            context.HttpContext.RequestAborted
        );
        if (!provider.PromptValuesSupported.Contains("create", StringComparer.Ordinal))
            context.ProtocolMessage.Prompt = null;
    }

    public override async Task TicketReceived(TicketReceivedContext context)
    {
        context.HandleResponse();
        try
        {
            await context.HttpContext.SignInAsync(Schemes.Session, context.Principal!, context.Properties);
        }
        catch (SignInRefusedException refusal)
        {
            logger.SignInRefused(refusal.Message);
            await SignInPages.WriteProblemAsync(context.HttpContext, Problem.SignInRefused, refusal.Message);
            return;
        }
        await SignInPages.WriteLandingAsync(
            context.HttpContext,
            LocalUrl.TryParse(context.ReturnUri, out var local) ? local : "/"
        );
    }

    public override Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        logger.SignInRefused("access_denied");
        if (context.Properties?.Items.ContainsKey(SignIn.ImpersonationParameter) == true)
            return SignInPages.WriteProblemAsync(
                context.HttpContext,
                Problem.ImpersonationRefused,
                "Start again from the account's page on the admin site."
            );
        return SignInPages.WriteProblemAsync(
            context.HttpContext,
            Problem.AccessDenied,
            "Signing in was cancelled or refused at the sign-in service."
        );
    }

    public override Task RemoteFailure(RemoteFailureContext context)
    {
        context.HandleResponse();
        // The client has disconnected, which is not an error.
        if (context.HttpContext.RequestAborted.IsCancellationRequested)
            return Task.CompletedTask;
        // The user is signed in at the provider by now, so a new flow needs no input. It cannot expire at once again.
        if (
            context.Properties is { } properties
            && properties.Items.ContainsKey(CodeFlowHandler.Expired)
            && !properties.Items.ContainsKey(SignIn.ImpersonationParameter)
        )
        {
            logger.SignInExpired();
            context.Response.Redirect(
                UriHelper.BuildRelative(
                    context.Request.PathBase,
                    party.LoginPath,
                    QueryString.Create("returnUrl", properties.RedirectUri ?? "/")
                )
            );
            return Task.CompletedTask;
        }
        if (ProviderUnavailableException.IsCauseOf(context.Failure))
        {
            logger.ProviderUnavailable(context.Failure!);
            return SignInPages.WriteProviderUnavailableAsync(context.HttpContext);
        }
        if (IsRefusal(context.Failure))
            logger.SignInFailed(context.Failure?.Message ?? "no reason given");
        else
            logger.SignInError(context.Failure!);
        return SignInPages.WriteProblemAsync(
            context.HttpContext,
            Problem.SignInFailed,
            "The response of the sign-in service does not belong to a sign-in of this browser, or it has expired."
        );
    }

    /// <summary>Handles the return from the provider after sign-out.</summary>
    public override Task SignedOutCallbackRedirect(RemoteSignOutContext context)
    {
        context.HandleResponse();
        context.Response.Redirect("/");
        return Task.CompletedTask;
    }
}

static partial class SignInLog
{
    [LoggerMessage(10, LogLevel.Warning, "A sign-in was refused: {Reason}")]
    public static partial void SignInRefused(this ILogger logger, string reason);

    [LoggerMessage(11, LogLevel.Warning, "A sign-in failed: {Reason}")]
    public static partial void SignInFailed(this ILogger logger, string reason);

    [LoggerMessage(12, LogLevel.Error, "The provider is unavailable or its response is not valid")]
    public static partial void ProviderUnavailable(this ILogger logger, Exception ex);

    [LoggerMessage(13, LogLevel.Error, "A sign-in failed unexpectedly")]
    public static partial void SignInError(this ILogger logger, Exception ex);

    [LoggerMessage(14, LogLevel.Information, "A sign-in took too long and begins again")]
    public static partial void SignInExpired(this ILogger logger);
}
