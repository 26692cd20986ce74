using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Queries;

/// <summary>
/// Applies the policy of every related row that an expression reaches through a navigation: unreadable rows are treated
/// as missing. Nothing is added where a policy allows every row.
/// </summary>
sealed class ScopedReads(AdminSite site, Actor actor) : ExpressionVisitor
{
    /// <summary>The maximum number of linked rows shown per field.</summary>
    public const int MaxLinked = 10;

    /// <summary>The value of a column; null if the related row is missing or unreadable.</summary>
    public Expression Value(LambdaExpression column, Expression row)
    {
        var value = column.ApplyTo(row).WithoutBoxing();
        return column.Path() is null || GoesThroughLists(value) ? Visit(value) : Member(value);
    }

    /// <summary>The value of a member path; null if a row on the path is missing or unreadable.</summary>
    public Expression Member(Expression value)
    {
        if (!WayTo(value).Any(at => Navigation(at) is not null))
            return value;
        var type = value.Type.MakeNullable();
        return Readable(value) is { } readable
            ? Expression.Condition(readable, value.ConvertTo(type), Expression.Constant(null, type))
            : value.ConvertTo(type);
    }

    /// <summary>
    /// The first linked rows of a many-to-many relation, in primary key order, each as its key and its name.
    /// </summary>
    public Expression Linked(LambdaExpression links, Expression row, Registration target, int most)
    {
        var (type, other) = (target.Entity, Expression.Parameter(target.Entity, "other"));
        var member = (MemberExpression)links.ApplyTo(row).WithoutBoxing();
        // EF would number all rows of the join table with ROW_NUMBER() for a plain equality join. This always-true
        // predicate, which EF cannot simplify, makes it emit a lateral join with a limit per row.
        var first = Navigation(member)!.DeclaringEntityType.FindPrimaryKey()!.Properties[0];
        var (own, some) = (
            Expressions.Property(member.Expression!, first.ClrType, first.Name),
            first.ClrType == typeof(string) ? "" : Activator.CreateInstance(first.ClrType)
        );
        var each = Expression.OrElse(
            Expression.Equal(own, Expressions.Parameter(first.ClrType, some)),
            Expression.NotEqual(own, Expressions.Parameter(first.ClrType, some))
        );
        Expression rows = Expression.Call(
            typeof(Enumerable),
            nameof(Enumerable.Where),
            [type],
            Visit(member),
            Expression.Lambda(each, other)
        );
        var order = nameof(Enumerable.OrderBy);
        foreach (var key in target.Key)
        {
            rows = Expression.Call(
                typeof(Enumerable),
                order,
                [type, key.ClrType],
                rows,
                Expression.Lambda(Expressions.Property(other, key.ClrType, key.Name), other)
            );
            order = nameof(Enumerable.ThenBy);
        }
        var values = target
            .Key.Select(key => Expressions.Property(other, key.ClrType, key.Name))
            .Append(Value(target.NamedBy!.Read, other))
            .Select(value => value.ConvertTo(typeof(object)));
        rows = Expression.Call(typeof(Enumerable), nameof(Enumerable.Take), [type], rows, Expression.Constant(most));
        rows = Expression.Call(
            typeof(Enumerable),
            nameof(Enumerable.Select),
            [type, typeof(object[])],
            rows,
            Expression.Lambda(Expression.NewArrayInit(typeof(object), values), other)
        );
        return Expression.Call(typeof(Enumerable), nameof(Enumerable.ToList), [typeof(object[])], rows);
    }

    /// <summary>True if a row is linked with a row that meets a condition.</summary>
    public Expression AnyLinked(
        LambdaExpression links,
        Expression row,
        ISkipNavigation navigation,
        Func<Expression, Expression> condition
    )
    {
        var other = Expression.Parameter(navigation.TargetEntityType.ClrType, "other");
        return Expression.Call(
            typeof(Enumerable),
            nameof(Enumerable.Any),
            [other.Type],
            Visit(links.ApplyTo(row).WithoutBoxing()),
            Expression.Lambda(condition(other), other)
        );
    }

    protected override Expression VisitMember(MemberExpression node)
    {
        if (node.Expression is null)
            return node;
        // A collection: only its readable rows, or none if it is reached through an unreadable row.
        if (Navigation(node) is { IsCollection: true } collection && Rows(node, collection) is { } rows)
            return Expression.Call(
                typeof(Enumerable),
                nameof(Enumerable.Where),
                [collection.TargetEntityType.ClrType],
                IsReachedByMembers(node) ? node : base.VisitMember(node),
                rows
            );
        if (
            node.Expression is MemberExpression list
            && Navigation(list) is { IsCollection: true } counted
            && node.Member.Name == "Count"
            && Rows(list, counted) is not null
        )
            return Expression.Call(
                typeof(Enumerable),
                nameof(Enumerable.Count),
                [counted.TargetEntityType.ClrType],
                Visit(list)
            );
        // A value of a related row: only if that row is readable.
        var value = base.VisitMember(node);
        if (
            Plain(node.Expression) is MemberExpression inner
            && Navigation(inner) is { IsCollection: false } reference
            && Scope(reference) is { } condition
        )
        {
            var type = node.Type.MakeNullable();
            value = Expression
                .Condition(condition.ApplyTo(inner), value.ConvertTo(type), Expression.Constant(null, type))
                .ConvertTo(node.Type.IsValueType ? type : node.Type);
            if (type != node.Type)
                value = Expression.Coalesce(value, Expression.Default(node.Type));
        }
        return value;
    }

    bool GoesThroughLists(Expression value) =>
        value is MemberExpression member
        && WayTo(value).Prepend(member).Any(at => Navigation(at) is { IsCollection: true });

    /// <summary>The members on the path to a value, innermost last, without the value itself.</summary>
    static IEnumerable<MemberExpression> WayTo(Expression value)
    {
        for (
            var at = value as MemberExpression;
            at?.Expression is not null && Plain(at.Expression) is MemberExpression before;
            at = before
        )
            yield return before;
    }

    static bool IsReachedByMembers(MemberExpression node) =>
        Plain((WayTo(node).LastOrDefault() ?? node).Expression!) is ParameterExpression;

    /// <summary>True if every row on the path to a value is readable; null if there is nothing to check.</summary>
    Expression? Readable(Expression value)
    {
        Expression? readable = null;
        foreach (var at in WayTo(value))
            if (Navigation(at) is { } navigation && Scope(navigation)?.ApplyTo(at) is { } condition)
                readable = readable is null ? condition : Expression.AndAlso(condition, readable);
        return readable;
    }

    /// <summary>The filter for a collection's readable rows; null means all.</summary>
    LambdaExpression? Rows(MemberExpression list, INavigationBase collection)
    {
        var (scope, readable) = (Scope(collection), Readable(list));
        if (readable is null)
            return scope;
        var row = Expression.Parameter(collection.TargetEntityType.ClrType, "reached");
        return Expression.Lambda(scope is null ? readable : Expression.AndAlso(readable, scope.ApplyTo(row)), row);
    }

    INavigationBase? Navigation(MemberExpression node) =>
        node.Expression is null ? null : site.Navigation(node.Expression.Type, node.Member);

    LambdaExpression? Scope(INavigationBase navigation) =>
        navigation.TargetEntityType.IsOwned()
            ? null
            : site.RulesOf(navigation.TargetEntityType.ClrType).Scope(actor, Verb.Read);

    static Expression Plain(Expression expression) =>
        expression is UnaryExpression { NodeType: ExpressionType.Convert } cast ? cast.Operand : expression;
}
