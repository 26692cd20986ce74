namespace Lightning.Identity.Web;

/// <summary>
/// Refuses plain HTTP from browsers in Production, because pages and codes could be read or changed in transit (RFC
/// 9700, 2.6).
/// </summary>
static partial class HttpsOnly
{
    static readonly PageError Plain = new(
        StatusCodes.Status400BadRequest,
        "This page needs an encrypted connection",
        "Open it with https:// in front of its address. If you did, contact support.",
        "The request arrived over plain HTTP: configure the proxy in front of this service to use HTTPS and to send "
            + "X-Forwarded-Proto, and add its address to Network:TrustedProxies."
    );

    /// <summary>Refuses browser requests over plain HTTP, unless a trusted proxy reports HTTPS.</summary>
    public static void UseHttpsOnly(this WebApplication app)
    {
        if (!app.Environment.IsProduction())
            return;
        app.Use(
            (http, next) =>
            {
                if (http.Request.IsHttps || !IsForBrowsers(http.Request.Path))
                    return next(http);
                LogRefused(app.Logger);
                return new ErrorPageResult(Plain).ExecuteAsync(http);
            }
        );
    }

    static bool IsForBrowsers(PathString path) =>
        path == Paths.Home
        || path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
        || path.Equals(Paths.Authorize, StringComparison.OrdinalIgnoreCase)
        || path.Equals(Paths.EndSession, StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(
        EventId = 1401,
        Level = LogLevel.Warning,
        Message = "A browser's request over plain HTTP was refused: configure the proxy in front of this service to "
            + "use HTTPS and to send X-Forwarded-Proto, and add its address to Network:TrustedProxies"
    )]
    static partial void LogRefused(ILogger logger);
}
