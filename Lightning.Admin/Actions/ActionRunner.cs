using System.Linq.Expressions;
using Lightning.Admin.Forms;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Actions;

/// <summary>Does something to rows: to those of the chosen that the policy allows, all in one transaction.</summary>
sealed class ActionRunner<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>The most rows that something is done to at once.</summary>
    const int Most = 1000;

    /// <summary>So many of the rows are named before it is done.</summary>
    const int MostNamed = 10;

    public async Task<Concerned> AskAsync(RowAction action, Chosen chosen, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var allowed = await RowsAsync(action, chosen, query.Rows(), cancellationToken);
        var rows = Meant(action, allowed);
        await using var lead = await query.LeadAsync(chosen.All?.Filters ?? [], cancellationToken);
        var count = await rows.TakeAny(Most + 1).CountAsync(cancellationToken);
        // Those that were chosen by hand and are not among them are few enough to be told apart.
        var others = action.Condition is null || chosen.All is not null || count == chosen.Keys.Count ? 0 : await allowed.TakeAny(Most + 1).CountAsync(cancellationToken) - count;
        var sorted = RowQuery<T>.Sort(rows, query.Order(chosen.All ?? new ListState(), row), row);
        var first = await RowQuery<T>.Values(sorted, row, query.KeyOf(row).Append(query.Value(registration.NamedBy!, row))).Take(MostNamed).ToListAsync(cancellationToken);
        return new(count, others, [.. first.Select(found => new Choice(RowKey.Write(found[..^1]), registration.NamedBy!.Show(found[^1])))]);
    }

    public async Task<(int Rows, string? Fault)> RunAsync(RowAction action, Chosen chosen, IReadOnlyDictionary<string, string> inputs)
    {
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        // Not to be given up with the request: half of it is no less work to undo than all of it.
        var rows = await Meant(action, await RowsAsync(action, chosen, query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), CancellationToken.None)).TakeAny(Most + 1).ToListAsync();
        if (rows.Count > Most) return (0, $"At most {Most:N0} rows at once: narrow the list first.");
        if (rows.Count == 0) return (0, action.Nothing(mayBeOtherwise: true));
        await action.Run(rows, new(request.Db, request.Actor, request.Now, inputs, CancellationToken.None));
        var changed = rows.Where(row => request.Db.Entry(row).State == EntityState.Modified).ToList();
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException refusal) when (DatabaseFaults.Of(refusal, registration.Table) is { } fault)
        {
            return (0, refusal is DbUpdateConcurrencyException ? "Somebody changed one of them meanwhile: try again." : fault.Sentence);
        }
        foreach (var row in changed)
            if (!await request.Site.PolicyOf<T>().MayAsync(request.Db, request.Actor, action.Verb, row, CancellationToken.None)) return (0, "You may not leave them like that.");
        await transaction.CommitAsync();
        return (rows.Count, null);
    }

    /// <summary>Those of the rows that an action is for.</summary>
    IQueryable<T> Meant(RowAction action, IQueryable<T> rows) => action.Condition is { } condition ? rows.Where(Expressions.Condition<T>(row => query.Meets(condition, row))) : rows;

    async Task<IQueryable<T>> RowsAsync(RowAction action, Chosen chosen, IQueryable<T> rows, CancellationToken cancellationToken)
    {
        rows = query.Within(query.Living(rows), action.Verb);
        if (chosen.All is null) return query.WithKeys(rows, [.. chosen.Keys.Take(Most + 1).Select(key => RowKey.Read(key, registration.Key)).OfType<object[]>()]);
        return await query.NarrowAsync(chosen.All, null, cancellationToken, rows);
    }
}
