namespace Lightning.Data.Rules;

/// <summary>A single rule, and whether it holds.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Holds">Whether it holds.</param>
/// <param name="Otherwise">What is the case where it does not.</param>
public sealed record ExplainedPart(string Name, bool Holds, string Otherwise);

/// <summary>Why an actor may or may not do something to an object.</summary>
/// <param name="Verb">What they want to do.</param>
/// <param name="IsAllowed">Whether they may.</param>
/// <param name="Rule">The rule behind the verb, as its author wrote it; null where nobody may.</param>
/// <param name="Parts">The single rules that it is made of.</param>
public sealed record Explanation(Verb Verb, bool IsAllowed, string? Rule, IReadOnlyList<ExplainedPart> Parts)
{
    /// <summary>A sentence: <c>Update denied: not (owner | editor). owner: it belongs to another user. editor: it is not shared for editing.</c></summary>
    public override string ToString()
    {
        if (Rule is null) return $"{Verb} denied: no rule allows it.";
        var parts = string.Concat(Parts.Select(part => $" {part.Name}: {(part.Holds ? "holds" : part.Otherwise)}."));
        return IsAllowed ? $"{Verb} allowed: {Rule}.{parts}" : $"{Verb} denied: not {(Parts.Count > 1 ? $"({Rule})" : Rule)}.{parts}";
    }
}
