using System.Linq.Expressions;
using System.Reflection;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>
/// Holds every row that an expression reaches by a navigation to that row's own policy: what the actor may not read is as if it were not there. Where the
/// policy says "every row", nothing is added.
/// </summary>
sealed class ScopedReads(AdminSite site, Actor actor) : ExpressionVisitor
{
    /// <summary>The value of a column, null where it is not there or not the actor's to read.</summary>
    public Expression Value(LambdaExpression column, Expression row)
    {
        var value = column.About(row).Unboxed();
        return column.Path() is null || GoesThroughLists(value) ? Visit(value) : Member(value);
    }

    /// <summary>A value that members lead to: missing where one of the rows on the way is missing, or not the actor's to read.</summary>
    public Expression Member(Expression value)
    {
        if (!WayTo(value).Any(at => Navigation(at) is not null)) return value;
        var type = value.Type.OrNull();
        return Readable(value) is { } readable ? Expression.Condition(readable, value.As(type), Expression.Constant(null, type)) : value.As(type);
    }

    /// <summary>The first of the rows that a row is linked with, in the order of their keys, which the table between them has: each by its key and what it is called by.</summary>
    public Expression Linked(LambdaExpression links, Expression row, Registration target, int most)
    {
        var (type, other) = (target.Entity, Expression.Parameter(target.Entity, "other"));
        var member = (MemberExpression)links.About(row).Unboxed();
        // A join by nothing but equality EF would number through, for all rows of the table between at once. This holds always, EF does not know it, and so each row has its own first ones read.
        var first = Navigation(member)!.DeclaringEntityType.FindPrimaryKey()!.Properties[0];
        var (own, some) = (Expressions.Property(member.Expression!, first.ClrType, first.Name), first.ClrType == typeof(string) ? "" : Activator.CreateInstance(first.ClrType));
        var each = Expression.OrElse(Expression.Equal(own, Expressions.Parameter(first.ClrType, some)), Expression.NotEqual(own, Expressions.Parameter(first.ClrType, some)));
        Expression rows = Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [type], Visit(member), Expression.Lambda(each, other));
        var order = nameof(Enumerable.OrderBy);
        foreach (var key in target.Key)
        {
            rows = Expression.Call(typeof(Enumerable), order, [type, key.ClrType], rows, Expression.Lambda(Expressions.Property(other, key.ClrType, key.Name), other));
            order = nameof(Enumerable.ThenBy);
        }
        var values = target.Key.Select(key => Expressions.Property(other, key.ClrType, key.Name)).Append(Value(target.NamedBy!.Read, other)).Select(value => value.As(typeof(object)));
        rows = Expression.Call(typeof(Enumerable), nameof(Enumerable.Take), [type], rows, Expression.Constant(most));
        rows = Expression.Call(typeof(Enumerable), nameof(Enumerable.Select), [type, typeof(object[])], rows, Expression.Lambda(Expression.NewArrayInit(typeof(object), values), other));
        return Expression.Call(typeof(Enumerable), nameof(Enumerable.ToList), [typeof(object[])], rows);
    }

    /// <summary>Whether a row is linked with one of which a condition holds.</summary>
    public Expression AnyLinked(LambdaExpression links, Expression row, ISkipNavigation navigation, Func<Expression, Expression> condition)
    {
        var other = Expression.Parameter(navigation.TargetEntityType.ClrType, "other");
        return Expression.Call(typeof(Enumerable), nameof(Enumerable.Any), [other.Type], Visit(links.About(row).Unboxed()), Expression.Lambda(condition(other), other));
    }

    protected override Expression VisitMember(MemberExpression node)
    {
        if (node.Expression is null) return node;
        // A list of rows: those that may be read, and none where it is reached through a row that may not.
        if (Navigation(node) is { IsCollection: true } collection && Rows(node, collection) is { } rows)
            return Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [collection.TargetEntityType.ClrType], IsReachedByMembers(node) ? node : base.VisitMember(node), rows);
        if (node.Expression is MemberExpression list && Navigation(list) is { IsCollection: true } counted && node.Member.Name == "Count" && Rows(list, counted) is not null)
            return Expression.Call(typeof(Enumerable), nameof(Enumerable.Count), [counted.TargetEntityType.ClrType], Visit(list));
        // A value of a row that is reached: only where that row may be read.
        var value = base.VisitMember(node);
        if (Plain(node.Expression) is MemberExpression inner && Navigation(inner) is { IsCollection: false } reference && Scope(reference) is { } condition)
        {
            var type = node.Type.OrNull();
            value = Expression.Condition(condition.About(inner), value.As(type), Expression.Constant(null, type)).As(node.Type.IsValueType ? type : node.Type);
            if (type != node.Type) value = Expression.Coalesce(value, Expression.Default(node.Type));
        }
        return value;
    }

    bool GoesThroughLists(Expression value) => value is MemberExpression member && WayTo(value).Prepend(member).Any(at => Navigation(at) is { IsCollection: true });

    /// <summary>The members on the way to a value, the last of them first, without itself.</summary>
    static IEnumerable<MemberExpression> WayTo(Expression value)
    {
        for (var at = value as MemberExpression; at?.Expression is not null && Plain(at.Expression) is MemberExpression before; at = before) yield return before;
    }

    static bool IsReachedByMembers(MemberExpression node) => Plain((WayTo(node).LastOrDefault() ?? node).Expression!) is ParameterExpression;

    /// <summary>That every row on the way to a value may be read; null where nothing has to be asked.</summary>
    Expression? Readable(Expression value)
    {
        Expression? readable = null;
        foreach (var at in WayTo(value))
            if (Navigation(at) is { } navigation && Scope(navigation)?.About(at) is { } condition) readable = readable is null ? condition : Expression.AndAlso(condition, readable);
        return readable;
    }

    /// <summary>Which rows of a list may be read; null for all.</summary>
    LambdaExpression? Rows(MemberExpression list, INavigationBase collection)
    {
        var (scope, readable) = (Scope(collection), Readable(list));
        if (readable is null) return scope;
        var row = Expression.Parameter(collection.TargetEntityType.ClrType, "reached");
        return Expression.Lambda(scope is null ? readable : Expression.AndAlso(readable, scope.About(row)), row);
    }

    INavigationBase? Navigation(MemberExpression node) => node.Expression is null ? null : site.Navigation(node.Expression.Type, node.Member);

    LambdaExpression? Scope(INavigationBase navigation) => navigation.TargetEntityType.IsOwned() ? null : site.RulesOf(navigation.TargetEntityType.ClrType).Scope(actor, Verb.Read);

    static Expression Plain(Expression expression) => expression is UnaryExpression { NodeType: ExpressionType.Convert } cast ? cast.Operand : expression;
}

/// <summary>What an expression reads, field by field, each with the entity whose policy speaks for it.</summary>
sealed class ReadFields(IReadOnlyModel model) : ExpressionVisitor
{
    readonly List<(Type Entity, MemberInfo Member)> found = [];

    public static IReadOnlyList<(Type Entity, MemberInfo Member)> Of(IReadOnlyModel model, LambdaExpression expression)
    {
        var visitor = new ReadFields(model);
        visitor.Visit(expression.Body);
        return visitor.found;
    }

    protected override Expression VisitMember(MemberExpression node)
    {
        // What belongs to an owned object is its owner's field.
        if (node.Expression is { } on && model.FindEntityType(on.Type) is { } entity && !entity.IsOwned()) found.Add((on.Type, node.Member));
        return base.VisitMember(node);
    }
}
