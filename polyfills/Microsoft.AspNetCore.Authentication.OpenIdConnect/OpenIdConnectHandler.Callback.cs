using System.Globalization;
using System.IdentityModel.Tokens.Jwt;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

public partial class OpenIdConnectHandler
{
    /// <summary>Handles the authorization response: state, correlation, code, ID token, nonce, in this order.</summary>
    protected override async Task<HandleRequestResult> HandleRemoteAuthenticateAsync()
    {
        var message = await ReadMessageAsync();
        if (message is null)
            return HandleRequestResult.Fail("No message.");
        if (!string.IsNullOrEmpty(message.IdToken) || !string.IsNullOrEmpty(message.AccessToken))
            return HandleRequestResult.Fail("An authorization response of the code flow carries no token.");

        AuthenticationProperties? properties = null;
        try
        {
            properties = ReadState(message);
            var received = new MessageReceivedContext(Context, Scheme, Options, properties) { ProtocolMessage = message };
            await Events.MessageReceived(received);
            if (received.Result is not null)
                return received.Result;
            message = received.ProtocolMessage;
            properties = received.Properties;
            if (properties is null || properties.Items.Count == 0)
            {
                if (string.IsNullOrEmpty(message.State))
                    return HandleRequestResult.Fail("The authorization response has no state.");
                properties = ReadState(message);
            }
            if (properties is null)
                return HandleRequestResult.Fail("The state of the authorization response could not be read.");

            if (!ValidateCorrelationId(properties))
                return HandleRequestResult.Fail("Correlation failed.", properties);

            if (!string.IsNullOrEmpty(message.Error))
            {
                if (message.Error == "access_denied" && await HandleAccessDeniedErrorAsync(properties) is { None: false } denied)
                    return denied;
                return HandleRequestResult.Fail(Refusal(message, null), properties);
            }

            return await RedeemAsync(message, properties);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !Context.RequestAborted.IsCancellationRequested)
        {
            Log.ResponseRefused(Logger, exception);
            if (Options.RefreshOnIssuerKeyNotFound && exception is SecurityTokenSignatureKeyNotFoundException)
                Options.ConfigurationManager!.RequestRefresh();

            var failed = new AuthenticationFailedContext(Context, Scheme, Options) { ProtocolMessage = message, Exception = exception };
            await Events.AuthenticationFailed(failed);
            return failed.Result ?? HandleRequestResult.Fail(exception, properties);
        }
    }

    AuthenticationProperties? ReadState(OpenIdConnectMessage message)
    {
        if (string.IsNullOrEmpty(message.State) || Options.StateDataFormat.Unprotect(message.State) is not { } properties)
            return null;
        message.State = properties.Items.TryGetValue(OpenIdConnectDefaults.UserstatePropertiesKey, out var state) ? state : null;
        return properties;
    }

    async Task<HandleRequestResult> RedeemAsync(OpenIdConnectMessage message, AuthenticationProperties properties)
    {
        Options.ProtocolValidator.ValidateAuthenticationResponse(new() { ClientId = Options.ClientId, ProtocolMessage = message });

        var code = new AuthorizationCodeReceivedContext(Context, Scheme, Options, properties)
        {
            ProtocolMessage = message,
            TokenEndpointRequest = TokenRequest(message, properties),
            Backchannel = Backchannel,
        };
        await Events.AuthorizationCodeReceived(code);
        if (code.Result is not null)
            return code.Result;
        var answer = code.TokenEndpointResponse ?? await RedeemAuthorizationCodeAsync(code.TokenEndpointRequest!);

        var tokens = new TokenResponseReceivedContext(Context, Scheme, Options, code.Principal!, code.Properties!)
        {
            ProtocolMessage = code.ProtocolMessage,
            TokenEndpointResponse = answer,
        };
        await Events.TokenResponseReceived(tokens);
        if (tokens.Result is not null)
            return tokens.Result;
        answer = tokens.TokenEndpointResponse;

        var (principal, idToken) = await ValidateIdTokenAsync(answer.IdToken, tokens.Properties!);
        var validated = new TokenValidatedContext(Context, Scheme, Options, principal, tokens.Properties!)
        {
            ProtocolMessage = tokens.ProtocolMessage,
            TokenEndpointResponse = answer,
            SecurityToken = idToken,
            Nonce = SpendNonceCookie(idToken.Payload.Nonce),
        };
        await Events.TokenValidated(validated);
        if (validated.Result is not null)
            return validated.Result;
        answer = validated.TokenEndpointResponse!;

        if (!code.HandledCodeRedemption)
            Options.ProtocolValidator.ValidateTokenResponse(
                new() { ClientId = Options.ClientId, ProtocolMessage = answer, ValidatedIdToken = validated.SecurityToken, Nonce = validated.Nonce });

        if (Options.SaveTokens)
            SaveTokens(validated.Properties!, answer);
        if (Options.GetClaimsFromUserInfoEndpoint)
            return await GetUserInformationAsync(answer, validated.SecurityToken, validated.Principal!, validated.Properties!);
        using var nothing = JsonDocument.Parse("{}");
        RunClaimActions(nothing.RootElement, validated.Principal!);
        return Success(validated.Principal!, validated.Properties!);
    }

