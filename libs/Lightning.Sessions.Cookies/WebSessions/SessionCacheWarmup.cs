using System.Security.Cryptography;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// Looks up a nonexistent session before the first request, to open a database connection and load the key ring: after
/// a restart all users return at once, and the cache is empty.
/// </summary>
sealed partial class SessionCacheWarmup(
    IServiceScopeFactory scopes,
    SessionProtector protector,
    ILogger<SessionCacheWarmup> logger
) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var hash = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<WebSessionStore>().FindAsync(hash, cancellationToken);
            var owner = new WebSessionOwner(hash, "", Guid.Empty, "", "");
            protector.UnprotectTicket(owner, protector.ProtectTicket(owner, []));
        }
        catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
        {
            // Not fatal: the first request opens the connection instead.
            LogDatabaseUnavailable(ex);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(55, LogLevel.Warning, "The database is unavailable; the session cache was not warmed up")]
    partial void LogDatabaseUnavailable(Exception ex);
}
