using System.Linq.Expressions;

namespace Lightning.Authorization;

/// <summary>A rule evaluated for one actor: every row, no row, or the rows that match an expression.</summary>
public sealed class Condition<T>
{
    /// <summary>Every row.</summary>
    public static readonly Condition<T> Always = new(_ => true);

    /// <summary>No row.</summary>
    public static readonly Condition<T> Never = new(_ => false);

    Condition(Expression<Func<T, bool>> expression) => Expression = expression;

    /// <summary>The predicate on rows.</summary>
    public Expression<Func<T, bool>> Expression { get; }

    /// <summary>Whether any row can match; if not, the database need not be queried.</summary>
    public bool IsPossible => this != Never;

    /// <summary>Whether it matches no row, some rows or every row.</summary>
    internal Extent Extent =>
        this == Never ? Extent.None
        : this == Always ? Extent.All
        : Extent.Some;

    /// <summary>The rows that match an expression.</summary>
    internal static Condition<T> Where(Expression<Func<T, bool>> expression) => new(expression);

    /// <summary>Every row or none.</summary>
    internal static Condition<T> Decided(bool holds) => holds ? Always : Never;

    /// <summary>Filters a query.</summary>
    public IQueryable<T> Apply(IQueryable<T> rows) => this == Always ? rows : rows.Where(Expression);

    internal Condition<T> Negate() =>
        this == Always ? Never
        : this == Never ? Always
        : Where(Lambda(System.Linq.Expressions.Expression.Not(Expression.Body)));

    internal Condition<T> Join(Condition<T> other, ExpressionType how)
    {
        var (decided, open) = this == Always || this == Never ? (this, other) : (other, this);
        if (decided == Always || decided == Never)
            return (how, decided == Always) switch
            {
                (ExpressionType.OrElse, true) => Always,
                (ExpressionType.AndAlso, false) => Never,
                (ExpressionType.ExclusiveOr, true) => open.Negate(),
                _ => open,
            };
        var body = new Replace(other.Expression.Parameters[0], Expression.Parameters[0]).Visit(other.Expression.Body);
        return Where(Lambda(System.Linq.Expressions.Expression.MakeBinary(how, Expression.Body, body)));
    }

    Expression<Func<T, bool>> Lambda(Expression body) =>
        System.Linq.Expressions.Expression.Lambda<Func<T, bool>>(body, Expression.Parameters);
}

/// <summary>The rows that a condition can match.</summary>
enum Extent
{
    /// <summary>No row.</summary>
    None,

    /// <summary>The rows that match an expression.</summary>
    Some,

    /// <summary>Every row.</summary>
    All,
}
