using Lightning.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lightning.Api.Access;

/// <summary>Saves rows and checks the policy against the values that are written.</summary>
static class AuthorizedSave
{
    /// <summary>
    /// Saves a new or changed row. If the row's columns do not decide the rule, the database evaluates it after the
    /// write, in the same transaction, which is rolled back if the rule denies.
    /// </summary>
    /// <returns>The problem; null if the row was saved.</returns>
    public static async Task<ProblemHttpResult?> SaveAsync<T>(this ResourceContext<T> context, Verb verb, T row)
        where T : class
    {
        var (db, policy, actor) = (context.Db, context.Policy, context.Actor);
        var cancellationToken = context.Http.RequestAborted;
        var decided = policy.Decide(actor, verb, row);
        if (decided is false)
            return await AuthorizationProblem.ForRowAsync(context, verb, row);
        // The owner of an outer transaction rolls it back when the response is not a success.
        await using var transaction = decided is null ? await WriteTransaction.BeginAsync(db, cancellationToken) : null;
        if (await Preconditions.SaveAsync(db, cancellationToken) is { } conflict)
            return conflict;
        if (decided is null && !await policy.MayAsync(db, actor, verb, row, cancellationToken))
            return await AuthorizationProblem.ForRowAsync(context, verb, row);
        if (transaction is not null)
            await transaction.CommitAsync();
        return null;
    }
}
