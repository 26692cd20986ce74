using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.RelyingParties;

/// <summary>What this relying party does with the provider's responses.</summary>
sealed class ProviderEvents(IOptions<RelyingPartyOptions> options, ILogger<ProviderEvents> logger) : CodeFlowEvents
{
    /// <summary>Another provider may not know how to begin with a new account; it then begins as always (Initiating User Registration 1.0, 3).</summary>
    public override async Task RedirectToIdentityProvider(RedirectContext context)
    {
        if (context.Properties.GetParameter<string>(SignIn.Acting) is { } handover) context.ProtocolMessage.SetParameter(SignIn.Acting, handover);
        if (!options.Value.Foreign || context.ProtocolMessage.Prompt != "create") return;
        var provider = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        if (!provider.PromptValuesSupported.Contains("create", StringComparer.Ordinal)) context.ProtocolMessage.Prompt = null;
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
        await SignInPages.WriteLandingAsync(context.HttpContext, LocalUrl.TryParse(context.ReturnUri, out var local) ? local : "/");
    }

    public override Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        logger.SignInRefused("access_denied");
        if (context.Properties?.Items.ContainsKey(SignIn.Acting) == true)
            return SignInPages.WriteProblemAsync(context.HttpContext, Problem.ActingRefused, "Begin again on the account's page of the admin site.");
        return SignInPages.WriteProblemAsync(context.HttpContext, Problem.AccessDenied, "Signing in was cancelled or refused at the sign-in service.");
    }

    public override Task RemoteFailure(RemoteFailureContext context)
    {
        context.HandleResponse();
        // The browser has left: there is nobody to tell, and nothing wrong.
        if (context.HttpContext.RequestAborted.IsCancellationRequested) return Task.CompletedTask;
        if (ProviderUnavailableException.IsCauseOf(context.Failure))
        {
            logger.ProviderAway(context.Failure!);
            return SignInPages.WriteProviderAwayAsync(context.HttpContext);
        }
        if (IsRefusal(context.Failure)) logger.SignInFailed(context.Failure?.Message ?? "no reason given");
        else logger.SignInBroke(context.Failure!);
        return SignInPages.WriteProblemAsync(context.HttpContext, Problem.SignInFailed, "The answer of the sign-in service does not belong to a sign-in that this browser has begun, or is no longer good.");
    }

    /// <summary>Back from the provider after signing out there.</summary>
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

    [LoggerMessage(12, LogLevel.Error, "The provider does not answer as it should")]
    public static partial void ProviderAway(this ILogger logger, Exception fault);

    [LoggerMessage(13, LogLevel.Error, "A sign-in failed unexpectedly")]
    public static partial void SignInBroke(this ILogger logger, Exception ex);
}
