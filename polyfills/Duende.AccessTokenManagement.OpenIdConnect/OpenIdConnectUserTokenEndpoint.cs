using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Duende.IdentityModel.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Duende.AccessTokenManagement.OpenIdConnect;

sealed partial class OpenIdConnectUserTokenEndpoint(
    IOptions<UserTokenManagementOptions> options,
    IOptionsMonitor<OpenIdConnectOptions> schemes,
    IAuthenticationSchemeProvider schemeProvider,
    ILogger<OpenIdConnectUserTokenEndpoint> logger) : IOpenIdConnectUserTokenEndpoint
{
    public async Task<TokenResult<UserToken>> RefreshAccessTokenAsync(
        UserRefreshToken userToken, UserTokenRequestParameters parameters, CancellationToken ct = default)
    {
        var (client, provider) = await ProviderAsync(parameters, ct);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = userToken.RefreshToken,
        };
        if (parameters.Scope is { } scope)
            form["scope"] = scope;
        if (parameters.Resource is { } resource)
            form["resource"] = resource;

        var (answer, error, description) = await PostAsync(client, provider.TokenEndpoint, form, ct);
        using (answer)
        {
            if (answer is not null)
                return Read(answer.RootElement, userToken.RefreshToken, ClientId.Parse(client.ClientId!));
            error ??= "The token endpoint's answer is empty";
            RefreshFailed(logger, error);
            return TokenResult.Failure(error, description);
        }
    }

    public async Task RevokeRefreshTokenAsync(UserRefreshToken userToken, UserTokenRequestParameters parameters, CancellationToken ct = default)
    {
        var (client, provider) = await ProviderAsync(parameters, ct);
        if (string.IsNullOrEmpty(provider.RevocationEndpoint))
            throw new InvalidOperationException("The provider's metadata names no revocation endpoint.");

        var form = new Dictionary<string, string> { ["token"] = userToken.RefreshToken, ["token_type_hint"] = "refresh_token" };
        var (answer, error, _) = await PostAsync(client, provider.RevocationEndpoint, form, ct);
        answer?.Dispose();
        if (error is not null)
            RevocationFailed(logger, error);
    }

    async Task<(OpenIdConnectOptions Client, OpenIdConnectConfiguration Provider)> ProviderAsync(UserTokenRequestParameters parameters, CancellationToken ct)
    {
        string name = parameters.ChallengeScheme ?? options.Value.ChallengeScheme
            ?? Scheme.Parse((await schemeProvider.GetDefaultChallengeSchemeAsync())?.Name
                ?? throw new InvalidOperationException("Set UserTokenManagementOptions.ChallengeScheme or the default challenge scheme."));
        var client = schemes.Get(name);
        try
        {
            return (client, await client.ConfigurationManager!.GetConfigurationAsync(ct));
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            throw new InvalidOperationException($"The provider's metadata could not be read: {fault.Message}", fault);
        }
    }

    /// <summary>The provider's error counts only where it speaks the protocol (400, RFC 6749, 5.2); else the status line's or the network's.</summary>
    async Task<(JsonDocument? Answer, string? Error, string? Description)> PostAsync(
        OpenIdConnectOptions client, string endpoint, Dictionary<string, string> form, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        Authenticate(client, request, form);
        request.Content = new FormUrlEncodedContent(form);
        try
        {
            using var response = await client.Backchannel.SendAsync(request, ct);
            var body = await response.Content.ReadAsStringAsync(ct);
            if (response.IsSuccessStatusCode)
                return (body.Length == 0 ? null : JsonDocument.Parse(body), null, null);
            if (response.StatusCode != HttpStatusCode.BadRequest)
                return (null, response.ReasonPhrase is { Length: > 0 } reason ? reason : response.StatusCode.ToString(), null);
            using var refusal = JsonDocument.Parse(body);
            return (null, Text(refusal.RootElement, "error") ?? "Bad Request", Text(refusal.RootElement, "error_description"));
        }
        catch (Exception fault) when (!ct.IsCancellationRequested && fault is HttpRequestException or JsonException or OperationCanceledException)
        {
            return (null, fault.Message, null);
        }
    }

    void Authenticate(OpenIdConnectOptions client, HttpRequestMessage request, Dictionary<string, string> form)
    {
        if (options.Value.ClientCredentialStyle == ClientCredentialStyle.PostBody)
        {
            form["client_id"] = client.ClientId!;
            if (!string.IsNullOrEmpty(client.ClientSecret))
                form["client_secret"] = client.ClientSecret;
            return;
        }
        // RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
        var pair = $"{WebUtility.UrlEncode(client.ClientId)}:{WebUtility.UrlEncode(client.ClientSecret ?? "")}";
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
    }

    static TokenResult<UserToken> Read(JsonElement answer, RefreshToken used, ClientId client)
    {
        if (Text(answer, "access_token") is not { Length: > 0 } accessToken)
            return TokenResult.Failure("The token endpoint's answer has no access token");
        var seconds = ExpiresIn(answer);
        return new UserToken
        {
            AccessToken = AccessToken.Parse(accessToken),
            AccessTokenType = AccessTokenType.ParseOrDefault(Text(answer, "token_type")),
            Expiration = seconds == 0 ? DateTimeOffset.MaxValue : DateTimeOffset.UtcNow.AddSeconds(seconds),
            RefreshToken = Text(answer, "refresh_token") is { Length: > 0 } rotated ? RefreshToken.Parse(rotated) : used,
            Scope = Scope.ParseOrDefault(Text(answer, "scope")),
            IdentityToken = IdentityToken.ParseOrDefault(Text(answer, "id_token")),
            ClientId = client,
        };
    }

    // Some providers write the number as a string.
    static int ExpiresIn(JsonElement answer) =>
        answer.TryGetProperty("expires_in", out var value) && int.TryParse(value.ToString(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : 0;

    static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [LoggerMessage(1, LogLevel.Warning, "The access token could not be refreshed: {Error}")]
    static partial void RefreshFailed(ILogger logger, string error);

    [LoggerMessage(2, LogLevel.Warning, "The refresh token could not be revoked: {Error}")]
    static partial void RevocationFailed(ILogger logger, string error);
}
