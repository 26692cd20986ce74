using System.Linq.Expressions;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Actions;

/// <summary>Runs an action on the selected rows that the policy allows, in one transaction.</summary>
sealed class ActionRunner<T>(AdminFor<T> registration, AdminRequest request, ListQuery<T> list)
    where T : class
{
    /// <summary>The maximum number of rows of one action.</summary>
    const int Most = 1000;

    /// <summary>The number of rows named on the confirmation page.</summary>
    const int MaxNamed = 10;

    readonly RowQuery<T> query = list.Rows;

    public async Task<ActionTargets> PreviewAsync(
        RowAction action,
        RowSelection selection,
        CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var allowed = await RowsAsync(action, selection, query.Rows(), cancellationToken);
        var rows = ApplicableRows(action, allowed);
        await using var hint = await list.ForceNestedLoopsAsync(selection.All?.Filters ?? [], cancellationToken);
        var count = await rows.TakeAny(Most + 1).CountAsync(cancellationToken);
        // Rows selected by hand are few, so the skipped ones can be counted.
        var others =
            action.Condition is null || selection.All is not null || count == selection.Keys.Count
                ? 0
                : await allowed.TakeAny(Most + 1).CountAsync(cancellationToken) - count;
        var sorted = RowQuery<T>.Sort(rows, list.Order(selection.All ?? new ListState(), row), row);
        var first = await RowQuery<T>
            .Values(sorted, row, query.KeyOf(row).Append(query.Value(registration.NamedBy!, row)))
            .Take(MaxNamed)
            .ToListAsync(cancellationToken);
        return new(
            count,
            others,
            [.. first.Select(found => new Choice(RowKey.Format(found[..^1]), registration.NamedBy!.Show(found[^1])))]
        );
    }

    public async Task<(int Rows, string? Error)> RunAsync(
        RowAction action,
        RowSelection selection,
        IReadOnlyDictionary<string, string> inputs
    )
    {
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        // Not cancelled with the request: the action is all or nothing.
        var rows = await ApplicableRows(
                action,
                await RowsAsync(
                    action,
                    selection,
                    query.Within(request.Db.Set<T>().AsTracking(), Verb.Read),
                    CancellationToken.None
                )
            )
            .TakeAny(Most + 1)
            .ToListAsync();
        if (rows.Count > Most)
            return (0, $"This action can be applied to at most {Most:N0} rows. Filter the list first.");
        if (rows.Count == 0)
            return (0, action.Nothing(mayBeOtherwise: true));
        await action.Run(rows, new(request.Db, request.Actor, request.Now, inputs, CancellationToken.None));
        var changed = rows.Where(row => request.Db.Entry(row).State == EntityState.Modified).ToList();
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException ex) when (DatabaseErrors.Describe(ex, registration.Table) is { } error)
        {
            return (
                0,
                ex is DbUpdateConcurrencyException
                    ? "Someone else changed one of these rows. Try again."
                    : error.Sentence
            );
        }
        foreach (var row in changed)
            if (
                !await request
                    .Site.PolicyOf<T>()
                    .MayAsync(request.Db, request.Actor, action.Verb, row, CancellationToken.None)
            )
                return (0, "You are not allowed to save these changes.");
        await transaction.CommitAsync();
        return (rows.Count, null);
    }

    /// <summary>The rows that the action applies to.</summary>
    IQueryable<T> ApplicableRows(RowAction action, IQueryable<T> rows) =>
        action.Condition is { } condition
            ? rows.Where(Expressions.Condition<T>(row => query.Meets(condition, row)))
            : rows;

    async Task<IQueryable<T>> RowsAsync(
        RowAction action,
        RowSelection selection,
        IQueryable<T> rows,
        CancellationToken cancellationToken
    )
    {
        rows = query.Within(query.ApplySoftDelete(rows), action.Verb);
        if (selection.All is null)
            return query.WithKeys(
                rows,
                [.. selection.Keys.Take(Most + 1).Select(key => RowKey.Parse(key, registration.Key)).OfType<object[]>()]
            );
        return await list.FilterAsync(selection.All, null, cancellationToken, rows);
    }
}
