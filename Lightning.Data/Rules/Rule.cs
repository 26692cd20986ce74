using System.Linq.Expressions;
using System.Runtime.CompilerServices;

namespace Lightning.Data.Rules;

/// <summary>
/// Which objects an actor may do something to. One definition is the check on an object and the filter in the SQL; compose with
/// <c>| &amp; ^ !</c>. Parts that ask about the actor only are decided first, so that what is left is <em>always</em>, <em>never</em> or a condition on rows.
/// </summary>
public abstract class Rule<T>
{
    /// <summary>What the rule comes to for an actor.</summary>
    public abstract Condition<T> For(Actor actor);

    /// <summary>
    /// Whether the actor may, as far as the object's own columns say; null where only the database knows, because what decides stands in other rows.
    /// A navigation is never read, loaded or not.
    /// </summary>
    public abstract bool? Decide(Actor actor, T subject);

    /// <summary>The single rules that this one is made of, each once, in the order in which they are written.</summary>
    public IReadOnlyList<NamedRule<T>> Parts => [.. Leaves().Distinct()];

    /// <summary>The rule as its author wrote it, such as <c>owner | editor &amp; !archived</c>.</summary>
    public override string ToString() => Text(Strength.Or);

    /// <summary>Either rule.</summary>
    public static Rule<T> operator |(Rule<T> left, Rule<T> right) => new Composed<T>(left, right, ExpressionType.OrElse);

    /// <summary>Both rules.</summary>
    public static Rule<T> operator &(Rule<T> left, Rule<T> right) => new Composed<T>(left, right, ExpressionType.AndAlso);

    /// <summary>One of the rules and not the other.</summary>
    public static Rule<T> operator ^(Rule<T> left, Rule<T> right) => new Composed<T>(left, right, ExpressionType.ExclusiveOr);

    /// <summary>Wherever the rule does not hold.</summary>
    public static Rule<T> operator !(Rule<T> rule) => new Negated<T>(rule);

    /// <summary>A rule about the actor, whatever the object.</summary>
    public static implicit operator Rule<T>(ActorRule rule) => new RuleOfActor<T>(rule);

    /// <summary>The rules of which any one suffices: <c>a | b &amp; c</c> has <c>a</c> and <c>b &amp; c</c>.</summary>
    internal virtual IEnumerable<Rule<T>> Alternatives() => [this];

    internal abstract IEnumerable<NamedRule<T>> Leaves();

    /// <summary>The rule as text, in brackets where what stands around it binds more strongly.</summary>
    internal abstract string Text(Strength around);
}

/// <summary>How strongly an operator binds; as in C#.</summary>
enum Strength
{
    Or,
    Xor,
    And,
    Not,
}

/// <summary>A single rule: it has a name, and can say why it does not hold.</summary>
public abstract class NamedRule<T>(string name, string otherwise) : Rule<T>
{
    /// <summary>What it is called, such as <c>owner</c>.</summary>
    public string Name { get; } = name;

    /// <summary>What is the case where it does not hold, such as <c>it belongs to another user</c>.</summary>
    public string Otherwise { get; } = otherwise;

    internal override IEnumerable<NamedRule<T>> Leaves() => [this];

    internal override string Text(Strength around) => Name;
}

/// <summary>A rule that asks about the actor only.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Otherwise">What is the case where it does not hold.</param>
/// <param name="Holds">Asks.</param>
public sealed record ActorRule(string Name, string Otherwise, Func<Actor, bool> Holds);

/// <summary>What an actor is.</summary>
public static class Is
{
    /// <summary>An administrator.</summary>
    public static readonly ActorRule Admin = new("admin", "not an administrator", actor => actor.IsAdmin);

    /// <summary>Somebody whose address is proved.</summary>
    public static readonly ActorRule Verified = new("verified", "the address is not proved", actor => actor.IsVerified);

    /// <summary>The user in person, and no administrator who acts as them.</summary>
    public static readonly ActorRule Themself = new("themself", "an administrator acts as them", actor => actor.ActedBy is null);

    /// <summary>Anybody who is signed in.</summary>
    public static readonly ActorRule SignedIn = new("signed in", "nobody is signed in", _ => true);
}

/// <summary>Makes rules.</summary>
public static class Rule
{
    /// <summary>A rule over an actor and a row. It must translate to SQL; values of the actor are bound as parameters, so one plan serves all actors.</summary>
    /// <param name="holds">When it holds.</param>
    /// <param name="otherwise">What is the case where it does not, for explanations: <c>it belongs to another user</c>.</param>
    /// <param name="name">What it is called; the name of the field that it is assigned to, unless given.</param>
    public static Rule<T> For<T>(Expression<Func<Actor, T, bool>> holds, string? otherwise = null, [CallerMemberName] string name = "") =>
        new RuleOfRow<T>(Words(name), otherwise ?? $"{Words(name)} does not hold", holds);

    /// <summary><c>SharedWith</c> becomes <c>shared with</c>.</summary>
    static string Words(string name) =>
        string.Concat(name.Select((letter, place) => char.IsUpper(letter) ? (place > 0 ? " " : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}
