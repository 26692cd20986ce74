using System.Security.Cryptography;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// Looks for a session that is nobody's before the first request is let in, so that a connection and the key ring are there for it: after a restart
/// everybody comes at once, and nothing is remembered.
/// </summary>
sealed partial class FirstLook(IServiceScopeFactory scopes, SessionSecrets secrets, ILogger<FirstLook> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var nobodys = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<WebSessionStore>().FindAsync(nobodys, cancellationToken);
            secrets.UnprotectTicket(nobodys, secrets.ProtectTicket(nobodys, []));
        }
        catch (Exception fault) when (Problems.IsDatabaseAway(fault))
        {
            // It comes back by itself, and until then the first request is as good a look as this one.
            LogDatabaseAway(fault);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(55, LogLevel.Warning, "The database does not answer yet")]
    partial void LogDatabaseAway(Exception fault);
}
