using Lightning.Data;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Api.Access;

/// <summary>
/// A transaction for several writes. A request with an idempotency key has one already, which its filter commits; then
/// this does nothing.
/// </summary>
sealed class WriteTransaction : IAsyncDisposable
{
    readonly IDbContextTransaction? own;

    WriteTransaction(IDbContextTransaction? own) => this.own = own;

    /// <summary>Begins a transaction, unless there is one.</summary>
    public static async Task<WriteTransaction> BeginAsync(LightningDb db, CancellationToken cancellationToken) =>
        new(db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(cancellationToken) : null);

    /// <summary>Commits; not cancelled, because the writes are done.</summary>
    public Task CommitAsync() => own?.CommitAsync(CancellationToken.None) ?? Task.CompletedTask;

    /// <summary>Rolls back what was not committed.</summary>
    public ValueTask DisposeAsync() => own?.DisposeAsync() ?? ValueTask.CompletedTask;
}
