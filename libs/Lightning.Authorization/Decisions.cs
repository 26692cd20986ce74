using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Lightning.Authorization;

/// <summary>
/// Counts the decisions of a policy for a verb. An observable counter reads them, so that every policy is reported from
/// the start, with zeros. The tags identify no user.
/// </summary>
sealed class Decisions
{
    static readonly ConcurrentDictionary<(string Policy, string Verb), Decisions> All = [];
    static readonly Meter Meter = Create();
    readonly KeyValuePair<string, object?> policy;
    readonly KeyValuePair<string, object?> verb;
    long allowed;
    long denied;
    long narrowed;

    Decisions(string policy, string verb)
    {
        this.policy = new("policy", policy);
        this.verb = new("verb", verb);
    }

    /// <summary>The counters of a policy and verb.</summary>
    public static Decisions Get(Type policy, Verb verb) =>
        All.GetOrAdd((policy.Name, verb.ToString()), key => new(key.Policy, key.Verb));

    /// <summary>Counts a decision about one object.</summary>
    public bool About(bool isAllowed)
    {
        Interlocked.Increment(ref isAllowed ? ref allowed : ref denied);
        return isAllowed;
    }

    /// <summary>Counts a decision about the rows of a query.</summary>
    public Condition<T> About<T>(Condition<T> rows)
        where T : class
    {
        About(rows.Extent);
        return rows;
    }

    /// <summary>
    /// Counts a decision about the rows of a query: every row, no row, or those that match a condition.
    /// </summary>
    public void About(Extent rows) =>
        Interlocked.Increment(
            ref rows == Extent.None ? ref denied : ref rows == Extent.All ? ref allowed : ref narrowed
        );

    static Meter Create()
    {
        var meter = new Meter(Policies.MeterName);
        meter.CreateObservableCounter(
            "lightning.rules.decisions",
            Measure,
            "{decision}",
            "Decisions by policy, verb and outcome: allowed and denied, of an object or of every row; narrowed, of "
                + "the rows of a query."
        );
        return meter;
    }

    static IEnumerable<Measurement<long>> Measure()
    {
        foreach (var decisions in All.Values)
        {
            yield return decisions.Measurement(ref decisions.allowed, "allowed");
            yield return decisions.Measurement(ref decisions.denied, "denied");
            yield return decisions.Measurement(ref decisions.narrowed, "narrowed");
        }
    }

    Measurement<long> Measurement(ref long count, string outcome) =>
        new(Volatile.Read(ref count), policy, verb, new("outcome", outcome));
}
