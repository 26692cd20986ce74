using System.Globalization;
using Lightning.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Bearer;

/// <summary>
/// Limits and authorizes responses that outlive the check at their start, such as server-sent events.
/// </summary>
public static class StreamAuthorization
{
    /// <summary>
    /// Counts the response as an open stream of its session and user until the request ends, however it ends.
    /// </summary>
    /// <exception cref="BadHttpRequestException">429: the session or its user has too many open streams.</exception>
    /// <exception cref="InvalidOperationException">The request has no actor.</exception>
    public static void CountAsStream(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var actor = context.Features.Get<Actor>() ?? throw new InvalidOperationException("The request has no actor.");
        context.Response.RegisterForDispose(
            context
                .RequestServices.GetRequiredService<StreamLimits>()
                .Open(actor.SessionId != Guid.Empty ? actor.SessionId : null, actor.UserId)
        );
    }

    /// <summary>
    /// Whether the session is still active, its user still enabled, and the user's rights unchanged since the response
    /// started. While the change feed is up this reads from the cache only.
    /// </summary>
    /// <exception cref="System.Data.Common.DbException">The session is not cached and the database is
    /// unavailable.</exception>
    public static async ValueTask<bool> IsStillAuthorizedAsync(
        this HttpContext context,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Features.Get<Actor>() is not { } actor)
            return false;
        if (actor.SessionId != Guid.Empty)
            return await context
                    .RequestServices.GetRequiredService<ActorCache>()
                    .FindAsync(actor.SessionId, cancellationToken)
                    is { } live
                && live.Actor == actor;
        // An external provider's token without a session is valid until it expires.
        return long.TryParse(
                context.User.FindFirst("exp")?.Value,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var expiresAt
            )
            && context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds() < expiresAt;
    }
}
