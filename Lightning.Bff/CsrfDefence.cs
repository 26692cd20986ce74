using System.Diagnostics.Metrics;
using Lightning.ServiceDefaults;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Http.Features;

namespace Lightning.Bff;

/// <summary>
/// Refuses what another site's page made the browser send, for every request that may carry the session, reading ones included.
/// First layer: a header that only a script of this origin can set (RFC 10017, 6.1.3.3.2). Second: what the browser itself says of the request's
/// origin (ASVS 5.0, 3.5.3); a sibling subdomain is no friend.
/// </summary>
static partial class CsrfDefence
{
    const string Header = "X-CSRF";
    static readonly PathString[] Guarded = ["/bff", "/api"];

    public static WebApplication UseCsrfDefence(this WebApplication app)
    {
        var party = app.Services.GetRequiredService<RelyingParty>();
        var refused = app.Services.GetRequiredService<IMeterFactory>().Create("Lightning.Sessions")
            .CreateCounter<long>("lightning.csrf.refused", "{request}", "Requests that another site's page made the browser send.");
        app.Use((context, next) =>
        {
            if (!Array.Exists(Guarded, path => context.Request.Path.StartsWithSegments(path)) || IsNavigation(context, party)) return next(context);
            if (Refusal(context) is not { } reason) return next(context);
            refused.Add(1);
            return RefuseAsync(context, reason);
        });
        app.Lifetime.ApplicationStarted.Register(() => ListExempt(app, party));
        return app;
    }

    /// <summary>Reached by a link or sent by the provider: these can bring no header, and are bound to this browser by other means.</summary>
    static bool IsNavigation(HttpContext context, RelyingParty party) =>
        context.GetEndpoint()?.Metadata.GetMetadata<NavigationMetadata>() is not null
        || context.Request.Path == party.CallbackPath || context.Request.Path == party.SignedOutPath;

    static string? Refusal(HttpContext context)
    {
        var request = context.Request;
        var origin = request.Headers.Origin.ToString();
        // A browser's WebSocket can bring no header of ours, and always says where it comes from.
        if (IsWebSocket(context))
            return origin.Length > 0 && IsOwn(request, origin) ? null : "The WebSocket was opened by a page of another origin.";
        if (request.Headers[Header] != "1")
            return $"Send the header {Header}: 1.";
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site && site != "same-origin")
            return "The request was made by a page of another origin.";
        return origin.Length == 0 || IsOwn(request, origin) ? null : "The request was made by a page of another origin.";
    }

    /// <summary>By an upgrade (RFC 6455), or over HTTP/2 by an extended CONNECT (RFC 8441).</summary>
    static bool IsWebSocket(HttpContext context) =>
        string.Equals(context.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase)
        || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };

    static bool IsOwn(HttpRequest request, string origin) =>
        string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);

    static Task RefuseAsync(HttpContext context, string reason)
    {
        Refused(context.RequestServices.GetRequiredService<ILogger<RelyingParty>>(), context.Request.Path, reason);
        return Problem.CrossSiteRequest.WriteAsync(context, reason);
    }

    static void ListExempt(WebApplication app, RelyingParty party)
    {
        var exempt = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<NavigationMetadata>() is not null)
            .Select(endpoint => endpoint.RoutePattern.RawText).Append(party.CallbackPath.Value).Append(party.SignedOutPath.Value);
        Exempt(app.Logger, string.Join(", ", exempt));
    }

    [LoggerMessage(40, LogLevel.Warning, "A request to {Path} was refused as forged: {Reason}")]
    static partial void Refused(ILogger logger, string path, string reason);

    [LoggerMessage(41, LogLevel.Information, "Reached by navigation, and so without the CSRF header: {Paths}")]
    static partial void Exempt(ILogger logger, string paths);
}
