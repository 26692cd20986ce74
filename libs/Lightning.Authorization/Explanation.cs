namespace Lightning.Authorization;

/// <summary>A part of a rule, and whether it holds.</summary>
/// <param name="Name">The name.</param>
/// <param name="Holds">Whether it holds.</param>
/// <param name="FailureReason">The reason if it does not hold.</param>
public sealed record ExplainedPart(string Name, bool Holds, string FailureReason);

/// <summary>Why a verb on an object is allowed or denied.</summary>
/// <param name="Verb">The verb.</param>
/// <param name="IsAllowed">Whether it is allowed.</param>
/// <param name="Rule">The verb's rule as text; null if no rule allows it.</param>
/// <param name="Parts">The parts of the rule.</param>
public sealed record Explanation(Verb Verb, bool IsAllowed, string? Rule, IReadOnlyList<ExplainedPart> Parts)
{
    /// <summary>The names of the parts because of which the verb is denied; empty if it is allowed.</summary>
    public IReadOnlyList<string> Failed { get; init; } = [];

    /// <summary>
    /// A sentence: <c>Update denied: not (owner | editor). owner: it belongs to another user. editor: it is not shared
    /// for editing.</c>
    /// </summary>
    public override string ToString()
    {
        if (Rule is null)
            return $"{Verb} denied: no rule allows it.";
        var parts = string.Concat(
            Parts.Select(part => $" {part.Name}: {(part.Holds ? "holds" : part.FailureReason)}.")
        );
        return IsAllowed
            ? $"{Verb} allowed: {Rule}.{parts}"
            : $"{Verb} denied: not {(Parts.Count > 1 ? $"({Rule})" : Rule)}.{parts}";
    }
}
