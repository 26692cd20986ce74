using System.Linq.Expressions;

namespace Lightning.Data.Rules;

/// <summary>A rule about the actor as a rule about rows.</summary>
sealed class RuleOfActor<T>(ActorRule rule) : NamedRule<T>(rule.Name, rule.Otherwise)
{
    public override Condition<T> For(Actor actor) => Condition<T>.Decided(rule.Holds(actor));

    public override bool? Decide(Actor actor, T subject) => rule.Holds(actor);

    public ActorRule Rule => rule;

    // One object an ActorRule stands in as many rules as it is converted to: it is one part of theirs.
    public override bool Equals(object? other) => other is RuleOfActor<T> same && same.Name == Name;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);
}

/// <summary>Wherever a rule does not hold.</summary>
sealed class Negated<T>(Rule<T> rule) : Rule<T>
{
    public override Condition<T> For(Actor actor) => rule.For(actor).Negate();

    public override bool? Decide(Actor actor, T subject) => !rule.Decide(actor, subject);

    internal override IEnumerable<NamedRule<T>> Leaves() => rule.Leaves();

    internal override string Text(Strength around) => $"!{rule.Text(Strength.Not)}";
}

/// <summary>Two rules with an operator between them.</summary>
sealed class Composed<T>(Rule<T> left, Rule<T> right, ExpressionType how) : Rule<T>
{
    public override Condition<T> For(Actor actor) => left.For(actor).Join(right.For(actor), how);

    // C#'s own operators on bool? are the three-valued logic that is wanted: true | null is true, false & null is false.
    public override bool? Decide(Actor actor, T subject) => (how, left.Decide(actor, subject), right.Decide(actor, subject)) switch
    {
        (ExpressionType.OrElse, var one, var other) => one | other,
        (ExpressionType.AndAlso, var one, var other) => one & other,
        var (_, one, other) => one ^ other,
    };

    internal override IEnumerable<Rule<T>> Alternatives() => how == ExpressionType.OrElse ? left.Alternatives().Concat(right.Alternatives()) : [this];

    internal override IEnumerable<NamedRule<T>> Leaves() => left.Leaves().Concat(right.Leaves());

    internal override string Text(Strength around)
    {
        var (strength, sign) = how switch
        {
            ExpressionType.OrElse => (Strength.Or, "|"),
            ExpressionType.AndAlso => (Strength.And, "&"),
            _ => (Strength.Xor, "^"),
        };
        var text = $"{left.Text(strength)} {sign} {right.Text(strength)}";
        return strength < around ? $"({text})" : text;
    }
}
