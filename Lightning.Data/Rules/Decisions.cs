using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Lightning.Data.Rules;

/// <summary>
/// What policies decide, counted: the meter <c>Lightning.Rules</c>. Counted here and only asked for when somebody measures, so that a policy's
/// counts are there from the start, at nought. Nothing in the tags tells one person from another.
/// </summary>
sealed class Decisions
{
    public const string MeterName = "Lightning.Rules";

    static readonly ConcurrentDictionary<(string Policy, string Verb), Decisions> All = [];
    static readonly Meter Shown = Create();
    readonly KeyValuePair<string, object?> _policy, _verb;
    long _allowed, _denied, _narrowed;

    Decisions(string policy, string verb) => (_policy, _verb) = (new("policy", policy), new("verb", verb));

    /// <summary>Those of one policy about one verb.</summary>
    public static Decisions Of(Type policy, Verb verb) =>
        All.GetOrAdd((policy.Name, verb.ToString()), key => new(key.Policy, key.Verb));

    /// <summary>Counts a decision about one object.</summary>
    public bool About(bool allowed)
    {
        Interlocked.Increment(ref allowed ? ref _allowed : ref _denied);
        return allowed;
    }

    /// <summary>Counts a decision about the rows of a query.</summary>
    public Condition<T> About<T>(Condition<T> rows)
        where T : class
    {
        About(rows.Extent);
        return rows;
    }

    /// <summary>Counts a decision about the rows of a query: all of them, none, or those that a condition leaves.</summary>
    public void About(Extent rows) => Interlocked.Increment(ref rows == Extent.None ? ref _denied : ref rows == Extent.All ? ref _allowed : ref _narrowed);

    static Meter Create()
    {
        var meter = new Meter(MeterName);
        meter.CreateObservableCounter("lightning.rules.decisions", Measure, "{decision}",
            "Decisions by policy, verb and outcome: allowed and denied, of an object or of every row; narrowed, of the rows of a query.");
        return meter;
    }

    static IEnumerable<Measurement<long>> Measure()
    {
        foreach (var (_, one) in All)
        {
            yield return new(Volatile.Read(ref one._allowed), one._policy, one._verb, new("outcome", "allowed"));
            yield return new(Volatile.Read(ref one._denied), one._policy, one._verb, new("outcome", "denied"));
            yield return new(Volatile.Read(ref one._narrowed), one._policy, one._verb, new("outcome", "narrowed"));
        }
    }
}
