using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Lightning.Api.Access;

/// <summary>403, with the reason in words and as a code.</summary>
static partial class Refusal
{
    /// <summary>Says which rule decided.</summary>
    public static async Task<ProblemHttpResult> OfAsync<T>(LightningDb db, Policy<T> policy, Actor actor, Verb verb, T row, CancellationToken cancellationToken)
        where T : class
    {
        var explanation = await policy.ExplainAsync(db, actor, verb, row, cancellationToken);
        Refused(db.GetService<ILoggerFactory>().CreateLogger<Policy<T>>(), typeof(T).Name, explanation);
        return Of(explanation.ToString(), string.Join("-or-", explanation.Parts.Where(part => !part.Holds).Select(part => part.Name.Replace(' ', '-'))));
    }

    /// <summary>Says which rules about the caller leave nothing over, whatever the object.</summary>
    public static ProblemHttpResult AtAll<T>(Policy<T> policy, Actor actor, Verb verb)
        where T : class
    {
        var missing = policy[verb]?.Parts.Where(part => !part.For(actor).IsPossible).ToArray() ?? [];
        return missing.Length == 0 ? Of($"{verb} denied: no rule allows it.", "never")
            : Of($"{verb} denied: {string.Join(", ", missing.Select(part => part.Otherwise))}.", string.Join("-or-", missing.Select(part => part.Name.Replace(' ', '-'))));
    }

    [LoggerMessage(74, LogLevel.Information, "{Subject}: {Explanation}")]
    static partial void Refused(ILogger logger, string subject, Explanation explanation);

    /// <summary>A refusal with <c>reason</c> <c>not-owner-or-editor</c>, or so.</summary>
    public static ProblemHttpResult Of(string detail, string missing) =>
        Problem.NotAllowed.Answer(detail, new Dictionary<string, object?> { ["reason"] = $"not-{missing}" });
}
