using System.Collections.Concurrent;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Authorization;

/// <summary>The authorization rules of a type of object. What they do not allow is denied.</summary>
/// <remarks>
/// A policy answers three questions: is a verb allowed on this object; on which rows; is it possible at all (for menus
/// and buttons).
/// </remarks>
public abstract class Policy<T> : IPolicy
    where T : class
{
    readonly Dictionary<Verb, Allowance<T>> allowances = [];
    readonly ConcurrentDictionary<int, IReadOnlyDictionary<string, bool>> answers = [];
    readonly ConcurrentDictionary<(Verb Verb, long Decided), Extent> extents = [];
    Func<Actor, bool>[]? aboutActors;

    /// <summary>Allows a verb on objects for which a rule holds.</summary>
    /// <returns>The allowance, to restrict its fields.</returns>
    protected Allowance<T> Allow(Verb verb, Rule<T> rule)
    {
        var allowance = new Allowance<T>(rule, Decisions.Get(GetType(), verb));
        allowances.Add(verb, allowance);
        return allowance;
    }

    /// <summary>The verbs that the policy allows to some actors.</summary>
    public IReadOnlyCollection<Verb> Verbs => allowances.Keys;

    /// <summary>The rule of a verb; null if the verb is never allowed.</summary>
    public Rule<T>? this[Verb verb] => allowances.GetValueOrDefault(verb)?.Rule;

    /// <summary>
    /// The fields that a verb covers. The default is all fields for reading and none for writing.
    /// </summary>
    /// <returns>The names; null means all.</returns>
    public IReadOnlySet<string>? Fields(Verb verb) =>
        allowances.GetValueOrDefault(verb) switch
        {
            null => new HashSet<string>(),
            { Names: { } names } => names,
            _ => verb == Verb.Read ? null : new HashSet<string>(),
        };

    /// <summary>Whether a verb covers a field.</summary>
    public bool Reaches(Verb verb, string field) => Fields(verb) is not { } names || names.Contains(field);

    /// <summary>The rows on which the verb is allowed.</summary>
    public Condition<T> Scope(Actor actor, Verb verb) => Counted(verb).About(RowsFor(actor, verb));

    /// <summary>
    /// The rows of <see cref="Scope"/> in disjoint parts, one for each alternative of the rule.
    /// </summary>
    /// <param name="actor">The actor.</param>
    /// <param name="verb">The verb.</param>
    /// <param name="without">Alternatives to leave out.</param>
    public IReadOnlyList<Condition<T>> Alternatives(Actor actor, Verb verb, params ReadOnlySpan<Rule<T>> without)
    {
        var parts = new List<Condition<T>>();
        var before = Condition<T>.Never;
        foreach (var alternative in this[verb]?.Alternatives() ?? [])
        {
            var condition = alternative.For(actor);
            // An alternative that is always true makes the others redundant.
            if (condition == Condition<T>.Always)
                return [Counted(verb).About(condition)];
            var part = condition.Join(before.Negate(), ExpressionType.AndAlso);
            if (part.IsPossible && !without.Contains(alternative))
                parts.Add(part);
            before = before.Join(condition, ExpressionType.OrElse);
        }
        Counted(verb).About(parts.Count > 0 ? parts[0] : Condition<T>.Never);
        return parts;
    }

    /// <summary>The rows of one alternative of the verb's rule.</summary>
    /// <exception cref="ArgumentException">It is not an alternative of the rule.</exception>
    public Condition<T> Alternative(Actor actor, Verb verb, Rule<T> alternative)
    {
        if (this[verb]?.Alternatives().Contains(alternative) is not true)
            throw new ArgumentException($"\"{alternative}\" is no alternative of {verb}.", nameof(alternative));
        return Counted(verb).About(alternative.For(actor));
    }

    /// <summary>Whether the verb can be allowed on any object.</summary>
    public bool IsPossible(Actor actor, Verb verb) => ExtentFor(actor, verb) != Extent.None;

    /// <summary>
    /// Whether the verb is allowed on the object, decided by the object's own columns; null if that needs the database.
    /// </summary>
    public bool? Decide(Actor actor, Verb verb, T subject) =>
        this[verb] is { } rule ? rule.Decide(actor, subject) : false;

    /// <summary>
    /// Whether the verb is allowed on the object. Queries the database by the object's key only if the object's own
    /// columns do not decide.
    /// </summary>
    public async ValueTask<bool> MayAsync(
        DbContext db,
        Actor actor,
        Verb verb,
        T subject,
        CancellationToken cancellationToken
    ) => Counted(verb).About(await HoldsAsync(this[verb], db, actor, subject, cancellationToken));

    /// <summary>
    /// Which verbs other than Read and Create are allowed on an object, for a client to show or hide.
    /// </summary>
    public IReadOnlyDictionary<string, bool> Can(Actor actor, RowWithGrants<T> rowWithGrants)
    {
        ArgumentNullException.ThrowIfNull(rowWithGrants);
        var granted = 0;
        foreach (var verb in allowances.Keys)
            if (verb is not (Verb.Read or Verb.Create) && IsGranted(actor, verb, rowWithGrants))
                granted |= Bit(verb);
        // Few distinct results, but one per row of a list.
        return answers.GetOrAdd(
            granted,
            static (bits, verbs) =>
                verbs
                    .Where(verb => verb is not (Verb.Read or Verb.Create))
                    .ToDictionary(Name, verb => (bits & Bit(verb)) != 0, StringComparer.Ordinal)
                    .AsReadOnly(),
            allowances.Keys
        );
    }

    /// <summary>Each verb, and whether it can be allowed on any object.</summary>
    public IReadOnlyDictionary<string, bool> Possible(Actor actor) =>
        allowances.Keys.ToDictionary(Name, verb => IsPossible(actor, verb), StringComparer.Ordinal);

    /// <summary>Whether the verb is allowed on an object that was loaded with its grants.</summary>
    /// <exception cref="ArgumentException">The verb is Read, which the query filters by.</exception>
    public bool May(Actor actor, Verb verb, RowWithGrants<T> rowWithGrants)
    {
        ArgumentNullException.ThrowIfNull(rowWithGrants);
        if (verb == Verb.Read)
            throw new ArgumentException(
                "Whether an object may be read is asked of the query that reads it: .Where(policy, actor, Verb.Read).",
                nameof(verb)
            );
        return Counted(verb).About(IsGranted(actor, verb, rowWithGrants));
    }

    /// <summary>Explains a decision by evaluating every part of the verb's rule.</summary>
    public async Task<Explanation> ExplainAsync(
        DbContext db,
        Actor actor,
        Verb verb,
        T subject,
        CancellationToken cancellationToken
    )
    {
        if (this[verb] is not { } rule)
            return new Explanation(verb, false, null, []);
        var outcomes = new Dictionary<NamedRule<T>, bool>();
        foreach (var part in rule.Parts)
            outcomes[part] = await HoldsAsync(part, db, actor, subject, cancellationToken);
        return new Explanation(
            verb,
            await HoldsAsync(rule, db, actor, subject, cancellationToken),
            rule.ToString(),
            [.. outcomes.Select(part => new ExplainedPart(part.Key.Name, part.Value, part.Key.FailureReason))]
        )
        {
            Failed = [.. rule.Failed(part => outcomes[part]).Select(part => part.Name).Distinct()],
        };
    }

    /// <summary>
    /// What can be decided about an actor without a row, one bit each. Actors with equal outcomes have the same
    /// conditions, except for parameter values.
    /// </summary>
    internal long DecidedFor(Actor actor)
    {
        var decided = 0L;
        foreach (
            var holds in aboutActors ??= [
                .. allowances
                    .Values.SelectMany(allowance => allowance.Rule.Leaves())
                    .Distinct()
                    .Select(leaf => (leaf as ActorRuleAdapter<T>)?.Rule.Holds ?? (leaf as RowRule<T>)?.IsPossible)
                    .OfType<Func<Actor, bool>>(),
            ]
        )
            decided = checked((decided * 2) + (holds(actor) ? 1 : 0));
        return decided;
    }

    long IPolicy.DecidedFor(Actor actor) => DecidedFor(actor);

    /// <summary>Counts a decision about rows that comes from the cache.</summary>
    internal void Recount(Actor actor, Verb verb) => Counted(verb).About(ExtentFor(actor, verb));

    Extent ExtentFor(Actor actor, Verb verb)
    {
        var key = (verb, DecidedFor(actor));
        return extents.TryGetValue(key, out var known) ? known : extents[key] = RowsFor(actor, verb).Extent;
    }

    /// <summary>
    /// The verbs whose rules need the database, as an expression for one number with a bit per verb.
    /// </summary>
    internal Expression<Func<T, int>> GrantedTo(Actor actor)
    {
        var row = Expression.Parameter(typeof(T), "row");
        Expression granted = Expression.Constant(0);
        foreach (var (verb, allowance) in allowances)
        {
            if (verb is Verb.Read or Verb.Create || !allowance.AsksTheDatabase)
                continue;
            var condition = allowance.Rule.For(actor);
            if (condition == Condition<T>.Always || condition == Condition<T>.Never)
                continue;
            var holds = new Replace(condition.Expression.Parameters[0], row).Visit(condition.Expression.Body);
            granted = Expression.Add(
                granted,
                Expression.Condition(holds, Expression.Constant(Bit(verb)), Expression.Constant(0))
            );
        }
        return Expression.Lambda<Func<T, int>>(granted, row);
    }

    // Selects a constant, because building the materializer of a row costs more than translating the rule.
    IEnumerable<(string Name, Action<DbContext> Translate)> IPolicy.Translations =>
        from allowance in allowances
        from part in allowance.Value.Rule.Parts
        select (
            $"{GetType().Name}, {allowance.Key}: {part.Name}",
            (Action<DbContext>)(db => part.For(Actor.Nobody).Apply(db.Set<T>()).Select(_ => 1).ToQueryString())
        );

    Type IPolicy.Entity => typeof(T);

    RowSecurityScript IPolicy.GenerateRowSecurity(DbContext db, RowSecurityTarget target) =>
        new RowSecurityGenerator<T>(db, this, target).Generate();

    static async ValueTask<bool> HoldsAsync(
        Rule<T>? rule,
        DbContext db,
        Actor actor,
        T subject,
        CancellationToken cancellationToken
    ) =>
        rule is not null
        && (rule.Decide(actor, subject) ?? await rule.For(actor).Apply(db.RowOf(subject)).AnyAsync(cancellationToken));

    bool IsGranted(Actor actor, Verb verb, RowWithGrants<T> rowWithGrants) =>
        Decide(actor, verb, rowWithGrants.Row) ?? (rowWithGrants.Granted & Bit(verb)) != 0;

    private protected Decisions Counted(Verb verb) =>
        allowances.GetValueOrDefault(verb)?.Decisions ?? Decisions.Get(GetType(), verb);

    // Not counted: used to decide what to show, such as a button.
    Condition<T> RowsFor(Actor actor, Verb verb) => this[verb]?.For(actor) ?? Condition<T>.Never;

    static string Name(Verb verb) => char.ToLowerInvariant(verb.ToString()[0]) + verb.ToString()[1..];

    static int Bit(Verb verb) => 1 << (int)verb;
}

