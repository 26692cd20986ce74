using System.Linq.Expressions;
using System.Reflection;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Queries;

/// <summary>
/// Builds the queries of a registration's rows: each begins with the policy's filter, and each value of a related row
/// passes that row's policy.
/// </summary>
/// <param name="registration">The rows' registration.</param>
/// <param name="request">The request.</param>
sealed class RowQuery<T>(AdminFor<T> registration, AdminRequest request)
    where T : class
{
    static readonly MethodInfo[] Ordering =
    [
        .. new[]
        {
            nameof(Queryable.OrderBy),
            nameof(Queryable.OrderByDescending),
            nameof(Queryable.ThenBy),
            nameof(Queryable.ThenByDescending),
        }.Select(name =>
            typeof(Queryable).GetMethods().Single(method => method.Name == name && method.GetParameters().Length == 2)
        ),
    ];
    readonly ScopedReads reads = new(request.Site, request.Actor);
    readonly EntityRules rules = request.Site.RulesOf(typeof(T));

    /// <summary>All rows, including unreadable ones, of which nothing may be shown.</summary>
    public IQueryable<T> All => request.Db.Set<T>().AsNoTracking();

    /// <summary>The rows on which the actor may perform a verb.</summary>
    public IQueryable<T> Rows(Verb verb = Verb.Read) => Within(All, verb);

    /// <summary>Restricts rows to those on which the actor may perform a verb.</summary>
    public IQueryable<T> Within(IQueryable<T> rows, Verb verb) =>
        rules.Scope(request.Actor, verb) is { } scope ? rows.Where((Expression<Func<T, bool>>)scope) : rows;

    /// <summary>The row with a key.</summary>
    public IQueryable<T> WithKey(IQueryable<T> rows, IReadOnlyList<object> key) =>
        rows.Where(Expressions.Condition<T>(row => SameKey(row, key)));

    /// <summary>The rows with any of the keys.</summary>
    public IQueryable<T> WithKeys(IQueryable<T> rows, IReadOnlyCollection<IReadOnlyList<object>> keys) =>
        rows.Where(Expressions.Condition<T>(row => HasAnyKey(row, keys)));

    /// <summary>True if a row has one of the keys.</summary>
    public Expression HasAnyKey(Expression row, IReadOnlyCollection<IReadOnlyList<object>> keys) =>
        Expressions.MatchesAnyKey(row, registration.Key, keys);

    /// <summary>The rows linked with one row by a many-to-many relation.</summary>
    public IQueryable Linked(IReadOnlyList<object> key, ISkipNavigation links)
    {
        var (row, target) = (Expression.Parameter(typeof(T), "row"), links.TargetEntityType.ClrType);
        var leads = Expression.Lambda(
            typeof(Func<,>).MakeGenericType(typeof(T), typeof(IEnumerable<>).MakeGenericType(target)),
            Expression.Property(row, links.PropertyInfo!),
            row
        );
        var rows = WithKey(All, key);
        return rows.Provider.CreateQuery(
            Expression.Call(
                typeof(Queryable),
                nameof(Queryable.SelectMany),
                [typeof(T), target],
                rows.Expression,
                Expression.Quote(leads)
            )
        );
    }

    /// <summary>Restricts rows to those that are not soft-deleted, or only to those that are.</summary>
    public IQueryable<T> ApplySoftDelete(IQueryable<T> rows, bool deleted = false)
    {
        if (registration.DeletedAtField is not { } deletedAt)
            return rows;
        return rows.Where(
            Expressions.Condition<T>(row =>
                Expression.MakeBinary(
                    deleted ? ExpressionType.NotEqual : ExpressionType.Equal,
                    deletedAt.Read.ApplyTo(row).ConvertTo(typeof(DateTimeOffset?)),
                    Expression.Constant(null, typeof(DateTimeOffset?))
                )
            )
        );
    }

    /// <summary>
    /// A value of a row, null if it belongs to an unreadable related row; for a many-to-many field, the first linked
    /// rows by key and name, one more than are shown.
    /// </summary>
    public Expression Value(Field field, Expression row, int mostLinked = ScopedReads.MaxLinked) =>
        field.ManyToMany is { } links
            ? reads.Linked(field.Read, row, request.Site.Of(links.TargetEntityType.ClrType)!, mostLinked + 1)
            : reads.Value(field.Read, row);

    /// <summary>The sort columns, followed by the primary key, which makes the order unique.</summary>
    /// <param name="columns">The columns, each with its direction.</param>
    /// <param name="row">The row parameter of the query.</param>
    public IReadOnlyList<OrderBy> Order(IReadOnlyList<(Field Field, bool Descends)> columns, ParameterExpression row)
    {
        // In the direction of the last column, so that one index covers both.
        var descends = columns.Count == 0 || columns[^1].Descends;
        return
        [
            .. columns.Select(column => new OrderBy(
                Value(column.Field, row),
                column.Descends,
                column.Field.Property!.IsNullable || column.Field.Navigations.Count > 0,
                column.Field.Property.GetTypeMapping().Converter is null && column.Field.Type != typeof(bool)
            )),
            .. registration.Key.Select(key => new OrderBy(
                Expressions.Property(row, key.ClrType, key.Name),
                descends,
                false,
                key.GetTypeMapping().Converter is null
            )),
        ];
    }

    /// <summary>The default order of the rows.</summary>
    public IReadOnlyList<OrderBy> DefaultOrder(ParameterExpression row) => Order(registration.Ordered, row);

    /// <summary>Sorts the rows.</summary>
    public static IQueryable<T> Sort(IQueryable<T> rows, IEnumerable<OrderBy> order, ParameterExpression row)
    {
        var index = 0;
        foreach (var by in order)
        {
            var how = Ordering[(index++ == 0 ? 0 : 2) + (by.Descends ? 1 : 0)]
                .MakeGenericMethod(typeof(T), by.Value.Type);
            rows = (IQueryable<T>)how.Invoke(null, [rows, Expression.Lambda(by.Value, row)])!;
        }
        return rows;
    }

    /// <summary>Selects only the given values of each row.</summary>
    public static IQueryable<object?[]> Values(
        IQueryable<T> rows,
        ParameterExpression row,
        IEnumerable<Expression> values
    ) =>
        rows.Select(
            Expression.Lambda<Func<T, object?[]>>(
                Expression.NewArrayInit(typeof(object), values.Select(value => value.ConvertTo(typeof(object)))),
                row
            )
        );

    /// <summary>The parts of a row's key.</summary>
    public IEnumerable<Expression> KeyOf(Expression row) =>
        registration.Key.Select(key => Expressions.Property(row, key.ClrType, key.Name));

    /// <summary>True if the actor may perform a verb on the row.</summary>
    public Expression May(Verb verb, ParameterExpression row) =>
        !rules.Knows(verb) ? Expression.Constant(false)
        : rules.Scope(request.Actor, verb) is { } scope ? scope.ApplyTo(row)
        : Expression.Constant(true);

    /// <summary>True if the actor may run an action on the row and the action applies to it.</summary>
    public Expression Can(RowAction action, ParameterExpression row) =>
        action.Condition is { } condition
            ? Expression.AndAlso(May(action.Verb, row), Meets(condition, row))
            : May(action.Verb, row);

    /// <summary>True if the row, as far as the actor may read it, meets a condition.</summary>
    public Expression Meets(Field? condition, ParameterExpression row) =>
        condition is null ? Expression.Constant(true)
        : Value(condition, row) is var value && value.Type == typeof(bool) ? value
        : Expression.Equal(value, Expression.Constant(true, typeof(bool?)));

    Expression SameKey(Expression row, IReadOnlyList<object> key) => Expressions.AreEqual(row, registration.Key, key);
}
