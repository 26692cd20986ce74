using System.Linq.Expressions;

namespace Lightning.Authorization;

/// <summary>A rule over a row.</summary>
sealed class RowRule<T>(string name, string failureReason, Expression<Func<Actor, T, bool>> holds)
    : NamedRule<T>(name, failureReason)
{
    readonly Lazy<Func<Actor, T, bool>> inMemory = new(holds.Compile);

    /// <summary>Whether it reads only the row's own columns, so that it can be decided in memory.</summary>
    public bool ReadsOwnColumns { get; } = OwnColumns.Suffice(holds);

    /// <summary>The rule over an actor and a row.</summary>
    internal Expression<Func<Actor, T, bool>> Holds => holds;

    /// <summary>
    /// Whether the database policy calls a function for it, which row-level security does not restrict.
    /// </summary>
    internal bool IsFunction { get; init; }

    /// <summary>Whether the rule can hold for an actor on any row; null if that is unknown.</summary>
    internal Func<Actor, bool>? IsPossible { get; init; }

    internal override bool NeedsActor => Matches(holds.Body);

    /// <summary>The same rule, as a function in the database.</summary>
    internal RowRule<T> AsFunction() => new(Name, FailureReason, holds) { IsFunction = true, IsPossible = IsPossible };

    public override bool? Decide(Actor actor, T subject) => ReadsOwnColumns ? inMemory.Value(actor, subject) : null;

    public override Condition<T> For(Actor actor)
    {
        if (IsPossible?.Invoke(actor) is false)
            return Condition<T>.Never;
        // A field of a captured object, not a constant, so that EF makes it a parameter.
        var captured = Expression.Field(Expression.Constant(new Captured(actor)), nameof(Captured.Actor));
        return Condition<T>.Where(
            Expression.Lambda<Func<T, bool>>(
                new Replace(holds.Parameters[0], captured).Visit(holds.Body),
                holds.Parameters[1]
            )
        );
    }

    /// <summary>Whether an expression holds only for rows with a value of the actor.</summary>
    bool Matches(Expression expression) =>
        expression switch
        {
            BinaryExpression { NodeType: ExpressionType.Equal } equal => IsUserId(equal.Left) || IsUserId(equal.Right),
            BinaryExpression { NodeType: ExpressionType.AndAlso } both => Matches(both.Left) || Matches(both.Right),
            BinaryExpression { NodeType: ExpressionType.OrElse } either => Matches(either.Left)
                && Matches(either.Right),
            MethodCallExpression { Method.Name: nameof(Enumerable.Contains), Arguments: [MemberExpression ids, _] } =>
                ids.Expression == holds.Parameters[0],
            MethodCallExpression { Method.Name: nameof(Enumerable.Any), Arguments: [_, LambdaExpression some] } =>
                Matches(some.Body),
            _ => false,
        };

    bool IsUserId(Expression value) =>
        value switch
        {
            UnaryExpression { NodeType: ExpressionType.Convert } converted => IsUserId(converted.Operand),
            MemberExpression { Member.Name: nameof(Actor.UserId) } member => member.Expression == holds.Parameters[0],
            _ => false,
        };

    sealed class Captured(Actor actor)
    {
        public readonly Actor Actor = actor;
    }
}

/// <summary>Replaces a parameter by an expression.</summary>
sealed class Replace(ParameterExpression parameter, Expression by) : ExpressionVisitor
{
    protected override Expression VisitParameter(ParameterExpression node) =>
        node == parameter ? by : base.VisitParameter(node);
}

/// <summary>Determines whether an expression reads only a row's own columns.</summary>
sealed class OwnColumns : ExpressionVisitor
{
    readonly ParameterExpression row;
    bool suffice = true;

    OwnColumns(ParameterExpression row) => this.row = row;

    public static bool Suffice(LambdaExpression holds)
    {
        var visitor = new OwnColumns(holds.Parameters[1]);
        visitor.Visit(holds.Body);
        return visitor.suffice;
    }

    protected override Expression VisitMember(MemberExpression node) =>
        node.Expression == row && IsColumn(node.Type) ? node : base.VisitMember(node);

    // The row itself, passed on: the callee may read anything of it.
    protected override Expression VisitParameter(ParameterExpression node)
    {
        suffice &= node != row;
        return node;
    }

    static bool IsColumn(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain.IsPrimitive
            || plain.IsEnum
            || plain == typeof(string)
            || plain == typeof(decimal)
            || plain == typeof(Guid)
            || plain == typeof(DateTimeOffset)
            || plain == typeof(DateTime)
            || plain == typeof(DateOnly)
            || plain == typeof(TimeOnly)
            || plain == typeof(TimeSpan)
            || (plain.IsArray && IsColumn(plain.GetElementType()!));
    }
}
