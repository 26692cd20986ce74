using System.Text.RegularExpressions;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Validates the upstream providers at startup. Each failure names the key and the fix, and never a secret.
/// </summary>
sealed partial class UpstreamOptionsValidation(IHostEnvironment environment) : IValidateOptions<ProviderOptions>
{
    public ValidateOptionsResult Validate(string? name, ProviderOptions options)
    {
        var sentences = options
            .Upstream.SelectMany(upstream => Validate(upstream.Key, upstream.Value, options))
            .ToList();
        // Users are identified by issuer and subject, so two providers must not share an issuer.
        foreach (
            var duplicates in options
                .Upstream.Values.GroupBy(upstream => upstream.Authority, StringComparer.Ordinal)
                .Where(duplicates => duplicates.Key.Length > 0 && duplicates.Skip(1).Any())
        )
            sentences.Add(
                $"Identity:Upstream holds the authority '{duplicates.Key}' more than once: configure each provider "
                    + "once, with all your client ids there in AcceptedAudiences."
            );
        return sentences.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(sentences);
    }

    IEnumerable<string> Validate(string name, UpstreamOptions upstream, ProviderOptions provider)
    {
        var key = $"Identity:Upstream:{name}";
        if (!Name().IsMatch(name))
            yield return $"{key} has a name that is not valid in a URL: use letters, digits and hyphens, such "
                + $"as Identity:Upstream:Google.";
        if (AuthorityError(upstream.Authority, provider.Issuer) is { } error)
            yield return $"{key}:Authority {error}";
        if (upstream.ClientId.Length == 0)
            yield return $"{key}:ClientId is not set: set it to this service's client id at the provider.";
        if (upstream.ClientSecret is { Length: 0 })
            yield return $"{key}:ClientSecret is empty: set it to this service's client secret at the provider, or "
                + "remove the key for a public client.";
        if (string.IsNullOrWhiteSpace(upstream.Title))
            yield return $"{key}:Title is not set: set it to the provider's display name, such as Google.";
        if (!upstream.Scope.Split(' ').Contains("openid", StringComparer.Ordinal))
            yield return $"{key}:Scope lacks 'openid': write it like 'openid profile email', or remove the key.";
        if (upstream.AcceptedAudiences.Any(string.IsNullOrWhiteSpace))
            yield return $"{key}:AcceptedAudiences holds an empty entry: list the client ids of your own apps at "
                + "the provider, or remove the key.";
    }

    // RFC 8414, 2: an issuer has neither query nor fragment. It is compared exactly, so it is not normalized here.
    string? AuthorityError(string authority, string issuer)
    {
        if (authority.Length == 0)
            return "is not set: set it to the provider's issuer, such as https://accounts.google.com.";
        if (authority == issuer)
            return "is this service itself: configure another provider.";
        if (authority.Length > UpstreamUser.MaxKeyLength)
            return $"is longer than {UpstreamUser.MaxKeyLength} characters: the provider needs a shorter issuer.";
        if (
            !Uri.TryCreate(authority, UriKind.Absolute, out var uri)
            || uri.Query.Length > 0
            || uri.Fragment.Length > 0
            || uri.UserInfo.Length > 0
        )
            return "is not a valid issuer: set it to the issuer in the provider's metadata, such as "
                + "https://accounts.google.com.";
        if (
            uri.Scheme == Uri.UriSchemeHttps
            || (uri.Scheme == Uri.UriSchemeHttp && !environment.IsProduction() && WebOrigin.IsLoopback(uri))
        )
            return null;
        return "is not https: use https; plain http is for loopback hosts outside Production.";
    }

    [GeneratedRegex(
        "^[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?\\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Name();
}
