using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lightning.ServiceDefaults;

/// <summary>Content negotiation of errors and pages (RFC 9110, 12.5.1).</summary>
public static class AcceptHeader
{
    static readonly MediaTypeHeaderValue Html = new("text/html");
    static readonly MediaTypeHeaderValue[] Json = [new("application/problem+json"), new("application/json")];

    /// <summary>
    /// Whether the client prefers HTML to JSON, as browsers do when they load a page. False if it accepts both equally,
    /// such as <c>*/*</c> of curl and of scripts.
    /// </summary>
    public static bool PrefersHtml(this HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var accepted = request.GetTypedHeaders().Accept;
        return accepted.Count > 0 && QualityOf(Html, accepted) > Json.Max(type => QualityOf(type, accepted));
    }

    /// <summary>The quality of the most specific range that the type matches; 0 if it is not accepted.</summary>
    static double QualityOf(MediaTypeHeaderValue type, IList<MediaTypeHeaderValue> accepted) =>
        accepted
            .Where(type.IsSubsetOf)
            .OrderByDescending(range =>
                range.MatchesAllTypes ? 0
                : range.MatchesAllSubTypes ? 1
                : 2
            )
            .Select(range => range.Quality ?? 1)
            .FirstOrDefault();
}
