using System.Collections;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>Takes expressions apart and puts them together.</summary>
static class Expressions
{
    /// <summary>What an expression says, without the boxing that a list of mixed columns puts around it.</summary>
    public static Expression Unboxed(this LambdaExpression lambda) => Unboxed(lambda.Body);

    public static Expression Unboxed(this Expression body) =>
        body is UnaryExpression { NodeType: ExpressionType.Convert or ExpressionType.ConvertChecked } boxed && boxed.Type == typeof(object) ? boxed.Operand : body;

    /// <summary>The expression about another row.</summary>
    public static Expression About(this LambdaExpression lambda, Expression row) => new Replace(lambda.Parameters[0], row).Visit(lambda.Body);

    /// <summary>The members that lead from the row to a value; null where there is more to it than members.</summary>
    public static IReadOnlyList<MemberInfo>? Path(this LambdaExpression lambda)
    {
        var members = new List<MemberInfo>();
        var at = lambda.Unboxed();
        while (at is MemberExpression member)
        {
            members.Insert(0, member.Member);
            at = member.Expression!;
            while (at is UnaryExpression { NodeType: ExpressionType.Convert } cast) at = cast.Operand;
        }
        return at == lambda.Parameters[0] && members.Count > 0 ? members : null;
    }

    /// <summary>A value as EF binds it: read from an object and not a constant, so that one plan serves all values.</summary>
    public static Expression Parameter(Type type, object? value)
    {
        var box = Activator.CreateInstance(typeof(Box<>).MakeGenericType(type), value)!;
        return Expression.Field(Expression.Constant(box), nameof(Box<>.Value));
    }

    /// <summary>A property of a row by its name, whether or not the class has it.</summary>
    public static Expression Property(Expression row, Type type, string name) =>
        Expression.Call(typeof(EF), nameof(EF.Property), [type], row, Expression.Constant(name));

    public static Type OrNull(this Type type) => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? typeof(Nullable<>).MakeGenericType(type) : type;

    public static Type NotNull(this Type type) => Nullable.GetUnderlyingType(type) ?? type;

    public static bool CanBeNull(this Type type) => !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;

    public static Expression As(this Expression value, Type type) => value.Type == type ? value : Expression.Convert(value, type);

    /// <summary>That columns of a row have these values.</summary>
    public static Expression AreEqual(Expression row, IReadOnlyList<IReadOnlyProperty> columns, IReadOnlyList<object?> values) => columns
        .Select((column, i) => (Expression)Expression.Equal(Property(row, column.ClrType, column.Name), Parameter(column.ClrType, values[i]))).Aggregate(Expression.AndAlso);

    /// <summary>That a column has one of these values, however many: they are one parameter, so that one plan serves all.</summary>
    public static Expression IsAmong(Expression row, IReadOnlyProperty column, IEnumerable<object> values)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(column.ClrType))!;
        foreach (var value in values) list.Add(value);
        return Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [column.ClrType],
            Parameter(typeof(IEnumerable<>).MakeGenericType(column.ClrType), list), Property(row, column.ClrType, column.Name));
    }

    /// <summary>That columns of a row have the values of one of several keys.</summary>
    public static Expression HaveOneOf(Expression row, IReadOnlyList<IReadOnlyProperty> columns, IReadOnlyCollection<IReadOnlyList<object>> keys) => keys.Count == 0 ? Expression.Constant(false)
        : columns is [var only] ? IsAmong(row, only, keys.Select(key => key[0]))
        : AnyOf([.. keys.Select(key => AreEqual(row, columns, key))]);

    /// <summary>One or another of conditions, halved and halved again: one after another they would be as deep as they are many, and whoever walks through them runs out of stack.</summary>
    static Expression AnyOf(ReadOnlySpan<Expression> conditions) => conditions.Length == 1 ? conditions[0]
        : Expression.OrElse(AnyOf(conditions[..(conditions.Length / 2)]), AnyOf(conditions[(conditions.Length / 2)..]));

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
        protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? by : base.VisitParameter(node);
    }
}
