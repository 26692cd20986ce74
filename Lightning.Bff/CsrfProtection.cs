using System.Diagnostics.Metrics;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.Provider;
using Microsoft.AspNetCore.Http.Features;

namespace Lightning.Bff;

/// <summary>
/// Refuses cross-site requests to the BFF and the API, reads included. Two independent checks: a header that only a
/// script of this origin can set (RFC 10017, 6.1.3.3.2), and the browser's Sec-Fetch-Site and Origin headers (ASVS 5.0,
/// 3.5.3). Sibling subdomains are refused too.
/// </summary>
static partial class CsrfProtection
{
    const string Header = "X-CSRF";
    static readonly PathString[] ProtectedPaths = ["/bff", "/api"];

    public static WebApplication UseCsrfProtection(this WebApplication app)
    {
        var party = app.Services.GetRequiredService<RelyingParty>();
        var refused = app
            .Services.GetRequiredService<IMeterFactory>()
            .Create("Lightning.Sessions")
            .CreateCounter<long>("lightning.csrf.refused", "{request}", "Cross-site requests that were refused.");
        app.Use(
            (context, next) =>
            {
                if (
                    !Array.Exists(ProtectedPaths, path => context.Request.Path.StartsWithSegments(path))
                    || IsNavigation(context, party)
                )
                    return next(context);
                if (Refusal(context) is not { } reason)
                    return next(context);
                refused.Add(1);
                return RefuseAsync(context, reason);
            }
        );
        app.Lifetime.ApplicationStarted.Register(() => LogExemptPaths(app, party));
        return app;
    }

    /// <summary>
    /// Requests by navigation or by the provider cannot have the header; state and signatures protect them.
    /// </summary>
    static bool IsNavigation(HttpContext context, RelyingParty party) =>
        context.GetEndpoint()?.Metadata.GetMetadata<NavigationMetadata>() is not null
        || context.Request.Path == party.CallbackPath
        || context.Request.Path == party.SignedOutPath;

    static string? Refusal(HttpContext context)
    {
        var request = context.Request;
        var origin = request.Headers.Origin.ToString();
        // A browser cannot set headers on a WebSocket, but always sends Origin.
        if (IsWebSocket(context))
            return origin.Length > 0 && IsSameOrigin(request, origin)
                ? null
                : "The WebSocket was opened by a page of another origin.";
        if (request.Headers[Header] != "1")
            return $"Send the header {Header}: 1.";
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site && site != "same-origin")
            return "The request was made by a page of another origin.";
        return origin.Length == 0 || IsSameOrigin(request, origin)
            ? null
            : "The request was made by a page of another origin.";
    }

    /// <summary>An upgrade (RFC 6455), or an extended CONNECT over HTTP/2 (RFC 8441).</summary>
    static bool IsWebSocket(HttpContext context) =>
        string.Equals(context.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase)
        || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };

    static bool IsSameOrigin(HttpRequest request, string origin) =>
        string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);

    static Task RefuseAsync(HttpContext context, string reason)
    {
        Refused(context.RequestServices.GetRequiredService<ILogger<RelyingParty>>(), context.Request.Path, reason);
        return Problem.CrossSiteRequest.WriteAsync(context, reason);
    }

    static void LogExemptPaths(WebApplication app, RelyingParty party)
    {
        var exempt = ((IEndpointRouteBuilder)app)
            .DataSources.SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<NavigationMetadata>() is not null)
            .Select(endpoint => endpoint.RoutePattern.RawText)
            .Append(party.CallbackPath.Value)
            .Append(party.SignedOutPath.Value);
        Exempt(app.Logger, string.Join(", ", exempt));
    }

    [LoggerMessage(40, LogLevel.Warning, "A request to {Path} was refused as cross-site: {Reason}")]
    static partial void Refused(ILogger logger, string path, string reason);

    [LoggerMessage(41, LogLevel.Information, "Reached by navigation, so exempt from the CSRF header: {Paths}")]
    static partial void Exempt(ILogger logger, string paths);
}
