using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Details;

/// <summary>Lists what a delete affects.</summary>
public static class DependentRows
{
    /// <summary>The rows that depend on a row, regardless of the actor's rights to it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="entity">The row's entity, which has a registration.</param>
    /// <param name="key">The row's key.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static Task<IReadOnlyList<Consequence>> ReadAsync(
        AdminRequest request,
        Type entity,
        object[] key,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Site.Of(entity)!.Accept(new Reader(request, key, cancellationToken));
    }

    sealed class Reader(AdminRequest request, object[] key, CancellationToken cancellationToken)
        : IRegistrationVisitor<Task<IReadOnlyList<Consequence>>>
    {
        public Task<IReadOnlyList<Consequence>> Visit<T>(AdminFor<T> registration)
            where T : class =>
            new DependentRows<T>(registration, request, new(registration, request)).ReadAsync(key, cancellationToken);
    }
}

sealed class DependentRows<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>The maximum depth of the search for dependent rows.</summary>
    const int Depth = 4;

    /// <summary>The rows that depend on a row, regardless of the actor's rights to it.</summary>
    public async Task<IReadOnlyList<Consequence>> ReadAsync(object[] parts, CancellationToken cancellationToken)
    {
        var found = new List<(Consequence Consequence, string Way)>();
        await FollowAsync(
            registration.Table,
            row => Expressions.AreEqual(row, registration.Key, parts),
            (row, foreignKey) => Expressions.AreEqual(row, foreignKey.Properties, parts),
            "",
            Depth
        );
        // The same table may depend on the row in several ways: then each line names its foreign key.
        return
        [
            .. found
                .Where(one => one.Consequence.Count?.Rows != 0)
                .Select(one =>
                    found.Count(other => other.Consequence.Title == one.Consequence.Title) > 1
                        ? one.Consequence with
                        {
                            Title = $"{one.Consequence.Title} (by their {one.Way})",
                        }
                        : one.Consequence
                ),
        ];

        // The first level compares the foreign key with the row's own key; deeper levels follow navigations.
        async Task FollowAsync(
            IEntityType table,
            Func<Expression, Expression> condition,
            Func<Expression, IReadOnlyForeignKey, Expression>? direct,
            string way,
            int depth
        )
        {
            foreach (
                var foreignKey in table
                    .GetReferencingForeignKeys()
                    .Where(reference =>
                        !reference.IsOwnership && reference.DeclaringEntityType.GetTableName() is not null
                    )
            )
            {
                var dependent = foreignKey.DeclaringEntityType;
                if (depth == 0 || (direct is null && foreignKey.DependentToPrincipal?.PropertyInfo is null))
                    continue;
                Func<Expression, Expression> leads = direct is not null
                    ? row => direct(row, foreignKey)
                    : row => condition(Expression.Property(row, foreignKey.DependentToPrincipal!.PropertyInfo!));
                // The relation's name in the model: "user", or "note's owner".
                var by =
                    Word((IReadOnlyPropertyBase?)foreignKey.DependentToPrincipal ?? foreignKey.Properties[0])
                    + (way.Length > 0 ? $"’s {way}" : "");
                var effect = foreignKey.DeleteBehavior switch
                {
                    DeleteBehavior.Cascade or DeleteBehavior.ClientCascade => "deleted too",
                    DeleteBehavior.SetNull or DeleteBehavior.ClientSetNull => "kept, but the reference is removed",
                    _ => "prevents the deletion",
                };
                // For a many-to-many relation only the join rows are deleted.
                if (
                    direct is not null
                    && table.GetSkipNavigations().FirstOrDefault(links => links.ForeignKey == foreignKey)
                        is { PropertyInfo: not null } links
                    && request.Site.Of(links.TargetEntityType.ClrType) is { } others
                )
                {
                    CappedCount? linked = request.Site.RulesOf(typeof(T)).Reaches(Verb.Read, links.Name)
                        ? await RowLookup
                            .Create(others, request)
                            .CountLinkedAsync(query.Linked(parts, links), cancellationToken)
                        : null;
                    found.Add(
                        (
                            new(
                                others.Title,
                                linked,
                                effect == "deleted too" ? "kept, but the reference is removed" : effect
                            ),
                            Word(links.Inverse.PropertyInfo is null ? links : links.Inverse)
                        )
                    );
                    continue;
                }
                var known = request.Site.Of(dependent.ClrType);
                CappedCount? count = known is null
                    ? null
                    : await RowLookup.Create(known, request).CountAsync(leads, cancellationToken);
                found.Add(
                    (
                        new(
                            known?.Title
                                ?? TypedText.Words(
                                    dependent.ClrType == typeof(Dictionary<string, object>)
                                        ? dependent.DisplayName()
                                        : dependent.ClrType.Name
                                ),
                            count,
                            effect
                        ),
                        by
                    )
                );
                if (effect == "deleted too" && count?.Rows > 0)
                    await FollowAsync(dependent, leads, null, by, depth - 1);
            }
        }
    }

    static string Word(IReadOnlyPropertyBase relation) => TypedText.Words(relation.Name).ToLowerInvariant();
}