/// <summary>Allows a verb where a rule holds, for some or all fields.</summary>
public sealed class Allowance<T>
{
    internal Allowance(Rule<T> rule, Decisions decisions)
    {
        (Rule, Decisions) = (rule, decisions);
        AsksTheDatabase = rule.Parts.Any(part => part is RowRule<T> { ReadsOwnColumns: false });
    }

    internal Rule<T> Rule { get; }

    /// <summary>The counters of its decisions.</summary>
    internal Decisions Decisions { get; }

    internal bool AsksTheDatabase { get; }

    internal IReadOnlySet<string>? Names { get; private set; }

    /// <summary>Restricts the verb to these fields.</summary>
    /// <exception cref="ArgumentException">An expression is not a property of the object.</exception>
    public Allowance<T> Fields(params Expression<Func<T, object?>>[] fields)
    {
        Names = fields.Select(Name).ToHashSet(StringComparer.Ordinal);
        return this;
    }

    static string Name(Expression<Func<T, object?>> field) =>
        (field.Body is UnaryExpression { NodeType: ExpressionType.Convert } boxed ? boxed.Operand : field.Body)
            is MemberExpression { Expression: ParameterExpression } member
            ? member.Member.Name
            : throw new ArgumentException(
                $"{field} is no property of {typeof(T).Name}: write it like row => row.Title.",
                nameof(field)
            );
}

/// <summary>The entity type of an <see cref="ActorPolicy"/>, which has no entity.</summary>
public sealed class NoEntity
{
    NoEntity() { }
}

/// <summary>A policy without an entity, such as a dashboard's; its rules depend on the actor only.</summary>
public abstract class ActorPolicy : Policy<NoEntity>
{
    /// <summary>Whether the verb is allowed.</summary>
    public bool May(Actor actor, Verb verb) => Counted(verb).About(IsPossible(actor, verb));
}
