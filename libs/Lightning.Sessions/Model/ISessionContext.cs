using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Lightning.Sessions.Model;

/// <summary>
/// The application's database context, as far as sessions use it. Sessions share its connection and its transaction.
/// Register it as a scoped service, and call <see cref="SessionModelExtensions.AddSessions"/> in its model.
/// </summary>
public interface ISessionContext
{
    /// <summary>The connection and the transaction.</summary>
    DatabaseFacade Database { get; }

    /// <summary>Messages to send.</summary>
    DbSet<OutboxMessage> Outbox { get; }

    /// <summary>Used single-use tokens, to detect replay.</summary>
    DbSet<SeenToken> SeenTokens { get; }

    /// <inheritdoc cref="DbContext.SaveChangesAsync(CancellationToken)"/>
    Task<int> SaveChangesAsync(CancellationToken cancellationToken = default);
}
