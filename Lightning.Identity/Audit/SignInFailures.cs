using Lightning.Data;
using Lightning.Identity.Accounts;

namespace Lightning.Identity.Audit;

/// <summary>
/// Sign-ins that failed. Each is a line of the book, whether the account is known or not: the same statement, so that nobody learns by it which accounts
/// there are, and never what was typed. How many lines there can be, the limits say that are asked before.
/// </summary>
sealed class SignInFailures(LightningDb db, AuditBook book, ProviderMetrics metrics, AccountLimits limits, ILogger<SignInFailures> logger)
{
    const string Failed = "sign-in-failed";

    /// <summary>Enters a failure into what the context will save.</summary>
    /// <returns>To be called once it is committed.</returns>
    public Action Enter(Guid? userId, string method, string reason)
    {
        var entry = book.Enter(Failed, userId, details: new { method, reason });
        return () =>
        {
            metrics.SignInFailed(method);
            book.Done(entry, (log, entry) => Events.SignInFailed(log, entry, method, reason));
        };
    }

    /// <summary>Enters a failure that nothing else is written with.</summary>
    public async Task WriteAsync(Guid? userId, string method, string reason)
    {
        var done = Enter(userId, method, reason);
        await db.SaveChangesAsync();
        done();
    }

    /// <summary>The same for what anybody can cause without a form, and so without its limit: beyond as many it is counted and told to the log only.</summary>
    public Task WriteAsync(HttpContext http, Guid? userId, string method, string reason)
    {
        if (limits.MayFail(http)) return WriteAsync(userId, method, reason);
        metrics.SignInFailed(method);
        Events.SignInFailed(logger, userId, method, reason, http.Connection.RemoteIpAddress?.ToString());
        return Task.CompletedTask;
    }
}
