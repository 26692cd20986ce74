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
        var value = new About(column.Parameters[0], row).Visit(column.Unboxed());
        return column.Path() is null || GoesThroughLists(value) ? Visit(value) : Member(value);
    }

    /// <summary>A value that members lead to: missing where one of the rows on the way is missing, or not the actor's to read.</summary>
    public Expression Member(Expression value)
    {
        Expression? readable = null;
        var isRelated = false;
        for (var at = value as MemberExpression; at is not null; at = at.Expression is null ? null : Plain(at.Expression) as MemberExpression)
        {
            if (at == value || Navigation(at) is not { } navigation) continue;
            isRelated = true;
            if (Scope(navigation)?.About(at) is { } condition) readable = readable is null ? condition : Expression.AndAlso(condition, readable);
        }
        if (!isRelated) return value;
        var type = value.Type.OrNull();
        return readable is null ? value.As(type) : Expression.Condition(readable, value.As(type), Expression.Constant(null, type));
    }

    protected override Expression VisitMember(MemberExpression node)
    {
        if (node.Expression is null) return node;
        // A list of rows: those that may be read.
        if (Navigation(node) is { IsCollection: true } collection && Scope(collection) is { } rows)
            return Expression.Call(typeof(Enumerable), nameof(Enumerable.Where), [collection.TargetEntityType.ClrType], base.VisitMember(node), rows);
        if (node.Expression is MemberExpression list && Navigation(list) is { IsCollection: true } counted && node.Member.Name == "Count" && Scope(counted) is not null)
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

    bool GoesThroughLists(Expression value)
    {
        for (var at = value as MemberExpression; at is not null; at = at.Expression is null ? null : Plain(at.Expression) as MemberExpression)
            if (Navigation(at) is { IsCollection: true }) return true;
        return false;
    }

    INavigationBase? Navigation(MemberExpression node) => node.Expression is null ? null : site.Navigation(node.Expression.Type, node.Member);

    LambdaExpression? Scope(INavigationBase navigation) => navigation.TargetEntityType.IsOwned() ? null : site.RulesOf(navigation.TargetEntityType.ClrType).Scope(actor, Verb.Read);

    static Expression Plain(Expression expression) => expression is UnaryExpression { NodeType: ExpressionType.Convert } cast ? cast.Operand : expression;

    sealed class About(ParameterExpression parameter, Expression by) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? by : base.VisitParameter(node);
    }
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