    OpenIdConnectMessage TokenRequest(OpenIdConnectMessage message, AuthenticationProperties properties)
    {
        properties.Items.Remove(OpenIdConnectDefaults.RedirectUriForCodePropertiesKey, out var redirectUri);
        var request = new OpenIdConnectMessage
        {
            ClientId = Options.ClientId,
            ClientSecret = Options.ClientSecret,
            Code = message.Code,
            GrantType = OpenIdConnectGrantTypes.AuthorizationCode,
            EnableTelemetryParameters = !Options.DisableTelemetry,
            RedirectUri = redirectUri,
        };
        if (properties.Items.Remove(OAuthConstants.CodeVerifierKey, out var verifier))
            request.Parameters.Add(OAuthConstants.CodeVerifierKey, verifier);
        return request;
    }

    /// <summary>Redeems the code; the client authenticates in the form (<c>client_secret_post</c>).</summary>
    protected virtual async Task<OpenIdConnectMessage> RedeemAuthorizationCodeAsync(OpenIdConnectMessage tokenEndpointRequest)
    {
        var endpoint = tokenEndpointRequest.TokenEndpoint ?? (await ConfigurationAsync()).TokenEndpoint;
        var (answer, response) = await PostAsync(endpoint, tokenEndpointRequest);
        using (response)
            return response.IsSuccessStatusCode ? answer : throw Refusal(answer, response);
    }

    async Task<(ClaimsPrincipal Principal, JwtSecurityToken Token)> ValidateIdTokenAsync(string? idToken, AuthenticationProperties properties)
    {
        if (string.IsNullOrEmpty(idToken))
            throw new OpenIdConnectProtocolException("The token endpoint's answer has no ID token.");

        var parameters = Options.TokenValidationParameters.Clone();
        if (Options.ConfigurationManager is BaseConfigurationManager manager)
        {
            parameters.ConfigurationManager = manager;
        }
        else
        {
            var configuration = await ConfigurationAsync();
            parameters.ValidIssuers = [.. parameters.ValidIssuers ?? [], configuration.Issuer];
            parameters.IssuerSigningKeys = [.. parameters.IssuerSigningKeys ?? [], .. configuration.SigningKeys];
        }

        var result = await Options.TokenHandler.ValidateTokenAsync(idToken, parameters);
        if (!result.IsValid)
            throw result.Exception ?? new SecurityTokenValidationException("The ID token is not valid.");
        if (result.SecurityToken is not JsonWebToken token)
            throw new SecurityTokenException("The ID token is not a JSON web token.");
        return (new ClaimsPrincipal(result.ClaimsIdentity), JwtSecurityTokenConverter.Convert(token));
    }

    void SaveTokens(AuthenticationProperties properties, OpenIdConnectMessage answer)
    {
        var tokens = new List<AuthenticationToken>();
        Add(OpenIdConnectParameterNames.AccessToken, answer.AccessToken);
        Add(OpenIdConnectParameterNames.IdToken, answer.IdToken);
        Add(OpenIdConnectParameterNames.RefreshToken, answer.RefreshToken);
        Add(OpenIdConnectParameterNames.TokenType, answer.TokenType);
        if (int.TryParse(answer.ExpiresIn, NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds))
            Add("expires_at", TimeProvider.GetUtcNow().AddSeconds(seconds).ToString("o", CultureInfo.InvariantCulture));
        properties.StoreTokens(tokens);

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                tokens.Add(new AuthenticationToken { Name = name, Value = value });
        }
    }

    /// <summary>Adds what the user information endpoint says of the ID token's subject, and of no one else (OpenID Connect Core 5.3.2).</summary>
    protected virtual async Task<HandleRequestResult> GetUserInformationAsync(
        OpenIdConnectMessage message, JwtSecurityToken jwt, ClaimsPrincipal principal, AuthenticationProperties properties)
    {
        var endpoint = (await ConfigurationAsync()).UserInfoEndpoint;
        if (string.IsNullOrEmpty(endpoint) || string.IsNullOrEmpty(message.AccessToken))
        {
            Log.NoUserInformation(Logger, string.IsNullOrEmpty(endpoint) ? "the provider has no endpoint for it" : "there is no access token");
            return Success(principal, properties);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint) { Version = Backchannel.DefaultRequestVersion };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", message.AccessToken);
        using var response = await Backchannel.SendAsync(request, Context.RequestAborted);
        response.EnsureSuccessStatusCode();
        var body = await response.Content.ReadAsStringAsync(Context.RequestAborted);
        if (response.Content.Headers.ContentType?.MediaType is not { } type || !type.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return HandleRequestResult.Fail($"User information of the type '{response.Content.Headers.ContentType}' is not understood.", properties);

        using var user = JsonDocument.Parse(body);
        var information = new UserInformationReceivedContext(Context, Scheme, Options, principal, properties) { ProtocolMessage = message, User = user };
        await Events.UserInformationReceived(information);
        if (information.Result is not null)
            return information.Result;

        Options.ProtocolValidator.ValidateUserInfoResponse(new() { UserInfoEndpointResponse = body, ValidatedIdToken = jwt });
        RunClaimActions(information.User.RootElement, information.Principal!);
        return Success(information.Principal!, information.Properties!);
    }

    void RunClaimActions(JsonElement user, ClaimsPrincipal principal)
    {
        foreach (var action in Options.ClaimActions)
            action.Run(user, (ClaimsIdentity)principal.Identity!, ClaimsIssuer);
    }

    HandleRequestResult Success(ClaimsPrincipal principal, AuthenticationProperties properties) =>
        HandleRequestResult.Success(new AuthenticationTicket(principal, properties, Scheme.Name));
}
