using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Testing;

/// <summary>Compares HEAD with GET at every path of a service (RFC 9110, 9.3.2).</summary>
public static partial class HeadAndGet
{
    /// <summary>Headers of the body's transfer, and those that differ from response to response.</summary>
    static readonly string[] Incomparable = ["Content-Length", "Transfer-Encoding", "Date", "Set-Cookie", "Location"];

    /// <summary>The paths of all endpoints, with values for their parameters.</summary>
    public static IReadOnlyList<string> PathsOf(IServiceProvider services) =>
        [
            .. services
                .GetRequiredService<EndpointDataSource>()
                .Endpoints.OfType<RouteEndpoint>()
                .Select(endpoint => Fill(endpoint.RoutePattern))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Sends GET and HEAD to every path.</summary>
    /// <param name="client">The client.</param>
    /// <param name="paths">The paths.</param>
    /// <param name="prepare">Adds headers to a request; null for none.</param>
    /// <param name="isOnSocket">Whether a server leaves out the body; the test server does not.</param>
    /// <returns>The differences, and the number of paths that GET answers.</returns>
    public static async Task<(IReadOnlyList<string> Differences, int Answered)> CompareAsync(
        HttpClient client,
        IEnumerable<string> paths,
        Action<HttpRequestMessage>? prepare = null,
        bool isOnSocket = true
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        var differences = new List<string>();
        var answered = 0;
        foreach (var path in paths)
        {
            using var get = await SendAsync(client, HttpMethod.Get, path, prepare);
            using var head = await SendAsync(client, HttpMethod.Head, path, prepare);
            if (get.StatusCode != HttpStatusCode.MethodNotAllowed)
                answered++;
            var (expected, actual) = (Describe(get), Describe(head));
            if (expected != actual)
                differences.Add($"{path}\n  GET:  {expected}\n  HEAD: {actual}");
            if (isOnSocket && (await head.Content.ReadAsByteArrayAsync()).Length > 0)
                differences.Add($"HEAD {path} has a body.");
        }
        return (differences, answered);
    }

    static async Task<HttpResponseMessage> SendAsync(
        HttpClient client,
        HttpMethod method,
        string path,
        Action<HttpRequestMessage>? prepare
    )
    {
        using var request = new HttpRequestMessage(method, path);
        prepare?.Invoke(request);
        // The body of a stream does not end.
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    static string Describe(HttpResponseMessage answer) =>
        $"{(int)answer.StatusCode} "
        + string.Join(
            "; ",
            answer
                .Headers.Concat(answer.Content.Headers)
                .Where(header => !Incomparable.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
                .OrderBy(header => header.Key, StringComparer.Ordinal)
                .Select(header => $"{header.Key}: {Nonce().Replace(string.Join(", ", header.Value), "nonce")}")
        );

    static string Fill(RoutePattern pattern) =>
        "/"
        + string.Join(
            '/',
            pattern.PathSegments.Select(segment =>
                string.Concat(
                    segment.Parts.Select(part =>
                        part switch
                        {
                            RoutePatternLiteralPart literal => literal.Content,
                            RoutePatternSeparatorPart separator => separator.Content,
                            RoutePatternParameterPart parameter => ValueOf(parameter),
                            _ => "",
                        }
                    )
                )
            )
        );

    static string ValueOf(RoutePatternParameterPart parameter) =>
        parameter.ParameterPolicies.Any(policy => policy.Content == "guid") ? "0198c0de-7a11-7000-8000-00000000c0de"
        : parameter.ParameterPolicies.Any(policy => policy.Content?.StartsWith("int", StringComparison.Ordinal) == true)
            ? "404"
        : "unknown";

    [GeneratedRegex("nonce-[A-Za-z0-9+/=]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Nonce();
}
