using System.Globalization;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Gate;

/// <summary>Answers that go on, such as server-sent events, and so outlive the check at their beginning.</summary>
public static class OpenAnswers
{
    /// <summary>
    /// Whether an answer that the gate let begin may go on: its session is alive and its user active at this moment, and their rights are those that it began with.
    /// Costs what the gate's own check costs: nothing, while the change feed is alive.
    /// </summary>
    /// <exception cref="System.Data.Common.DbException">It had to be read and the database does not answer.</exception>
    public static async ValueTask<bool> MayGoOnAsync(this HttpContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Features.Get<Actor>() is not { } actor) return false;
        if (actor.SessionId != Guid.Empty)
            return await context.RequestServices.GetRequiredService<LiveActors>().FindAsync(actor.SessionId, cancellationToken) is { } live && live.Actor == actor;
        // Another provider's token that names no session is good to its own end.
        return long.TryParse(context.User.FindFirst("exp")?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var end)
            && context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds() < end;
    }
}
