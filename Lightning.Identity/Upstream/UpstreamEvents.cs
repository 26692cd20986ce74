using Lightning.Identity.Audit;
using Lightning.Identity.Web;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>What is asked of an upstream provider's answers beyond what the OpenID Connect handler asks.</summary>
sealed class UpstreamEvents(UpstreamProviders providers, SignInFailures failures, ILogger<UpstreamEvents> logger) : OpenIdConnectEvents
{
    /// <summary>Another provider's answer is not taken for this one's (RFC 9207, 2.4). Errors bear the parameter too.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        var metadata = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        var issuer = context.ProtocolMessage.Iss;
        if (issuer is null ? metadata.AuthorizationResponseIssParameterSupported : !string.Equals(issuer, context.Options.Authority, StringComparison.Ordinal))
            context.Fail("The authorization response is another issuer's.");
    }

    public override Task TokenValidated(TokenValidatedContext context)
    {
        var token = context.SecurityToken;
        // The handler may take an unsigned ID token from the token endpoint, as OpenID Connect Core 1.0, 3.1.3.7 allows; this service does not.
        if (!UpstreamProvider.Algorithms.Contains(token.Header.Alg, StringComparer.Ordinal))
            context.Fail("The ID token is not signed with an algorithm that is allowed.");
        // OpenID Connect Core 1.0, 3.1.3.7, 4 and 5: a token for several is for us only where it says that it was given to us.
        else if (token.Payload.Azp is { } party ? party != context.Options.ClientId : token.Audiences.Skip(1).Any())
            context.Fail("The ID token was given to another party.");
        return Task.CompletedTask;
    }

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
        if (ProviderUnavailableException.IsCauseOf(context.Failure))
        {
            logger.UpstreamAway(context.Failure!, context.Scheme.Name);
            context.Response.Headers.RetryAfter = "10";
            await ShowAsync(context, Away(Title(context)));
            return;
        }
        // What the provider wrote is its words, not ours to log: the kind of fault says which check did not hold.
        logger.UpstreamRefused(context.Scheme.Name, Reason(context.Failure));
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
