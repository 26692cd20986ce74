using Lightning.Authorization;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Lightning.Api.Access;

/// <summary>403 responses that say which rules failed, as text and as a code.</summary>
static partial class AuthorizationProblem
{
    /// <summary>
    /// The problem if the policy denies the verb on this row. Names the rules that failed, and logs the explanation.
    /// </summary>
    public static async Task<ProblemHttpResult> ForRowAsync<T>(ResourceContext<T> context, Verb verb, T row)
        where T : class
    {
        var explanation = await context.Policy.ExplainAsync(
            context.Db,
            context.Actor,
            verb,
            row,
            context.Http.RequestAborted
        );
        var logger = context.Db.GetService<ILoggerFactory>().CreateLogger<Policy<T>>();
        LogDenied(logger, typeof(T).Name, explanation);
        return Create(explanation.ToString(), explanation.Rule is null ? ["never"] : explanation.Failed);
    }

    /// <summary>The problem if the policy denies the caller the verb on every row.</summary>
    public static ProblemHttpResult ForType<T>(Policy<T> policy, Actor actor, Verb verb)
        where T : class
    {
        var failed = policy[verb]?.Parts.Where(part => !part.For(actor).IsPossible).ToArray() ?? [];
        return failed.Length == 0
            ? Create($"{verb} denied: no rule allows it.", ["never"])
            : Create(
                $"{verb} denied: {string.Join(", ", failed.Select(part => part.FailureReason))}.",
                failed.Select(part => part.Name)
            );
    }

    /// <summary>A problem with a <c>reason</c> such as <c>not-owner-or-editor</c>.</summary>
    static ProblemHttpResult Create(string detail, IEnumerable<string> failedRules)
    {
        var rules = string.Join("-or-", failedRules.Select(rule => rule.Replace(' ', '-')));
        return Problem.NotAllowed.ToResult(detail, new Dictionary<string, object?> { ["reason"] = $"not-{rules}" });
    }

    [LoggerMessage(74, LogLevel.Information, "{Subject}: {Explanation}")]
    static partial void LogDenied(ILogger logger, string subject, Explanation explanation);
}
