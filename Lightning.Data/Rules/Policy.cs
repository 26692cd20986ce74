using System.Collections.Concurrent;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Data.Rules;

/// <summary>Who may do what to one kind of object. What it does not allow is denied.</summary>
/// <remarks>Three questions are kept apart: may the actor do it to this object; to which rows; is it possible at all (for menus and buttons).</remarks>
public abstract class Policy<T> : IPolicy
    where T : class
{
    readonly Dictionary<Verb, Allowance<T>> allowances = [];
    readonly ConcurrentDictionary<int, IReadOnlyDictionary<string, bool>> answers = [];
    readonly ConcurrentDictionary<(Verb Verb, long Decided), Extent> extents = [];
    ActorRule[]? aboutActors;

    /// <summary>Allows a verb where a rule holds.</summary>
    /// <returns>The allowance, to say which fields it reaches.</returns>
    protected Allowance<T> Allow(Verb verb, Rule<T> rule)
    {
        var allowance = new Allowance<T>(rule, Decisions.Of(GetType(), verb));
        allowances.Add(verb, allowance);
        return allowance;
    }

    /// <summary>The verbs that somebody may use.</summary>
    public IReadOnlyCollection<Verb> Verbs => allowances.Keys;

    /// <summary>The rule behind a verb; null where nobody may.</summary>
    public Rule<T>? this[Verb verb] => allowances.GetValueOrDefault(verb)?.Rule;

    /// <summary>The fields that a verb reaches. Where the policy does not say: for reading all of them, for writing none.</summary>
    /// <returns>The names; null stands for all.</returns>
    public IReadOnlySet<string>? Fields(Verb verb) => allowances.GetValueOrDefault(verb) switch
    {
        null => new HashSet<string>(),
        { Names: { } names } => names,
        _ => verb == Verb.Read ? null : new HashSet<string>(),
    };

    /// <summary>Whether a verb reaches a field.</summary>
    public bool Reaches(Verb verb, string field) => Fields(verb) is not { } names || names.Contains(field);

    /// <summary>To which rows the actor may do it.</summary>
    public Condition<T> Scope(Actor actor, Verb verb) => Counted(verb).About(RowsFor(actor, verb));

    /// <summary>The same rows as <see cref="Scope"/>, in parts that have none in common: one for each alternative of the rule.</summary>
    internal IReadOnlyList<Condition<T>> Parts(Actor actor, Verb verb, Rule<T>? without)
    {
        var parts = new List<Condition<T>>();
        var before = Condition<T>.Never;
        foreach (var alternative in this[verb]?.Alternatives() ?? [])
        {
            var condition = alternative.For(actor);
            // One that is always true stands for all of them, wherever it is written.
            if (condition == Condition<T>.Always) return [Counted(verb).About(condition)];
            var part = condition.Join(before.Negate(), ExpressionType.AndAlso);
            if (part.IsPossible && alternative != without) parts.Add(part);
            before = before.Join(condition, ExpressionType.OrElse);
        }
        Counted(verb).About(parts.Count > 0 ? parts[0] : Condition<T>.Never);
        return parts;
    }

    /// <summary>Whether there can be an object at all to which the actor may do it.</summary>
    public bool IsPossible(Actor actor, Verb verb) => ExtentFor(actor, verb) != Extent.None;

    /// <summary>Whether the actor may do it to this object, as far as its own columns say; null where only the database knows.</summary>
    public bool? Decide(Actor actor, Verb verb, T subject) => this[verb] is { } rule ? rule.Decide(actor, subject) : false;

    /// <summary>Whether the actor may do it to this object. The database is asked, by the object's key, only where its own columns do not say.</summary>
    public async ValueTask<bool> MayAsync(DbContext db, Actor actor, Verb verb, T subject, CancellationToken cancellationToken) =>
        Counted(verb).About(await HoldsAsync(this[verb], db, actor, subject, cancellationToken));

    /// <summary>The verbs besides reading and making that the actor may use on an object, for a client to show or hide.</summary>
    public IReadOnlyDictionary<string, bool> Can(Actor actor, Guarded<T> guarded)
    {
        ArgumentNullException.ThrowIfNull(guarded);
        var granted = 0;
        foreach (var verb in allowances.Keys)
            if (verb is not (Verb.Read or Verb.Create) && IsGranted(actor, verb, guarded)) granted |= Bit(verb);
        // There are few answers, and a list has one for each row.
        return answers.GetOrAdd(granted, static (bits, verbs) => verbs.Where(verb => verb is not (Verb.Read or Verb.Create))
            .ToDictionary(Name, verb => (bits & Bit(verb)) != 0, StringComparer.Ordinal).AsReadOnly(), allowances.Keys);
    }

    /// <summary>The verbs, and whether there can be an object to which the actor may do it.</summary>
    public IReadOnlyDictionary<string, bool> Possible(Actor actor) => allowances.Keys.ToDictionary(Name, verb => IsPossible(actor, verb), StringComparer.Ordinal);

    /// <summary>Whether the actor may do it to an object that came with what the database says of it.</summary>
    /// <exception cref="ArgumentException">Of reading nothing came with it: the query is narrowed by that.</exception>
    public bool May(Actor actor, Verb verb, Guarded<T> guarded)
    {
        ArgumentNullException.ThrowIfNull(guarded);
        if (verb == Verb.Read) throw new ArgumentException("Whether an object may be read is asked of the query that reads it: .Where(policy, actor, Verb.Read).", nameof(verb));
        return Counted(verb).About(IsGranted(actor, verb, guarded));
    }

    /// <summary>Why the actor may or may not: asks every single rule behind the verb.</summary>
    public async Task<Explanation> ExplainAsync(DbContext db, Actor actor, Verb verb, T subject, CancellationToken cancellationToken)
    {
        if (this[verb] is not { } rule) return new Explanation(verb, false, null, []);
        var parts = new List<ExplainedPart>();
        foreach (var part in rule.Parts)
            parts.Add(new(part.Name, await HoldsAsync(part, db, actor, subject, cancellationToken), part.Otherwise));
        return new Explanation(verb, await HoldsAsync(rule, db, actor, subject, cancellationToken), rule.ToString(), parts);
    }

    /// <summary>How the rules decide that ask about the actor only, a bit each. Two actors for whom they decide alike have the same conditions, but for values.</summary>
    internal long DecidedFor(Actor actor)
    {
        var decided = 0L;
        foreach (var rule in aboutActors ??= [.. allowances.Values.SelectMany(allowance => allowance.Rule.Leaves()).OfType<RuleOfActor<T>>().Select(leaf => leaf.Rule).Distinct()])
            decided = checked((decided * 2) + (rule.Holds(actor) ? 1 : 0));
        return decided;
    }

    long IPolicy.DecidedFor(Actor actor) => DecidedFor(actor);

    /// <summary>Counts a decision about rows that was not made anew.</summary>
    internal void Recount(Actor actor, Verb verb) => Counted(verb).About(ExtentFor(actor, verb));

    Extent ExtentFor(Actor actor, Verb verb)
    {
        var key = (verb, DecidedFor(actor));
        return extents.TryGetValue(key, out var known) ? known : extents[key] = RowsFor(actor, verb).Extent;
    }

    /// <summary>The verbs that the database has to be asked about beside the row, as one number: a bit a verb.</summary>
    internal Expression<Func<T, int>> GrantedTo(Actor actor)
    {
        var row = Expression.Parameter(typeof(T), "row");
        Expression granted = Expression.Constant(0);
        foreach (var (verb, allowance) in allowances)
        {
            if (verb is Verb.Read or Verb.Create || !allowance.AsksTheDatabase) continue;
            var condition = allowance.Rule.For(actor);
            if (condition == Condition<T>.Always || condition == Condition<T>.Never) continue;
            var holds = new Replace(condition.Expression.Parameters[0], row).Visit(condition.Expression.Body);
            granted = Expression.Add(granted, Expression.Condition(holds, Expression.Constant(Bit(verb)), Expression.Constant(0)));
        }
        return Expression.Lambda<Func<T, int>>(granted, row);
    }

    // Of the rows nothing is asked but that they are there: how one is made of its columns would take longer to put together than all of the rule.
    IEnumerable<(string Name, Action<DbContext> Translate)> IPolicy.Translations =>
        from allowance in allowances
        from part in allowance.Value.Rule.Parts
        select ($"{GetType().Name}, {allowance.Key}: {part.Name}",
            (Action<DbContext>)(db => part.For(Actor.Nobody).Apply(db.Set<T>()).Select(_ => 1).ToQueryString()));

    static async ValueTask<bool> HoldsAsync(Rule<T>? rule, DbContext db, Actor actor, T subject, CancellationToken cancellationToken) =>
        rule is not null && (rule.Decide(actor, subject) ?? await rule.For(actor).Apply(db.RowOf(subject)).AnyAsync(cancellationToken));

    bool IsGranted(Actor actor, Verb verb, Guarded<T> guarded) => Decide(actor, verb, guarded.Row) ?? (guarded.Granted & Bit(verb)) != 0;

    private protected Decisions Counted(Verb verb) => allowances.GetValueOrDefault(verb)?.Decisions ?? Decisions.Of(GetType(), verb);

    // What is only shown, such as a button, is asked without being counted.
    Condition<T> RowsFor(Actor actor, Verb verb) => this[verb]?.For(actor) ?? Condition<T>.Never;

    static string Name(Verb verb) => char.ToLowerInvariant(verb.ToString()[0]) + verb.ToString()[1..];

    static int Bit(Verb verb) => 1 << (int)verb;
}

