using System.Linq.Expressions;

namespace Lightning.Authorization;

/// <summary>Adapts a rule about the actor to a rule about rows.</summary>
sealed class ActorRuleAdapter<T>(ActorRule rule) : NamedRule<T>(rule.Name, rule.FailureReason)
{
    public override Condition<T> For(Actor actor) => Condition<T>.Decided(rule.Holds(actor));

    public override bool? Decide(Actor actor, T subject) => rule.Holds(actor);

    internal override bool NeedsActor => rule.Trait is not null;

    public ActorRule Rule => rule;

    // Each conversion of an ActorRule creates an adapter; all of them are the same part of a rule.
    public override bool Equals(object? other) => other is ActorRuleAdapter<T> same && same.Name == Name;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);
}

/// <summary>The negation of a rule.</summary>
sealed class Negated<T>(Rule<T> rule) : Rule<T>
{
    public override Condition<T> For(Actor actor) => rule.For(actor).Negate();

    public override bool? Decide(Actor actor, T subject) => !rule.Decide(actor, subject);

    internal override bool NeedsActor => false;

    internal override Expression Compose(Func<NamedRule<T>, Expression> part) => Expression.Not(rule.Compose(part));

    internal override IEnumerable<NamedRule<T>> Leaves() => rule.Leaves();

    internal override IEnumerable<NamedRule<T>> Failed(Func<NamedRule<T>, bool> holds) =>
        rule.Failed(holds).Any() ? [] : rule.Leaves();

    internal override string Text(Precedence around) => $"!{rule.Text(Precedence.Not)}";
}

/// <summary>Two rules joined by an operator.</summary>
sealed class Composed<T>(Rule<T> left, Rule<T> right, ExpressionType how) : Rule<T>
{
    public override Condition<T> For(Actor actor) => left.For(actor).Join(right.For(actor), how);

    // C#'s operators on bool? are three-valued: true | null is true, false & null is false.
    public override bool? Decide(Actor actor, T subject) =>
        (how, left.Decide(actor, subject), right.Decide(actor, subject)) switch
        {
            (ExpressionType.OrElse, var one, var other) => one | other,
            (ExpressionType.AndAlso, var one, var other) => one & other,
            var (_, one, other) => one ^ other,
        };

    internal override bool NeedsActor =>
        how switch
        {
            ExpressionType.OrElse => left.NeedsActor && right.NeedsActor,
            ExpressionType.AndAlso => left.NeedsActor || right.NeedsActor,
            _ => false,
        };

    internal override Expression Compose(Func<NamedRule<T>, Expression> part) =>
        Expression.MakeBinary(how, left.Compose(part), right.Compose(part));

    internal override IEnumerable<Rule<T>> Alternatives() =>
        how == ExpressionType.OrElse ? left.Alternatives().Concat(right.Alternatives()) : [this];

    internal override IEnumerable<NamedRule<T>> Leaves() => left.Leaves().Concat(right.Leaves());

    internal override IEnumerable<NamedRule<T>> Failed(Func<NamedRule<T>, bool> holds)
    {
        var (one, other) = (left.Failed(holds).ToList(), right.Failed(holds).ToList());
        return how switch
        {
            ExpressionType.OrElse when one.Count == 0 || other.Count == 0 => [],
            ExpressionType.ExclusiveOr when one.Count == 0 != (other.Count == 0) => [],
            ExpressionType.ExclusiveOr => Leaves(),
            _ => one.Concat(other),
        };
    }

    internal override string Text(Precedence around)
    {
        var (precedence, sign) = how switch
        {
            ExpressionType.OrElse => (Precedence.Or, "|"),
            ExpressionType.AndAlso => (Precedence.And, "&"),
            _ => (Precedence.Xor, "^"),
        };
        var text = $"{left.Text(precedence)} {sign} {right.Text(precedence)}";
        return precedence < around ? $"({text})" : text;
    }
}
