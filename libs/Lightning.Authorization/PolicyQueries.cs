using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Authorization;

/// <summary>
/// A row with its grants: the verbs that the database, and not the row's own columns, decides. Loaded in one statement.
/// </summary>
public sealed class RowWithGrants<T>
{
    /// <summary>The row.</summary>
    public required T Row { get; init; }

    /// <summary>The granted verbs, a bit each.</summary>
    public int Granted { get; init; }
}

/// <summary>Filters queries by policy.</summary>
public static class PolicyQueries
{
    /// <summary>Filters rows to those on which the verb is allowed.</summary>
    public static IQueryable<T> Where<T>(this IQueryable<T> rows, Policy<T> policy, Actor actor, Verb verb)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Scope(actor, verb).Apply(rows);
    }

    /// <summary>
    /// The first rows, in an order, on which the verb is allowed. Each alternative of the rule becomes a query that can
    /// use its own index, and their first rows are merged. An OR over several tables would read every row.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="policy">The policy that filters.</param>
    /// <param name="actor">The actor.</param>
    /// <param name="verb">The verb.</param>
    /// <param name="first">Orders rows and takes the first ones.</param>
    public static IQueryable<T> First<T>(
        this IQueryable<T> rows,
        Policy<T> policy,
        Actor actor,
        Verb verb,
        Func<IQueryable<T>, IQueryable<T>> first
    )
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        return rows.First(policy.Alternatives(actor, verb), first);
    }

    /// <summary>The first rows, in an order, of some alternatives of a rule.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="alternatives">Those of <see cref="Policy{T}.Alternatives"/>.</param>
    /// <param name="first">Orders rows and takes the first ones.</param>
    public static IQueryable<T> First<T>(
        this IQueryable<T> rows,
        IReadOnlyList<Condition<T>> alternatives,
        Func<IQueryable<T>, IQueryable<T>> first
    )
        where T : class
    {
        ArgumentNullException.ThrowIfNull(alternatives);
        ArgumentNullException.ThrowIfNull(first);
        var parts = alternatives.Select(alternative => first(alternative.Apply(rows))).ToList();
        return parts.Count switch
        {
            0 => Condition<T>.Never.Apply(rows),
            1 => parts[0],
            _ => first(parts.Aggregate(Queryable.Concat)),
        };
    }

    /// <summary>
    /// Each row with the verbs that the actor may use on it, for <see cref="Policy{T}.Can"/>, in one statement. Verbs
    /// that the row's own columns decide add no SQL.
    /// </summary>
    public static IQueryable<RowWithGrants<T>> WithGrants<T>(this IQueryable<T> rows, Policy<T> policy, Actor actor)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        var granted = policy.GrantedTo(actor);
        var rowWithGrants = Expression.MemberInit(
            Expression.New(typeof(RowWithGrants<T>)),
            Expression.Bind(typeof(RowWithGrants<T>).GetProperty(nameof(RowWithGrants<T>.Row))!, granted.Parameters[0]),
            Expression.Bind(typeof(RowWithGrants<T>).GetProperty(nameof(RowWithGrants<T>.Granted))!, granted.Body)
        );
        return rows.Select(Expression.Lambda<Func<T, RowWithGrants<T>>>(rowWithGrants, granted.Parameters));
    }

    /// <summary>The row of an object, by its key.</summary>
    internal static IQueryable<T> RowOf<T>(this DbContext db, T subject)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(db);
        var key =
            db.Model.FindEntityType(typeof(T))?.FindPrimaryKey()
            ?? throw new InvalidOperationException(
                $"{typeof(T).Name} is no entity with a key, so a rule about it cannot ask the database."
            );
        var row = Expression.Parameter(typeof(T), "row");
        var entry = db.Entry(subject);
        var same = key
            .Properties.Select(property =>
                (Expression)
                    Expression.Equal(
                        Expression.Call(
                            typeof(EF),
                            nameof(EF.Property),
                            [property.ClrType],
                            row,
                            Expression.Constant(property.Name)
                        ),
                        Parameter(property.ClrType, entry.Property(property).CurrentValue)
                    )
            )
            .Aggregate(Expression.AndAlso);
        return db.Set<T>().AsNoTracking().Where(Expression.Lambda<Func<T, bool>>(same, row));
    }

    /// <summary>
    /// A value that EF binds as a parameter, because it is a member of a captured object and not a constant.
    /// </summary>
    static UnaryExpression Parameter(Type type, object? value) =>
        Expression.Convert(Expression.Field(Expression.Constant(new Box { Value = value }), nameof(Box.Value)), type);

    sealed class Box
    {
        public object? Value;
    }
}
