using System.Linq.Expressions;

namespace Lightning.Data.Rules;

/// <summary>
/// Which objects an actor may do something to. One definition is the check on an object and the filter in the SQL; compose with
/// <c>| &amp; ^ !</c>. Parts that ask about the actor only are decided first, so that what is left is <em>always</em>, <em>never</em> or a condition on rows.
/// </summary>
public abstract class Rule<T>
{
    /// <summary>What the rule comes to for an actor.</summary>
    public abstract Condition<T> For(Actor actor);

    /// <summary>Whether the actor may, decided in memory. The object's own columns must be loaded.</summary>
    public abstract bool Holds(Actor actor, T subject);

    /// <summary>Either rule.</summary>
    public static Rule<T> operator |(Rule<T> left, Rule<T> right) => new Both(left, right, ExpressionType.OrElse);

    /// <summary>Both rules.</summary>
    public static Rule<T> operator &(Rule<T> left, Rule<T> right) => new Both(left, right, ExpressionType.AndAlso);

    /// <summary>One of the rules and not the other.</summary>
    public static Rule<T> operator ^(Rule<T> left, Rule<T> right) => new Both(left, right, ExpressionType.ExclusiveOr);

    /// <summary>Wherever the rule does not hold.</summary>
    public static Rule<T> operator !(Rule<T> rule) => new Not(rule);

    /// <summary>A rule about the actor, whatever the object.</summary>
    public static implicit operator Rule<T>(ActorRule rule) => new OfActor(rule);

    sealed class OfActor(ActorRule rule) : Rule<T>
    {
        public override Condition<T> For(Actor actor) => Condition<T>.Decided(rule.Holds(actor));

        public override bool Holds(Actor actor, T subject) => rule.Holds(actor);
    }

    sealed class Not(Rule<T> rule) : Rule<T>
    {
        public override Condition<T> For(Actor actor) => rule.For(actor).Negate();

        public override bool Holds(Actor actor, T subject) => !rule.Holds(actor, subject);
    }

    sealed class Both(Rule<T> left, Rule<T> right, ExpressionType how) : Rule<T>
    {
        public override Condition<T> For(Actor actor) => left.For(actor).Join(right.For(actor), how);

        public override bool Holds(Actor actor, T subject) => how switch
        {
            ExpressionType.OrElse => left.Holds(actor, subject) || right.Holds(actor, subject),
            ExpressionType.AndAlso => left.Holds(actor, subject) && right.Holds(actor, subject),
            _ => left.Holds(actor, subject) ^ right.Holds(actor, subject),
        };
    }
}

/// <summary>A rule that asks about the actor only.</summary>
public sealed record ActorRule(Func<Actor, bool> Holds);

/// <summary>What an actor is.</summary>
public static class Is
{
    /// <summary>An administrator.</summary>
    public static readonly ActorRule Admin = new(actor => actor.IsAdmin);

    /// <summary>Somebody whose address is proved.</summary>
    public static readonly ActorRule Verified = new(actor => actor.IsVerified);
}

/// <summary>Makes rules.</summary>
public static class Rule
{
    /// <summary>A rule over an actor and a row. It must translate to SQL.</summary>
    public static Rule<T> For<T>(Expression<Func<Actor, T, bool>> holds) => new OfRow<T>(holds);

    sealed class OfRow<T>(Expression<Func<Actor, T, bool>> holds) : Rule<T>
    {
        readonly Lazy<Func<Actor, T, bool>> compiled = new(holds.Compile);

        public override bool Holds(Actor actor, T subject) => compiled.Value(actor, subject);

        public override Condition<T> For(Actor actor)
        {
            // A field of a captured object, not a constant: EF makes it a parameter, and one plan serves all actors.
            var captured = Expression.Field(Expression.Constant(new Captured(actor)), nameof(Captured.Actor));
            var body = new Replace(holds.Parameters[0], captured).Visit(holds.Body);
            return Condition<T>.Where(Expression.Lambda<Func<T, bool>>(body, holds.Parameters[1]));
        }
    }

    sealed class Captured(Actor actor)
    {
        public readonly Actor Actor = actor;
    }

    internal sealed class Replace(ParameterExpression parameter, Expression by) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? by : base.VisitParameter(node);
    }
}
