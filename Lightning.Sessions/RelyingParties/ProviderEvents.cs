using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.RelyingParties;

/// <summary>What this relying party asks of the provider's answers beyond what the OpenID Connect handler does.</summary>
sealed class ProviderEvents(IOptions<RelyingPartyOptions> options, ILogger<ProviderEvents> logger) : OpenIdConnectEvents
{
    /// <summary>Another provider may not know how to begin with a new account; it then begins as always (Initiating User Registration 1.0, 3).</summary>
    public override async Task RedirectToIdentityProvider(RedirectContext context)
    {
        if (context.Properties.GetParameter<string>(SignIn.Acting) is { } handover) context.ProtocolMessage.SetParameter(SignIn.Acting, handover);
        if (!options.Value.Foreign || context.ProtocolMessage.Prompt != "create") return;
        var provider = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        if (!provider.PromptValuesSupported.Contains("create", StringComparer.Ordinal)) context.ProtocolMessage.Prompt = null;
    }

    /// <summary>Another provider's answer is not taken for this one's (RFC 9207, 2.4). Errors bear the parameter too.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        var provider = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        var issuer = context.ProtocolMessage.Iss;
        if (issuer is null ? provider.AuthorizationResponseIssParameterSupported : !string.Equals(issuer, context.Options.Authority, StringComparison.Ordinal))
            context.Fail("The authorization response is another issuer's.");
    }

    /// <summary>
    /// The handler may take an unsigned ID token from the token endpoint, as OpenID Connect Core 3.1.3.7 allows; this relying party does not.
    /// </summary>
    public override Task TokenValidated(TokenValidatedContext context)
    {
        if (!context.Options.TokenValidationParameters.ValidAlgorithms.Contains(context.SecurityToken.Header.Alg, StringComparer.Ordinal))
            context.Fail("The ID token is not signed with an algorithm that is allowed.");
        // 3.1.3.7, steps 3 to 5: one that was made for others besides says for whom it was made in the first place.
        else if (context.SecurityToken.Audiences.Skip(1).Any() && !string.Equals(context.SecurityToken.Payload.Azp, context.Options.ClientId, StringComparison.Ordinal))
            context.Fail("The ID token is for others besides, and was not made for this client.");
        return Task.CompletedTask;
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
        if (ProviderUnavailableException.IsCauseOf(context.Failure))
        {
            logger.ProviderAway(context.Failure!);
            return SignInPages.WriteProviderAwayAsync(context.HttpContext);
        }
        logger.SignInFailed(context.Failure?.Message ?? "no reason given");
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
}
