using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity;

/// <summary>
/// Validates <see cref="ProviderOptions"/> beyond its annotations. Each failure names the key and the fix, and never a
/// secret.
/// </summary>
sealed class ProviderOptionsValidation(IHostEnvironment environment) : IValidateOptions<ProviderOptions>
{
    const int SecretLength = 32;

    public ValidateOptionsResult Validate(string? name, ProviderOptions options)
    {
        var sentences = new List<string>();
        if (options.Issuer.Length > 0 && IssuerError(options.Issuer) is { } error)
            sentences.Add(error);
        if (
            options.SecondFactor.RequiredFor is { } whom
            && !SecondFactorPolicy.Known.Contains(whom, StringComparer.OrdinalIgnoreCase)
        )
            sentences.Add(
                $"Identity:SecondFactor:RequiredFor is '{whom}', which is not a known value: write "
                    + $"{string.Join(", ", SecondFactorPolicy.Known)}."
            );
        foreach (var (key, client) in options.Clients)
            sentences.AddRange(Validate($"Identity:Clients:{key}", client));
        foreach (
            var duplicates in options
                .Clients.Values.GroupBy(client => client.ClientId, StringComparer.Ordinal)
                .Where(duplicates => duplicates.Key.Length > 0 && duplicates.Skip(1).Any())
        )
            sentences.Add(
                $"Identity:Clients holds the client id '{duplicates.Key}' more than once: give each client a unique id."
            );
        return sentences.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(sentences);
    }

    // An issuer is compared exactly (OpenID Connect Discovery 1.0, 4.3), so a trailing slash matters.
    string? IssuerError(string issuer) =>
        !Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != issuer
            ? "Identity:Issuer is not an origin: write scheme, host and port only, without a slash at the end, "
                + "such as https://id.example.com."
            : TransportError("Identity:Issuer", uri);

    IEnumerable<string> Validate(string key, ClientOptions client)
    {
        if (client.ClientId.Length == 0)
            yield return $"{key}:ClientId is not set: set it to the client_id, such as lightning-bff.";
        if (client.IsPublic && client.Secret is not null)
            yield return $"{key}:Secret is set, but {key}:IsPublic says that the client can keep none: remove one of "
                + $"the two.";
        if (!client.IsPublic && client.Secret is null)
            yield return $"{key}:Secret is not set: give the client and this service the same {SecretLength} or more "
                + $"random characters.";
        if (!client.IsPublic && client.Secret is { Length: < SecretLength })
            yield return $"{key}:Secret is shorter than {SecretLength} characters: make one with `openssl rand "
                + $"-base64 32`.";
        if (
            client.BaseUri is not null
            && (
                !Uri.TryCreate(client.BaseUri, UriKind.Absolute, out var home)
                || TransportError($"{key}:BaseUri", home) is not null
            )
        )
            yield return $"{key}:BaseUri is not a valid base URL: write one like "
                + $"https://app.example.com (http on loopback hosts outside Production only).";

        if (client.ClientId.Length > 0 && Guid.TryParse(client.ClientId, out _))
            yield return $"{key}:ClientId looks like a person's id: give the client a name, such as lightning-bff "
                + $"(RFC 9700, 4.15).";
        if (client.IsPublic && client.GrantTypes.Contains(GrantTypes.ClientCredentials, StringComparer.Ordinal))
            yield return $"{key}:GrantTypes holds '{GrantTypes.ClientCredentials}', but {key}:IsPublic says that the "
                + $"client can keep no secret: remove one of the two.";
        if (client.IsPublic && client.IsResourceServer)
            yield return $"{key}:IsResourceServer is set, but {key}:IsPublic says that the client can keep no "
                + $"secret: remove one of the two.";
        if (client.IsPublic && client.TakesActing)
            yield return $"{key}:TakesActing is set, but {key}:IsPublic says that the client can keep no secret: "
                + $"remove one of the two.";
        if (
            client.BackChannelLogoutUri is { } logout
            && (
                UriError($"{key}:BackChannelLogoutUri", client, logout)
                ?? ServerError($"{key}:BackChannelLogoutUri", client.Absolute(logout))
            )
                is { } unreachable
        )
            yield return unreachable;
        if (client.InitiateLoginUri is { } login && UriError($"{key}:InitiateLoginUri", client, login) is { } unusable)
            yield return unusable;
        foreach (
            var (list, uris) in new[]
            {
                ("RedirectUris", client.RedirectUris),
                ("PostLogoutRedirectUris", client.PostLogoutRedirectUris),
            }
        )
        foreach (var uri in uris)
            if (UriError($"{key}:{list}", client, uri) is { } error)
                yield return error;
        foreach (var origin in client.Origins)
            if (!client.IsPublic)
                yield return $"{key}:Origins holds '{origin}', but only a public client's scripts call from "
                    + $"browsers: remove it, or set {key}:IsPublic.";
            else if (WebOrigin.Validate($"{key}:Origins", origin, environment.IsProduction()) is { } error)
                yield return error;
        foreach (var scope in client.Scopes.Except(Scopes.All, StringComparer.Ordinal))
            yield return $"{key}:Scopes holds '{scope}', which is not a supported scope: choose from "
                + $"{string.Join(' ', Scopes.All)}.";
        foreach (var grant in client.GrantTypes.Except(GrantTypes.All, StringComparer.Ordinal))
            yield return $"{key}:GrantTypes holds '{grant}', which is not supported: choose from "
                + $"{string.Join(' ', GrantTypes.All)}.";
    }

    string? UriError(string key, ClientOptions client, string text)
    {
        if (text.StartsWith('/') && client.BaseUri is null)
            return $"{key} holds the relative '{text}', but the client has no BaseUri: set it to the address at "
                + $"which browsers reach the client, such as http://localhost:5100.";
        // RFC 6749, 3.1.2: absolute and without a fragment.
        if (
            !Uri.TryCreate(client.Absolute(text), UriKind.Absolute, out var uri)
            || uri.Fragment.Length > 0
            || text.Contains('*', StringComparison.Ordinal)
        )
            return $"{key} holds '{text}', which is not an absolute URL without a fragment: write one like "
                + $"https://app.example.com/signin-oidc.";
        // RFC 8252, 7.3 and 8.3: a native app's loopback redirect URI uses plain HTTP with an IP literal, which DNS
        // cannot redirect.
        return client.IsPublic && uri.Scheme == "http" && WebOrigin.IsLoopbackLiteral(uri)
            ? null
            : TransportError(key, uri);
    }

    // RFC 9700, 2.6: plain HTTP only for loopback hosts outside Production. A native app's private-use scheme (RFC
    // 8252, 7.1) contains a dot.
    string? TransportError(string key, Uri uri) =>
        uri.Scheme switch
        {
            "https" => null,
            "http" when !environment.IsProduction() && WebOrigin.IsLoopback(uri) => null,
            "http" =>
                $"{key} holds '{uri}' over plain http: use https; plain http is for loopback hosts outside Production.",
            _ when uri.Scheme.Contains('.', StringComparison.Ordinal) => null,
            _ => $"{key} holds '{uri}', whose scheme is not allowed: use https.",
        };

    // OpenID Connect Back-Channel Logout 1.0, 2.2: this service calls the URL itself.
    static string? ServerError(string key, string uri) =>
        new Uri(uri).Scheme is "https" or "http"
            ? null
            : $"{key} holds '{uri}', which is not an HTTP URL: write one like https://app.example.com/backchannel.";
}
