namespace Lightning.Identity.Web;

/// <summary>In Production no browser gets a page or a code over plain http (RFC 9700, 2.6): it would be read, and changed, on the way.</summary>
static partial class HttpsOnly
{
    static readonly Fault Plain = new(StatusCodes.Status400BadRequest, "This page needs an encrypted connection",
        "Open it with https:// before its address. If that is what you did, tell whoever runs this service.",
        "The request arrived over plain http: let the proxy before this service speak https, send X-Forwarded-Proto, and name its address in Network:TrustedProxies.");

    /// <summary>Refuses what is for browsers and came over plain http, unless a trusted proxy says that it was https.</summary>
    public static void UseHttpsOnly(this WebApplication app)
    {
        if (!app.Environment.IsProduction()) return;
        app.Use((http, next) =>
        {
            if (http.Request.IsHttps || !IsForBrowsers(http.Request.Path)) return next(http);
            LogRefused(app.Logger);
            return new FaultPage(Plain).ExecuteAsync(http);
        });
    }

    static bool IsForBrowsers(PathString path) =>
        path == Paths.Home || path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
        || path.Equals(Paths.Authorize, StringComparison.OrdinalIgnoreCase) || path.Equals(Paths.EndSession, StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(EventId = 1401, Level = LogLevel.Warning,
        Message = "A browser's request arrived over plain http and was refused: let the proxy before this service speak https, send X-Forwarded-Proto, and name its address in Network:TrustedProxies")]
    static partial void LogRefused(ILogger logger);
}
