using Lightning.Data;
using Lightning.Identity.RateLimits;

namespace Lightning.Identity.Audit;

/// <summary>
/// Records failed sign-ins in the audit log. Known and unknown accounts cost the same statement, so that timing does
/// not reveal which accounts exist. Never records what was typed.
/// </summary>
sealed class SignInFailureLog(
    LightningDb db,
    AuditLog audit,
    ProviderMetrics metrics,
    AccountRateLimits limits,
    ILogger<SignInFailureLog> logger
)
{
    const string Failed = "sign-in-failed";

    /// <summary>Adds a failure to the context.</summary>
    /// <returns>An action to call after the commit.</returns>
    public Action Add(Guid? userId, string method, string reason)
    {
        var entry = audit.Add(Failed, userId, details: new { method, reason });
        return () =>
        {
            metrics.SignInFailed(method);
            audit.AfterCommit(entry, (log, entry) => Events.SignInFailed(log, entry, method, reason));
        };
    }

    /// <summary>Saves a failure in its own transaction.</summary>
    public async Task WriteAsync(Guid? userId, string method, string reason)
    {
        var done = Add(userId, method, reason);
        await db.SaveChangesAsync();
        done();
    }

    /// <summary>
    /// Saves a failure that can be caused without posting a form, and so without the form limit. Above the limit, it is
    /// only counted and logged.
    /// </summary>
    public Task WriteAsync(HttpContext http, Guid? userId, string method, string reason)
    {
        if (limits.MayFail(http))
            return WriteAsync(userId, method, reason);
        metrics.SignInFailed(method);
        Events.SignInFailed(logger, userId, method, reason, http.Connection.RemoteIpAddress?.ToString());
        return Task.CompletedTask;
    }
}
