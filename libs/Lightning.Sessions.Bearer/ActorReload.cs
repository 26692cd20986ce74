using Lightning.Authorization;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Bearer;

/// <summary>Reloads a caller's rights after they changed them.</summary>
public static class ActorReload
{
    /// <summary>
    /// Drops the caller from this process's cache when the response starts, so that their next request has the rights
    /// that this one gave them. Other processes learn it from the change feed.
    /// </summary>
    /// <exception cref="InvalidOperationException">The request has no actor.</exception>
    public static void ReloadActor(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var actor = context.Features.Get<Actor>() ?? throw new InvalidOperationException("The request has no actor.");
        var feed = context.RequestServices.GetRequiredService<SessionFeed>();
        context.Response.OnStarting(() =>
        {
            feed.Publish(SessionChange.User(actor.UserId));
            return Task.CompletedTask;
        });
    }
}
