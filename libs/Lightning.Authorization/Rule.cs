using System.Linq.Expressions;
using System.Runtime.CompilerServices;

namespace Lightning.Authorization;

/// <summary>
/// A predicate over an actor and an object, used as a check in memory and as a filter in SQL. Compose rules with
/// <c>| &amp; ^ !</c>. Parts about the actor only are evaluated first, which leaves <em>always</em>, <em>never</em> or
/// a condition on rows.
/// </summary>
public abstract class Rule<T>
{
    /// <summary>Evaluates the rule for an actor.</summary>
    public abstract Condition<T> For(Actor actor);

    /// <summary>
    /// Evaluates the rule in memory, by the object's own columns; null if it depends on other rows. Navigations are
    /// never read, even if they are loaded.
    /// </summary>
    public abstract bool? Decide(Actor actor, T subject);

    /// <summary>The distinct named rules that this rule consists of, in written order.</summary>
    public IReadOnlyList<NamedRule<T>> Parts => [.. Leaves().Distinct()];

    /// <summary>The rule as text, such as <c>owner | editor &amp; !archived</c>.</summary>
    public override string ToString() => Text(Precedence.Or);

    /// <summary>Either rule.</summary>
    public static Rule<T> operator |(Rule<T> left, Rule<T> right) =>
        new Composed<T>(left, right, ExpressionType.OrElse);

    /// <summary>Both rules.</summary>
    public static Rule<T> operator &(Rule<T> left, Rule<T> right) =>
        new Composed<T>(left, right, ExpressionType.AndAlso);

    /// <summary>Exactly one of the rules.</summary>
    public static Rule<T> operator ^(Rule<T> left, Rule<T> right) =>
        new Composed<T>(left, right, ExpressionType.ExclusiveOr);

    /// <summary>The negation of the rule.</summary>
    public static Rule<T> operator !(Rule<T> rule) => new Negated<T>(rule);

    /// <summary>A rule about the actor, whatever the object.</summary>
    public static implicit operator Rule<T>(ActorRule rule) => new ActorRuleAdapter<T>(rule);

    /// <summary>The operands of the top-level or: <c>a | b &amp; c</c> has <c>a</c> and <c>b &amp; c</c>.</summary>
    internal virtual IEnumerable<Rule<T>> Alternatives() => [this];

    internal abstract IEnumerable<NamedRule<T>> Leaves();

    /// <summary>The named parts because of which the rule does not hold; none if it holds.</summary>
    internal abstract IEnumerable<NamedRule<T>> Failed(Func<NamedRule<T>, bool> holds);

    /// <summary>The rule as one expression, with each named part given by a function.</summary>
    internal abstract Expression Compose(Func<NamedRule<T>, Expression> part);

    /// <summary>
    /// Whether the rule holds only if there is an actor. If this is false, that is unknown.
    /// </summary>
    internal abstract bool NeedsActor { get; }

    /// <summary>The rule as text, in parentheses if the surrounding operator has a higher precedence.</summary>
    internal abstract string Text(Precedence around);
}

/// <summary>Operator precedence, as in C#.</summary>
enum Precedence
{
    Or,
    Xor,
    And,
    Not,
}

/// <summary>A rule with a name and a reason for not holding.</summary>
public abstract class NamedRule<T>(string name, string failureReason) : Rule<T>
{
    /// <summary>The name, such as <c>owner</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The reason if it does not hold, such as <c>it belongs to another user</c>.</summary>
    public string FailureReason { get; } = failureReason;

    internal override IEnumerable<NamedRule<T>> Leaves() => [this];

    internal override IEnumerable<NamedRule<T>> Failed(Func<NamedRule<T>, bool> holds) => holds(this) ? [] : [this];

    internal override Expression Compose(Func<NamedRule<T>, Expression> part) => part(this);

    internal override string Text(Precedence around) => Name;
}

/// <summary>A rule about the actor only.</summary>
/// <param name="Name">The name.</param>
/// <param name="FailureReason">The reason if it does not hold.</param>
/// <param name="Holds">Whether it holds for an actor.</param>
public sealed record ActorRule(string Name, string FailureReason, Func<Actor, bool> Holds)
{
    /// <summary>
    /// The word that tells row-level security that the rule holds; null if the database does not know the rule.
    /// </summary>
    internal string? Trait { get; init; }
}

/// <summary>Rules about the actor.</summary>
public static class Is
{
    /// <summary>The actor is an administrator.</summary>
    public static readonly ActorRule Admin = new("admin", "not an administrator", actor => actor.IsAdmin)
    {
        Trait = "admin",
    };

    /// <summary>The actor's email address is verified.</summary>
    public static readonly ActorRule Verified = new(
        "verified",
        "the email address is not verified",
        actor => actor.IsVerified
    )
    {
        Trait = "verified",
    };

