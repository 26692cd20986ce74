using System.Collections;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Linq;

/// <summary>Helpers for building and inspecting expression trees.</summary>
static class Expressions
{
    /// <summary>The expression without the conversion to object that a list of mixed columns adds.</summary>
    public static Expression WithoutBoxing(this LambdaExpression lambda) => WithoutBoxing(lambda.Body);

    public static Expression WithoutBoxing(this Expression body) =>
        body is UnaryExpression { NodeType: ExpressionType.Convert or ExpressionType.ConvertChecked } boxed
        && boxed.Type == typeof(object)
            ? boxed.Operand
            : body;

    /// <summary>Replaces the lambda's parameter with another expression.</summary>
    public static Expression ApplyTo(this LambdaExpression lambda, Expression row) =>
        new Replace(lambda.Parameters[0], row).Visit(lambda.Body);

    /// <summary>The member path from the row to a value; null if the expression is not a plain member path.</summary>
    public static IReadOnlyList<MemberInfo>? Path(this LambdaExpression lambda)
    {
        var members = new List<MemberInfo>();
        var at = lambda.WithoutBoxing();
        while (at is MemberExpression member)
        {
            members.Insert(0, member.Member);
            at = member.Expression!;
            while (at is UnaryExpression { NodeType: ExpressionType.Convert } cast)
                at = cast.Operand;
        }
        return at == lambda.Parameters[0] && members.Count > 0 ? members : null;
    }

    /// <summary>
    /// A value that EF turns into a parameter rather than a constant, so that all values share one query plan.
    /// </summary>
    public static Expression Parameter(Type type, object? value)
    {
        var box = Activator.CreateInstance(typeof(Box<>).MakeGenericType(type), value)!;
        return Expression.Field(Expression.Constant(box), nameof(Box<>.Value));
    }

    /// <summary>A property of a row by name; includes shadow properties.</summary>
    public static Expression Property(Expression row, Type type, string name) =>
        Expression.Call(typeof(EF), nameof(EF.Property), [type], row, Expression.Constant(name));

    public static Type MakeNullable(this Type type) =>
        type.IsValueType && Nullable.GetUnderlyingType(type) is null ? typeof(Nullable<>).MakeGenericType(type) : type;

    public static Type UnwrapNullable(this Type type) => Nullable.GetUnderlyingType(type) ?? type;

    public static bool CanBeNull(this Type type) => !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;

    public static Expression ConvertTo(this Expression value, Type type) =>
        value.Type == type ? value : Expression.Convert(value, type);

    /// <summary>True if the columns equal the values.</summary>
    public static Expression AreEqual(
        Expression row,
        IReadOnlyList<IReadOnlyProperty> columns,
        IReadOnlyList<object?> values
    ) =>
        columns
            .Select(
                (column, i) =>
                    (Expression)
                        Expression.Equal(
                            Property(row, column.ClrType, column.Name),
                            Parameter(column.ClrType, values[i])
                        )
            )
            .Aggregate(Expression.AndAlso);

    /// <summary>
    /// True if a column has one of the values. They are passed as one array parameter, so any number of them shares one
    /// query plan.
    /// </summary>
    public static Expression IsIn(Expression row, IReadOnlyProperty column, IEnumerable<object> values)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(column.ClrType))!;
        foreach (var value in values)
            list.Add(value);
        return Expression.Call(
            typeof(Enumerable),
            nameof(Enumerable.Contains),
            [column.ClrType],
            Parameter(typeof(IEnumerable<>).MakeGenericType(column.ClrType), list),
            Property(row, column.ClrType, column.Name)
        );
    }

    /// <summary>True if the columns match one of the keys.</summary>
    public static Expression MatchesAnyKey(
        Expression row,
        IReadOnlyList<IReadOnlyProperty> columns,
        IReadOnlyCollection<IReadOnlyList<object>> keys
    ) =>
        keys.Count == 0 ? Expression.Constant(false)
        : columns is [var only] ? IsIn(row, only, keys.Select(key => key[0]))
        : AnyOf([.. keys.Select(key => AreEqual(row, columns, key))]);

    /// <summary>
    /// Combines conditions with OR as a balanced tree: a linear chain would overflow the stack of expression visitors.
    /// </summary>
    static Expression AnyOf(ReadOnlySpan<Expression> conditions) =>
        conditions.Length == 1
            ? conditions[0]
            : Expression.OrElse(
                AnyOf(conditions[..(conditions.Length / 2)]),
                AnyOf(conditions[(conditions.Length / 2)..])
            );

    public static Expression<Func<T, bool>> Condition<T>(Func<ParameterExpression, Expression> body)
    {
        var row = Expression.Parameter(typeof(T), "row");
        return Expression.Lambda<Func<T, bool>>(body(row), row);
    }

    sealed class Box<T>(T? value)
    {
        public readonly T? Value = value;
    }

    sealed class Replace(ParameterExpression parameter, Expression by) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) =>
            node == parameter ? by : base.VisitParameter(node);
    }
}