/// <summary>That a verb is allowed where a rule holds, and which fields it reaches.</summary>
public sealed class Allowance<T>
{
    internal Allowance(Rule<T> rule, Decisions decisions)
    {
        (Rule, Decisions) = (rule, decisions);
        AsksTheDatabase = rule.Parts.Any(part => part is RuleOfRow<T> { ReadsOwnColumns: false });
    }

    internal Rule<T> Rule { get; }

    /// <summary>What is decided by it, counted.</summary>
    internal Decisions Decisions { get; }

    internal bool AsksTheDatabase { get; }

    internal IReadOnlySet<string>? Names { get; private set; }

    /// <summary>The fields that the verb reaches, and no other.</summary>
    /// <exception cref="ArgumentException">One is no property of the object.</exception>
    public Allowance<T> Fields(params Expression<Func<T, object?>>[] fields)
    {
        Names = fields.Select(Name).ToHashSet(StringComparer.Ordinal);
        return this;
    }

    static string Name(Expression<Func<T, object?>> field) =>
        (field.Body is UnaryExpression { NodeType: ExpressionType.Convert } boxed ? boxed.Operand : field.Body) is MemberExpression { Expression: ParameterExpression } member
            ? member.Member.Name
            : throw new ArgumentException($"{field} is no property of {typeof(T).Name}: write it like row => row.Title.", nameof(field));
}

/// <summary>An object of which there are no rows, such as a dashboard.</summary>
public sealed class Headless
{
    Headless()
    {
    }
}

/// <summary>Who may do what to something that is no row; its rules ask about the actor only.</summary>
public abstract class HeadlessPolicy : Policy<Headless>
{
    /// <summary>Whether the actor may.</summary>
    public bool May(Actor actor, Verb verb) => Counted(verb).About(IsPossible(actor, verb));
}
