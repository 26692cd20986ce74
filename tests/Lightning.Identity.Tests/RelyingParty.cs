using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Tests;

/// <summary>A response of a client endpoint.</summary>
public sealed record Answer(HttpStatusCode Status, JsonElement Body)
{
    public string? this[string name] => Body.TryGetProperty(name, out var value) ? value.ToString() : null;

    public string? Error => this["error"];
}

/// <summary>A client with one user's browser. Its requests are valid except for what a test changes.</summary>
public sealed class RelyingParty(
    IdentityUnderTest identity,
    Visitor visitor,
    string clientId,
    string? secret,
    string redirectUri
)
{
    public const string FullScope = "openid profile email offline_access lightning";
    readonly HttpClient backChannel = identity.BackChannel();

    public string ClientId => clientId;

    public string Verifier { get; } = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    public string Nonce { get; } = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(16));

    /// <summary>The parameters of an authorization request; null removes one.</summary>
    public Dictionary<string, string?> Request(params (string Name, string? Value)[] changes)
    {
        var request = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["client_id"] = clientId,
            ["redirect_uri"] = redirectUri,
            ["response_type"] = "code",
            ["scope"] = FullScope,
            ["state"] = "the state",
            ["nonce"] = Nonce,
            ["code_challenge"] = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier))),
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in changes)
            request[name] = value;
        foreach (
            var left in request.Where(parameter => parameter.Value is null).Select(parameter => parameter.Key).ToArray()
        )
            request.Remove(left);
        return request;
    }

    public string AuthorizeUrl(params (string Name, string? Value)[] changes) =>
        QueryHelpers.AddQueryString("/connect/authorize", Request(changes));

    public Task<HttpResponseMessage> AuthorizeAsync(params (string Name, string? Value)[] changes) =>
        visitor.GetAsync(AuthorizeUrl(changes));

    /// <summary>The parameters of the redirect to the client.</summary>
    public static Dictionary<string, string> Callback(HttpResponseMessage response)
    {
        response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        return QueryHelpers
            .ParseQuery(response.Headers.Location!.Query)
            .ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal);
    }

    /// <summary>A code for the signed-in user, who agrees to the client if asked.</summary>
    public async Task<string> CodeAsync(params (string Name, string? Value)[] changes)
    {
        using var response = await AuthorizeAsync(changes);
        if (!IsConsent(response))
            return Callback(response)["code"];
        using var agreed = await visitor.SubmitAsync(response.Headers.Location!.ToString());
        using var resumed = await visitor.GetAsync(agreed.Headers.Location!.ToString());
        return Callback(resumed)["code"];
    }

    /// <summary>Whether a response redirects to the page that asks for consent.</summary>
    public static bool IsConsent(HttpResponseMessage response) =>
        response.Headers.Location?.ToString().StartsWith("/account/consent?", StringComparison.Ordinal) == true;

    public Task<Answer> RedeemAsync(string code, params (string Name, string? Value)[] changes) =>
        PostAsync(
            "/connect/token",
            [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", redirectUri),
                ("code_verifier", Verifier),
                .. changes,
            ]
        );

    public Task<Answer> RefreshAsync(string refreshToken, params (string Name, string? Value)[] changes) =>
        PostAsync("/connect/token", [("grant_type", "refresh_token"), ("refresh_token", refreshToken), .. changes]);

    /// <summary>Tokens for the signed-in user.</summary>
    public async Task<Answer> TokensAsync(params (string Name, string? Value)[] changes) =>
        await RedeemAsync(await CodeAsync(changes));

    public Task<Answer> PushAsync(params (string Name, string? Value)[] changes) =>
        PostAsync("/connect/par", [.. Request().Select(pair => (pair.Key, pair.Value)), .. changes]);

    /// <summary>Calls an endpoint with the client secret; null removes a parameter.</summary>
    public async Task<Answer> PostAsync(string path, params (string Name, string? Value)[] parameters)
    {
        var form = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["client_id"] = clientId,
            ["client_secret"] = secret,
        };
        foreach (var (name, value) in parameters)
            form[name] = value;
        using var content = new FormUrlEncodedContent(
            form.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value!))
        );
        using var response = await backChannel.PostAsync(path, content);
        var body = await response.Content.ReadAsStringAsync();
        return new Answer(response.StatusCode, JsonSerializer.Deserialize<JsonElement>(body.Length > 0 ? body : "{}"));
    }

    public async Task<HttpResponseMessage> UserInfoAsync(string accessToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/connect/userinfo")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) },
        };
        return await backChannel.SendAsync(request);
    }
}
