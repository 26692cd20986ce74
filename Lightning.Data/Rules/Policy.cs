namespace Lightning.Data.Rules;

/// <summary>Who may do what to one kind of object. What it does not allow is denied.</summary>
public abstract class Policy<T>
{
    readonly Dictionary<Verb, Rule<T>> rules = [];

    /// <summary>Allows a verb where a rule holds.</summary>
    protected void Allow(Verb verb, Rule<T> rule) => rules.Add(verb, rule);

    /// <summary>Whether the actor may do it to this object.</summary>
    public bool May(Actor actor, Verb verb, T subject) => rules.TryGetValue(verb, out var rule) && rule.Holds(actor, subject);

    /// <summary>To which rows the actor may do it.</summary>
    public Condition<T> Scope(Actor actor, Verb verb) => rules.TryGetValue(verb, out var rule) ? rule.For(actor) : Condition<T>.Never;

    /// <summary>The verbs besides reading and making that the actor may use on this object, for a client to show or hide.</summary>
    public IReadOnlyDictionary<string, bool> Can(Actor actor, T subject) => rules.Keys
        .Where(verb => verb is not (Verb.Read or Verb.Create))
        .ToDictionary(verb => char.ToLowerInvariant(verb.ToString()[0]) + verb.ToString()[1..], verb => May(actor, verb, subject), StringComparer.Ordinal);
}

/// <summary>Narrows queries by policy.</summary>
public static class PolicyQueries
{
    /// <summary>The rows that the actor may do it to.</summary>
    public static IQueryable<T> Where<T>(this IQueryable<T> rows, Policy<T> policy, Actor actor, Verb verb) => policy.Scope(actor, verb).Apply(rows);
}
