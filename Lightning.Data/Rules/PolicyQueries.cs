using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Data.Rules;

/// <summary>A row, and what the database says about it that its own columns do not. Asked in the same statement.</summary>
public sealed class Guarded<T>
{
    /// <summary>The row.</summary>
    public required T Row { get; init; }

    /// <summary>A bit for each verb that the database granted.</summary>
    public int Granted { get; init; }
}

/// <summary>Narrows queries by policy.</summary>
public static class PolicyQueries
{
    /// <summary>The rows that the actor may do it to.</summary>
    public static IQueryable<T> Where<T>(this IQueryable<T> rows, Policy<T> policy, Actor actor, Verb verb)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Scope(actor, verb).Apply(rows);
    }

    /// <summary>
    /// The first of the rows that the actor may do it to, in an order. Each alternative of the rule is a query of its own with an index of its own, and what they
    /// find first is put together: an OR over several tables would read every row there is.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="policy">Whose rule narrows them.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="verb">For what.</param>
    /// <param name="first">Orders rows and takes the first of them.</param>
    /// <param name="without">An alternative of the rule that holds for none of these rows, so that nothing is looked for by it.</param>
    public static IQueryable<T> First<T>(this IQueryable<T> rows, Policy<T> policy, Actor actor, Verb verb, Func<IQueryable<T>, IQueryable<T>> first, Rule<T>? without = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(first);
        var parts = policy.Parts(actor, verb, without).Select(part => first(part.Apply(rows))).ToList();
        return parts.Count switch
        {
            0 => Condition<T>.Never.Apply(rows),
            1 => parts[0],
            _ => first(parts.Aggregate(Queryable.Concat)),
        };
    }

    /// <summary>Each row with what the actor may do to it, for <see cref="Policy{T}.Can"/>: in one statement, and without a word of SQL where the rows' own columns decide.</summary>
    public static IQueryable<Guarded<T>> Guard<T>(this IQueryable<T> rows, Policy<T> policy, Actor actor)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        var granted = policy.GrantedTo(actor);
        var guarded = Expression.MemberInit(
            Expression.New(typeof(Guarded<T>)),
            Expression.Bind(typeof(Guarded<T>).GetProperty(nameof(Guarded<T>.Row))!, granted.Parameters[0]),
            Expression.Bind(typeof(Guarded<T>).GetProperty(nameof(Guarded<T>.Granted))!, granted.Body));
        return rows.Select(Expression.Lambda<Func<T, Guarded<T>>>(guarded, granted.Parameters));
    }

    /// <summary>The row of an object, by its key.</summary>
    internal static IQueryable<T> RowOf<T>(this DbContext db, T subject)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(db);
        var key = db.Model.FindEntityType(typeof(T))?.FindPrimaryKey()
            ?? throw new InvalidOperationException($"{typeof(T).Name} is no entity with a key, so a rule about it cannot ask the database.");
        var row = Expression.Parameter(typeof(T), "row");
        var entry = db.Entry(subject);
        var same = key.Properties.Select(property => (Expression)Expression.Equal(
            Expression.Call(typeof(EF), nameof(EF.Property), [property.ClrType], row, Expression.Constant(property.Name)),
            Parameter(property.ClrType, entry.Property(property).CurrentValue))).Aggregate(Expression.AndAlso);
        return db.Set<T>().AsNoTracking().Where(Expression.Lambda<Func<T, bool>>(same, row));
    }

    /// <summary>A value as EF binds it: read from an object, not a constant, so that one plan serves all keys.</summary>
    static UnaryExpression Parameter(Type type, object? value) =>
        Expression.Convert(Expression.Field(Expression.Constant(new Box { Value = value }), nameof(Box.Value)), type);

    sealed class Box
    {
        public object? Value;
    }
}
