using System.Text.RegularExpressions;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Upstream;

/// <summary>Checks at start what configuration says of upstream providers. Each failure is one sentence with the key and the remedy; no secret is ever in it.</summary>
sealed partial class UpstreamOptionsValidation(IHostEnvironment environment) : IValidateOptions<ProviderOptions>
{
    public ValidateOptionsResult Validate(string? name, ProviderOptions options)
    {
        var sentences = options.Upstream.SelectMany(upstream => Faults(upstream.Key, upstream.Value, options)).ToList();
        // People are known by (issuer, subject): two providers of one issuer would be one to them.
        foreach (var twins in options.Upstream.Values.GroupBy(upstream => upstream.Authority, StringComparer.Ordinal).Where(twins => twins.Key.Length > 0 && twins.Skip(1).Any()))
            sentences.Add($"Identity:Upstream holds the authority '{twins.Key}' more than once: describe each provider once, with every client id of yours there in its AcceptedAudiences.");
        return sentences.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(sentences);
    }

    IEnumerable<string> Faults(string name, UpstreamOptions upstream, ProviderOptions provider)
    {
        var key = $"Identity:Upstream:{name}";
        if (!Name().IsMatch(name)) yield return $"{key} has a name that cannot stand in an address: use letters, digits and hyphens, such as Identity:Upstream:Google.";
        if (AuthorityFault(upstream.Authority, provider.Issuer) is { } fault) yield return $"{key}:Authority {fault}";
        if (upstream.ClientId.Length == 0) yield return $"{key}:ClientId is not set: give the client id that the provider knows this service by.";
        if (upstream.ClientSecret is { Length: 0 }) yield return $"{key}:ClientSecret is empty: give the provider's secret for this service, or leave the key out where there is none.";
        if (string.IsNullOrWhiteSpace(upstream.Title)) yield return $"{key}:Title is not set: give the name that people know the provider by, such as Google.";
        if (!upstream.Scope.Split(' ').Contains("openid", StringComparer.Ordinal)) yield return $"{key}:Scope lacks 'openid': write it like 'openid profile email', or leave it out.";
        if (upstream.AcceptedAudiences.Any(string.IsNullOrWhiteSpace)) yield return $"{key}:AcceptedAudiences holds an empty entry: list client ids of your own apps at the provider, or leave it out.";
    }

    // RFC 8414, 2: an issuer has neither query nor fragment. It is compared to the letter, so it is not mended here.
    string? AuthorityFault(string authority, string issuer)
    {
        if (authority.Length == 0) return "is not set: give the provider's issuer, such as https://accounts.google.com.";
        if (authority == issuer) return "is this service itself: name another provider.";
        if (authority.Length > UpstreamPerson.LongestKey) return $"is longer than {UpstreamPerson.LongestKey} characters: the provider needs a shorter issuer.";
        if (!Uri.TryCreate(authority, UriKind.Absolute, out var uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
            return "is no issuer: write the address that its metadata calls issuer, such as https://accounts.google.com.";
        if (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && !environment.IsProduction() && WebOrigin.IsLoopback(uri))) return null;
        return "is not https: use https; plain http is for loopback hosts outside Production.";
    }

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?\\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
