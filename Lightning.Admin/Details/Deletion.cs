using System.Linq.Expressions;
using Lightning.Admin.Forms;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Admin.Details;

/// <summary>Deletes rows, says first what goes along, and takes back what stays.</summary>
sealed class Deletion<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>Rows of rows of rows are looked for so deep.</summary>
    const int Depth = 4;

    public async Task<IReadOnlyList<Consequence>?> ConsequencesAsync(string key, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, deleted: false) is not { } parts) return null;
        return registration.Tombstone is not null ? [] : await GoesAlongAsync(parts, cancellationToken);
    }

    /// <summary>What hangs on a row, whoever removes it.</summary>
    public async Task<IReadOnlyList<Consequence>> GoesAlongAsync(object[] parts, CancellationToken cancellationToken)
    {
        var found = new List<(Consequence Consequence, string Way)>();
        await FollowAsync(registration.Table, row => Expressions.AreEqual(row, registration.Key, parts), (row, foreignKey) => Expressions.AreEqual(row, foreignKey.Properties, parts), "", Depth);
        // The same rows may hang on it in several ways: then each line says by which.
        return [.. found.Where(one => one.Consequence.Count?.Rows != 0)
            .Select(one => found.Count(other => other.Consequence.Title == one.Consequence.Title) > 1 ? one.Consequence with { Title = $"{one.Consequence.Title} (by their {one.Way})" } : one.Consequence)];

        // The first step compares the foreign key with the row's own; those after it follow the navigation back.
        async Task FollowAsync(IEntityType table, Func<Expression, Expression> condition, Func<Expression, IReadOnlyForeignKey, Expression>? direct, string way, int depth)
        {
            foreach (var foreignKey in table.GetReferencingForeignKeys().Where(reference => !reference.IsOwnership && reference.DeclaringEntityType.GetTableName() is not null))
            {
                var dependent = foreignKey.DeclaringEntityType;
                if (depth == 0 || (direct is null && foreignKey.DependentToPrincipal?.PropertyInfo is null)) continue;
                Func<Expression, Expression> leads = direct is not null ? row => direct(row, foreignKey) : row => condition(Expression.Property(row, foreignKey.DependentToPrincipal!.PropertyInfo!));
                // As the model calls it: user, or note's owner.
                var by = Word((IReadOnlyPropertyBase?)foreignKey.DependentToPrincipal ?? foreignKey.Properties[0]) + (way.Length > 0 ? $"’s {way}" : "");
                var effect = foreignKey.DeleteBehavior switch
                {
                    DeleteBehavior.Cascade or DeleteBehavior.ClientCascade => "deleted too",
                    DeleteBehavior.SetNull or DeleteBehavior.ClientSetNull => "kept, without it",
                    _ => "in the way: as long as there are any, it stays",
                };
                // Of what a row is linked with only the link goes.
                if (direct is not null && table.GetSkipNavigations().FirstOrDefault(links => links.ForeignKey == foreignKey) is { PropertyInfo: not null } links && request.Site.Of(links.TargetEntityType.ClrType) is { } others)
                {
                    CappedCount? linked = request.Site.RulesOf(typeof(T)).Reaches(Verb.Read, links.Name) ? await others.Open(request).CountLinkedAsync(query.Linked(parts, links), cancellationToken) : null;
                    found.Add((new(others.Title, linked, effect == "deleted too" ? "kept, without it" : effect), Word(links.Inverse.PropertyInfo is null ? links : links.Inverse)));
                    continue;
                }
                var known = request.Site.Of(dependent.ClrType);
                CappedCount? count = known is null ? null : await known.Open(request).CountAsync(leads, cancellationToken);
                found.Add((new(known?.Title ?? Values.TypedText.Words(dependent.ClrType == typeof(Dictionary<string, object>) ? dependent.DisplayName() : dependent.ClrType.Name), count, effect), by));
                if (effect == "deleted too" && count?.Rows > 0) await FollowAsync(dependent, leads, null, by, depth - 1);
            }
        }
    }

    static string Word(IReadOnlyPropertyBase relation) => Values.TypedText.Words(relation.Name).ToLowerInvariant();

    public async Task<(bool Found, string? Fault)> DeleteAsync(string key)
    {
        if (await FindAsync(key, deleted: false) is not { } parts) return (false, null);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        if (await query.WithKey(query.Living(query.Within(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), Verb.Delete)), parts).SingleOrDefaultAsync() is not { } row) return (false, null);
        registration.Remove(request.Db, row, request.Now);
        return (true, await SaveAsync(transaction));
    }

    public async Task<(bool Found, string? Fault)> RestoreAsync(string key)
    {
        if (registration.Tombstone is not { } tombstone || await FindAsync(key, deleted: true) is not { } parts) return (false, null);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        if (await query.WithKey(query.Within(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), Verb.Delete), parts).SingleOrDefaultAsync() is not { } row) return (false, null);
        request.Db.Entry(row).Property(tombstone.Property!).CurrentValue = null;
        return (true, await SaveAsync(transaction));
    }

    /// <summary>Saves, or says why not. Not to be given up with the request.</summary>
    async Task<string?> SaveAsync(IDbContextTransaction transaction)
    {
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException refusal) when (DatabaseFaults.Of(refusal, registration.Table) is { } fault)
        {
            return fault.Sentence;
        }
        await transaction.CommitAsync();
        return null;
    }

    /// <summary>The key of a row that the actor may read and delete; null where there is none.</summary>
    async Task<object[]?> FindAsync(string key, bool deleted) => registration.Deletes && RowKey.Read(key, registration.Key) is { } parts
        && await query.WithKey(query.Living(query.Within(query.Rows(), Verb.Delete), deleted), parts).AnyAsync() ? parts : null;
}
