using Yarp.ReverseProxy.Forwarder;

namespace Lightning.Bff.Proxy;

/// <summary>
/// Logs in one line that a service did not answer. The forwarder's own log, which <c>appsettings.json</c> turns off,
/// adds a stack trace and also reports clients that disconnect.
/// </summary>
sealed partial class UnansweredRequests(ILogger<UnansweredRequests> logger)
{
    /// <summary>
    /// Logs why a request was not answered; nothing if it was, or if the client disconnected.
    /// </summary>
    public void Report(HttpContext context)
    {
        if (
            context.Features.Get<IForwarderErrorFeature>() is { Exception: { } ex } failure
            && IsServiceError(failure.Error)
            && !context.RequestAborted.IsCancellationRequested
        )
            NotAnswered(
                logger,
                (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText,
                failure.Error,
                ex.Message
            );
    }

    static bool IsServiceError(ForwarderError error) =>
        error
            is ForwarderError.Request
                or ForwarderError.RequestCreation
                or ForwarderError.RequestTimedOut
                or ForwarderError.RequestBodyDestination
                or ForwarderError.ResponseHeaders
                or ForwarderError.ResponseBodyDestination
                or ForwarderError.UpgradeRequestDestination
                or ForwarderError.UpgradeResponseDestination;

    [LoggerMessage(
        80,
        LogLevel.Warning,
        "A request to {Route} was not answered by the service behind it ({Error}): {Reason}"
    )]
    static partial void NotAnswered(ILogger logger, string? route, ForwarderError error, string reason);
}
