using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

public partial class OpenIdConnectHandler
{
    const string NonceMark = "N";

    /// <summary>Sends the browser to the provider with an authorization request.</summary>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (string.IsNullOrEmpty(properties.RedirectUri))
            properties.RedirectUri = OriginalPathBase + OriginalPath + Request.QueryString;

        var configuration = await ConfigurationAsync();
        var message = new OpenIdConnectMessage
        {
            ClientId = Options.ClientId,
            EnableTelemetryParameters = !Options.DisableTelemetry,
            IssuerAddress = configuration.AuthorizationEndpoint ?? "",
            RedirectUri = BuildRedirectUri(Options.CallbackPath),
            Resource = Options.Resource,
            ResponseType = Options.ResponseType,
            Prompt = properties.GetParameter<string>(OpenIdConnectParameterNames.Prompt) ?? Options.Prompt,
            Scope = string.Join(' ', properties.GetParameter<ICollection<string>>(OpenIdConnectParameterNames.Scope) ?? Options.Scope),
        };

        AddCodeChallenge(message, properties);
        if ((properties.GetParameter<TimeSpan?>(OpenIdConnectParameterNames.MaxAge) ?? Options.MaxAge) is { } maxAge)
            message.MaxAge = ((long)Math.Floor(maxAge.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        // "query" is the default of this response type and goes without saying (OAuth 2.0 Multiple Response Types 2.1).
        if (Options.ResponseMode != OpenIdConnectResponseMode.Query)
            message.ResponseMode = Options.ResponseMode;
        if (Options.ProtocolValidator.RequireNonce)
        {
            message.Nonce = Options.ProtocolValidator.GenerateNonce();
            WriteNonceCookie(message.Nonce);
        }
        GenerateCorrelationId(properties);
        foreach (var (name, value) in Options.AdditionalAuthorizationParameters)
            message.Parameters.Add(name, value);

        var redirect = new RedirectContext(Context, Scheme, Options, properties) { ProtocolMessage = message };
        await Events.RedirectToIdentityProvider(redirect);
        if (redirect.Handled)
            return;
        message = redirect.ProtocolMessage;

        if (!string.IsNullOrEmpty(message.State))
            properties.Items[OpenIdConnectDefaults.UserstatePropertiesKey] = message.State;
        properties.Items[OpenIdConnectDefaults.RedirectUriForCodePropertiesKey] = message.RedirectUri;
        message.State = Options.StateDataFormat.Protect(properties);

        if (string.IsNullOrEmpty(message.IssuerAddress))
            throw new InvalidOperationException("The provider's metadata names no authorization endpoint.");
        var pushed = await PushAsync(message, properties, configuration);
        Response.Redirect(message.CreateAuthenticationRequestUrl());
        Log.Challenged(Logger, pushed);
    }

    /// <summary>RFC 7636: 256 bits kept in the encrypted state, their SHA-256 sent to the provider.</summary>
    static void AddCodeChallenge(OpenIdConnectMessage message, AuthenticationProperties properties)
    {
        var verifier = Base64UrlTextEncoder.Encode(RandomNumberGenerator.GetBytes(32));
        properties.Items[OAuthConstants.CodeVerifierKey] = verifier;
        message.Parameters[OAuthConstants.CodeChallengeKey] = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        message.Parameters[OAuthConstants.CodeChallengeMethodKey] = OAuthConstants.CodeChallengeMethodS256;
    }

    /// <summary>RFC 9126: leaves only <c>client_id</c> and <c>request_uri</c> for the browser to carry.</summary>
    async Task<bool> PushAsync(OpenIdConnectMessage message, AuthenticationProperties properties, OpenIdConnectConfiguration configuration)
    {
        var endpoint = configuration.PushedAuthorizationRequestEndpoint;
        switch (Options.PushedAuthorizationBehavior)
        {
            case PushedAuthorizationBehavior.Disable when configuration.RequirePushedAuthorizationRequests:
                throw new InvalidOperationException("The provider requires pushed authorization requests; PushedAuthorizationBehavior forbids them.");
            case PushedAuthorizationBehavior.Require when string.IsNullOrEmpty(endpoint):
                throw new InvalidOperationException("PushedAuthorizationBehavior requires pushed authorization requests; the provider has no endpoint for them.");
            case PushedAuthorizationBehavior.Disable:
            case PushedAuthorizationBehavior.UseIfAvailable when string.IsNullOrEmpty(endpoint):
                return false;
        }

        var request = message.Clone();
        var push = new PushedAuthorizationContext(Context, Scheme, Options, request, properties);
        await Events.PushAuthorization(push);
        if (push.SkippedPush)
            return false;
        if (!push.HandledClientAuthentication && !string.IsNullOrEmpty(Options.ClientSecret))
            request.ClientSecret = Options.ClientSecret;

        var requestUri = push.HandledPush ? push.RequestUri : await SendPushedRequestAsync(request, endpoint!);
        message.Parameters.Clear();
        message.ClientId = Options.ClientId;
        message.RequestUri = requestUri;
        return true;
    }

    async Task<string> SendPushedRequestAsync(OpenIdConnectMessage request, string endpoint)
    {
        var (answer, response) = await PostAsync(endpoint, request);
        using (response)
        {
            if (!response.IsSuccessStatusCode || string.IsNullOrEmpty(answer.RequestUri))
                throw Refusal(answer, response);
            return answer.RequestUri;
        }
    }

    /// <summary>One call of the back channel; an answer that is not JSON is an error.</summary>
    async Task<(OpenIdConnectMessage Answer, HttpResponseMessage Response)> PostAsync(string endpoint, OpenIdConnectMessage message)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint)
        {
            Content = new FormUrlEncodedContent(message.Parameters),
            Version = Backchannel.DefaultRequestVersion,
        };
        var response = await Backchannel.SendAsync(request, Context.RequestAborted);
        try
        {
            return (new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(Context.RequestAborted)), response);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            var (status, type) = ((int)response.StatusCode, response.Content.Headers.ContentType);
            response.Dispose();
            throw new OpenIdConnectProtocolException($"The provider's answer is not JSON (status {status}, content type '{type}').", fault);
        }
    }

    void WriteNonceCookie(string nonce) =>
        Response.Cookies.Append(
            Options.NonceCookie.Name + Options.StringDataFormat.Protect(nonce),
            NonceMark,
            Options.NonceCookie.Build(Context, TimeProvider.GetUtcNow()));

    /// <summary>The nonce if this browser holds the cookie of it; the cookie is spent by that.</summary>
    string? SpendNonceCookie(string? nonce)
    {
        if (string.IsNullOrEmpty(nonce))
            return null;
        var prefix = Options.NonceCookie.Name!;
        foreach (var name in Request.Cookies.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (Options.StringDataFormat.Unprotect(name[prefix.Length..]) != nonce)
                continue;
            Response.Cookies.Delete(name, Options.NonceCookie.Build(Context, TimeProvider.GetUtcNow()));
            return nonce;
        }
        return null;
    }
}
