using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Admin.Engine.Details;

/// <summary>Deletes and restores rows.</summary>
sealed class Deletion<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    public async Task<IReadOnlyList<Consequence>?> ConsequencesAsync(string key, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, deleted: false) is not { } parts)
            return null;
        return registration.DeletedAtField is not null
            ? []
            : await new DependentRows<T>(registration, request, query).ReadAsync(parts, cancellationToken);
    }

    public async Task<(bool Found, string? Error)> DeleteAsync(string key)
    {
        if (await FindAsync(key, deleted: false) is not { } parts)
            return (false, null);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        if (
            await query
                .WithKey(
                    query.ApplySoftDelete(
                        query.Within(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), Verb.Delete)
                    ),
                    parts
                )
                .SingleOrDefaultAsync()
            is not { } row
        )
            return (false, null);
        registration.Remove(request.Db, row, request.Now);
        return (true, await SaveAsync(transaction));
    }

    public async Task<(bool Found, string? Error)> RestoreAsync(string key)
    {
        if (registration.DeletedAtField is not { } deletedAt || await FindAsync(key, deleted: true) is not { } parts)
            return (false, null);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        if (
            await query
                .WithKey(query.Within(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), Verb.Delete), parts)
                .SingleOrDefaultAsync()
            is not { } row
        )
            return (false, null);
        request.Db.Entry(row).Property(deletedAt.Property!).CurrentValue = null;
        return (true, await SaveAsync(transaction));
    }

    /// <summary>Saves and returns null, or returns the error. Not cancelled with the request.</summary>
    async Task<string?> SaveAsync(IDbContextTransaction transaction)
    {
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException ex) when (DatabaseErrors.Describe(ex, registration.Table) is { } error)
        {
            return error.Sentence;
        }
        await transaction.CommitAsync();
        return null;
    }

    /// <summary>The key of a row that the actor may read and delete; null if there is none.</summary>
    async Task<object[]?> FindAsync(string key, bool deleted) =>
        registration.Deletes
        && RowKey.Parse(key, registration.Key) is { } parts
        && await query
            .WithKey(query.ApplySoftDelete(query.Within(query.Rows(), Verb.Delete), deleted), parts)
            .AnyAsync()
            ? parts
            : null;
}