    /// <summary>The actor is not impersonated.</summary>
    public static readonly ActorRule NotImpersonated = new(
        "themself",
        "an administrator impersonates them",
        actor => actor.ActedBy is null
    )
    {
        Trait = "themself",
    };

    /// <summary>The actor is not impersonated, or the impersonation was started with write access.</summary>
    public static readonly ActorRule Writer = new("writer", "the impersonation is read-only", actor => actor.IsWriter)
    {
        Trait = "writer",
    };

    /// <summary>Any signed-in actor.</summary>
    public static readonly ActorRule SignedIn = new("signed in", "not signed in", _ => true);

    /// <summary>The actor is a member, administrator or owner of the row's organization.</summary>
    /// <param name="organization">The id of the row's organization; null if it has none, and then it does not
    /// hold.</param>
    public static Rule<T> MemberOf<T>(Expression<Func<T, Guid?>> organization) =>
        InOrganization(organization, actor => actor.MemberOf, "member", "not a member of the organization");

    /// <summary>The actor is an administrator or owner of the row's organization.</summary>
    /// <param name="organization">The id of the row's organization; null if it has none, and then it does not
    /// hold.</param>
    public static Rule<T> AdminOf<T>(Expression<Func<T, Guid?>> organization) =>
        InOrganization(
            organization,
            actor => actor.AdminOf,
            "organization admin",
            "not an administrator of the organization"
        );

    /// <summary>The actor is an owner of the row's organization.</summary>
    /// <param name="organization">The id of the row's organization; null if it has none, and then it does not
    /// hold.</param>
    public static Rule<T> OwnerOf<T>(Expression<Func<T, Guid?>> organization) =>
        InOrganization(organization, actor => actor.OwnerOf, "organization owner", "not an owner of the organization");

    /// <summary>
    /// A rule about the actor's organizations. For an actor without any it is decided without a query.
    /// </summary>
    static RowRule<T> InOrganization<T>(
        Expression<Func<T, Guid?>> organization,
        Expression<Func<Actor, Guid[]>> organizations,
        string name,
        string failureReason
    )
    {
        ArgumentNullException.ThrowIfNull(organization);
        var (actor, row) = (organizations.Parameters[0], organization.Parameters[0]);
        var (isSet, id) = organization.Body switch
        {
            UnaryExpression { NodeType: ExpressionType.Convert, Operand: var plain } when plain.Type == typeof(Guid) =>
                (null, plain),
            var nullable => (
                Expression.NotEqual(nullable, Expression.Constant(null, typeof(Guid?))),
                (Expression)Expression.Property(nullable, nameof(Nullable<>.Value))
            ),
        };
        Expression holds = Expression.Call(
            typeof(Enumerable),
            nameof(Enumerable.Contains),
            [typeof(Guid)],
            organizations.Body,
            id
        );
        var ids = organizations.Compile();
        return new(
            name,
            failureReason,
            Expression.Lambda<Func<Actor, T, bool>>(
                isSet is null ? holds : Expression.AndAlso(isSet, holds),
                actor,
                row
            )
        )
        {
            IsPossible = actor => ids(actor).Length > 0,
        };
    }

    /// <summary>The rules that row-level security knows.</summary>
    internal static readonly ActorRule[] Known = [Admin, Verified, NotImpersonated, Writer];
}

/// <summary>Creates rules.</summary>
public static class Rule
{
    /// <summary>
    /// A rule over an actor and a row. It must translate to SQL; values of the actor are bound as parameters, so one
    /// plan serves all actors.
    /// </summary>
    /// <param name="holds">Whether it holds for an actor and a row.</param>
    /// <param name="failureReason">The reason if it does not hold, for explanations: <c>it belongs to another
    /// user</c>.</param>
    /// <param name="name">The name; by default that of the field that it is assigned to.</param>
    public static Rule<T> For<T>(
        Expression<Func<Actor, T, bool>> holds,
        string? failureReason = null,
        [CallerMemberName] string name = ""
    ) => new RowRule<T>(Words(name), failureReason ?? $"{Words(name)} does not hold", holds);

    /// <summary>
    /// The same rule, evaluated by a function of the database that row-level security does not restrict. It is for
    /// rules
    /// that read a table whose own policies read this rule's table, or rows that the actor may not see.
    /// </summary>
    /// <exception cref="ArgumentException">The rule is composed, or is about the actor only.</exception>
    public static Rule<T> ThroughFunction<T>(this Rule<T> rule) =>
        (rule as RowRule<T>)?.AsFunction()
        ?? throw new ArgumentException($"\"{rule}\" is not a single rule about a row.", nameof(rule));

    /// <summary><c>SharedWith</c> becomes <c>shared with</c>.</summary>
    static string Words(string name) =>
        string.Concat(
            name.Select(
                (letter, place) =>
                    char.IsUpper(letter) ? (place > 0 ? " " : "") + char.ToLowerInvariant(letter) : letter.ToString()
            )
        );
}
