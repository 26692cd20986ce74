using System.Linq.Expressions;
using Lightning.Admin.Actions;
using Lightning.Admin.Details;
using Lightning.Admin.Forms;
using Lightning.Admin.Lists;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>The rows of a registration, as one person reaches them.</summary>
abstract class Rows
{
    /// <summary>A page of the list.</summary>
    public abstract Task<ListPage> ListAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>Whether a list is narrowed so that indexes can be put together to find its rows.</summary>
    public abstract bool Combines(ListState state);

    /// <summary>How many rows the list has, as far as they are counted.</summary>
    public abstract Task<CappedCount> CountAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>What the list can be narrowed to by a filter.</summary>
    public abstract Task<IReadOnlyList<Facet>> FacetsAsync(ListState state, Filter filter, CancellationToken cancellationToken);

    /// <summary>What the list is narrowed by, in words, each with the list without it.</summary>
    public abstract Task<IReadOnlyList<Facet>> NarrowedByAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>The columns that the list shows.</summary>
    public abstract IReadOnlyList<Field> Shown(ListState state);

    /// <summary>All rows of the list, one after another: the key's parts, and the columns that are shown.</summary>
    public abstract IAsyncEnumerable<object?[]> StreamAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>What searches of these rows have not looked for, as sentences: words that fit too many related rows.</summary>
    public abstract IReadOnlyList<string> LeftOut { get; }

    /// <summary>The keys of rows that a search finds in what is their own, null where there are more than asked for.</summary>
    public abstract Task<IReadOnlyList<object>?> KeysAsync(string search, int most, CancellationToken cancellationToken);

    /// <summary>What finds them, as SQL, for whoever wants to see the plan.</summary>
    public abstract Task<string> SearchSqlAsync(string search, CancellationToken cancellationToken);

    /// <summary>Rows that a search finds, by key and name.</summary>
    public abstract Task<IReadOnlyList<Choice>> PickAsync(string search, int most, CancellationToken cancellationToken);

    /// <summary>The name of a row; null where the actor cannot read it.</summary>
    public abstract Task<string?> NameAsync(string key, CancellationToken cancellationToken);

    /// <summary>The names of rows by the only part of their keys, as far as the actor may read them.</summary>
    public abstract Task<IReadOnlyDictionary<object, string>> NamesAsync(IEnumerable<object> keys, CancellationToken cancellationToken);

    /// <summary>The names of rows by their keys as parts of addresses, as far as the actor may read them.</summary>
    public abstract Task<IReadOnlyDictionary<string, string>> NamedAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken);

    /// <summary>The keys of the first rows that another is linked with, and of those that are spoken of and among them, as far as the actor may read them; and whether there are more.</summary>
    public abstract Task<(IReadOnlyList<string> Keys, bool HasMore)> LinkedAsync(IQueryable linked, IReadOnlyList<string> spoken, int most, CancellationToken cancellationToken);

    /// <summary>How many rows another is linked with, among those that the actor may read, as far as they are counted.</summary>
    public abstract Task<CappedCount> CountLinkedAsync(IQueryable linked, CancellationToken cancellationToken);

    /// <summary>The rows that one of these is linked with, whoever may read them.</summary>
    public abstract IQueryable Linked(IReadOnlyList<object> key, ISkipNavigation links);

    /// <summary>A row's page; null where there is none, or not for the actor.</summary>
    public abstract Task<RowView?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>A form for a row that is to be made.</summary>
    public abstract Task<Form?> NewAsync(IReadOnlyDictionary<string, string> preset, CancellationToken cancellationToken);

    /// <summary>A form for a row that is to be changed; null where there is none, or not for the actor.</summary>
    public abstract Task<Form?> EditAsync(string key, CancellationToken cancellationToken);

    /// <summary>Makes a row, or says what is wrong.</summary>
    public abstract Task<Saved> CreateAsync(Posted posted);

    /// <summary>Changes a row, or says what is wrong.</summary>
    public abstract Task<Saved> UpdateAsync(string key, Posted posted);

    /// <summary>A page of the list with the fields that are changed there.</summary>
    public abstract Task<RowsForm> EditListAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>Changes rows of a list, each by itself, and brings back those that could not be.</summary>
    public abstract Task<RowsSaved> UpdateListAsync(ListState state, Posted posted);

    /// <summary>What a delete would take along; null where there is no such row that the actor may delete.</summary>
    public abstract Task<IReadOnlyList<Consequence>?> ConsequencesAsync(string key, CancellationToken cancellationToken);

    /// <summary>What hangs on a row that is removed by other means than this site's delete.</summary>
    public abstract Task<IReadOnlyList<Consequence>> GoesAlongAsync(object[] key, CancellationToken cancellationToken);

    /// <summary>Deletes a row; false where there is none that the actor may delete, else nothing or why it cannot be.</summary>
    public abstract Task<(bool Found, string? Fault)> DeleteAsync(string key);

    /// <summary>Takes a row back from the deleted ones; false where there is none that the actor may, else nothing or why it cannot be.</summary>
    public abstract Task<(bool Found, string? Fault)> RestoreAsync(string key);

    /// <summary>To which of the rows an action would be done.</summary>
    public abstract Task<Concerned> AskAsync(RowAction action, Chosen chosen, CancellationToken cancellationToken);

    /// <summary>Does something to rows, to those of them that the actor may; all or none.</summary>
    public abstract Task<(int Rows, string? Fault)> RunAsync(RowAction action, Chosen chosen, IReadOnlyDictionary<string, string> inputs);

    /// <summary>Makes rows of what a file holds, all or none; keeps them only where it is not a trial.</summary>
    public abstract Task<IReadOnlyList<(int Row, string Field, string Fault)>> ImportAsync(IReadOnlyList<IReadOnlyDictionary<string, string>> rows, bool trial);

    /// <summary>The first children of a row.</summary>
    public abstract Task<ListPage> ChildrenAsync(IReadOnlyList<IProperty> foreignKey, IReadOnlyList<object> parent, int most, CancellationToken cancellationToken);

    /// <summary>Writes children in the form of the row that a foreign key leads to.</summary>
    public abstract ChildWriter ChildrenIn(string list, IForeignKey foreignKey);

    /// <summary>How many rows a condition holds of, among those that the actor may read, as far as they are counted.</summary>
    public abstract Task<CappedCount> CountAsync(Func<Expression, Expression> condition, CancellationToken cancellationToken);

    /// <summary>Whether there can be a row at all that the actor may do it to, so that it is offered.</summary>
    public abstract bool IsPossible(Verb verb);

    /// <summary>Whether the actor can make a row by a form or a file.</summary>
    public abstract bool CanCreate { get; }

    /// <summary>Makes SQL of columns and conditions, to see that it can be.</summary>
    public abstract void TryOut(IEnumerable<Field> columns, IEnumerable<Field> conditions);
}

/// <summary>A row to pick.</summary>
/// <param name="Key">Its key, as part of an address.</param>
/// <param name="Name">What it is called.</param>
public sealed record Choice(string Key, string Name);

/// <summary>Rows that something is done to: those whose keys are named, or all that a list shows.</summary>
public sealed record Chosen(IReadOnlyList<string> Keys, ListState? All);

/// <summary>Rows that something would be done to.</summary>
/// <param name="Count">How many, up to one more than it is done to at once.</param>
/// <param name="Others">How many of those that were chosen by hand it is not for.</param>
/// <param name="First">The first of them.</param>
public sealed record Concerned(int Count, int Others, IReadOnlyList<Choice> First)
{
    /// <summary>How many more there are than are named.</summary>
    public CappedCount More => new(Math.Min(Count, CappedCount.Cap) - First.Count) { IsLeast = Count > CappedCount.Cap };
}

sealed class Rows<T>(AdminFor<T> registration, AdminRequest request) : Rows
    where T : class
{
    readonly RowQuery<T> query = new(registration, request);

    public override Task<ListPage> ListAsync(ListState state, CancellationToken cancellationToken) => List.ReadAsync(state, cancellationToken);

    public override bool Combines(ListState state) => !registration.IsSmall && state.Filters.Count + (state.Search.Length > 0 ? 1 : 0) > 1;

    public override Task<CappedCount> CountAsync(ListState state, CancellationToken cancellationToken) => List.CountAsync(state, cancellationToken);

    public override Task<IReadOnlyList<Facet>> FacetsAsync(ListState state, Filter filter, CancellationToken cancellationToken) => List.FacetsAsync(state, filter, cancellationToken);

    public override Task<IReadOnlyList<Facet>> NarrowedByAsync(ListState state, CancellationToken cancellationToken) => new NarrowedBy(registration, request, query.Links).ReadAsync(state, cancellationToken);

    public override IReadOnlyList<Field> Shown(ListState state) => List.Shown(state);

    public override IAsyncEnumerable<object?[]> StreamAsync(ListState state, CancellationToken cancellationToken) => List.StreamAsync(state, cancellationToken);

    public override IReadOnlyList<string> LeftOut => query.LeftOut;

    public override async Task<IReadOnlyList<object>?> KeysAsync(string search, int most, CancellationToken cancellationToken)
    {
        var (row, own) = (Expression.Parameter(typeof(T), "row"), new RowQuery<T>(registration, request, searchesRelated: false));
        // How many there are in all is nothing to be told: some may not be the actor's to read.
        if (!registration.IsSmall && await own.FindAsync(search, cancellationToken) is null)
            return (await own.FindReadableAsync(search, cancellationToken))?.Select(key => key[0]).ToList();
        var rows = await own.SearchAsync(own.Rows(), search, cancellationToken);
        var keys = await RowQuery<T>.Values(rows.TakeAny(most + 1), row, own.KeyOf(row)).ToListAsync(cancellationToken);
        return keys.Count > most ? null : [.. keys.Select(key => key[0]!)];
    }

    public override async Task<string> SearchSqlAsync(string search, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        return RowQuery<T>.Values(await query.MatchAsync(query.Rows(), search, cancellationToken), row, query.KeyOf(row)).ToQueryString();
    }

    public override async Task<IReadOnlyList<Choice>> PickAsync(string search, int most, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>.Sort(await query.SearchAsync(query.Living(query.Rows()), search, cancellationToken), query.Order(new ListState(), row), row);
        return [.. (await Named(rows, row).Take(most).ToListAsync(cancellationToken)).Select(Choice)];
    }

    public override async Task<string?> NameAsync(string key, CancellationToken cancellationToken)
    {
        if (RowKey.Read(key, registration.Key) is not { } parts) return null;
        var row = Expression.Parameter(typeof(T), "row");
        return await Named(query.WithKey(query.Rows(), parts), row).SingleOrDefaultAsync(cancellationToken) is { } found ? Choice(found).Name : null;
    }

    public override async Task<IReadOnlyDictionary<object, string>> NamesAsync(IEnumerable<object> keys, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        return (await Named(query.WithKeys(query.Rows(), [.. keys.Select(key => new[] { key })]), row).ToListAsync(cancellationToken)).ToDictionary(found => found[0]!, found => Choice(found).Name);
    }

    public override async Task<IReadOnlyDictionary<string, string>> NamedAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        return (await Named(query.WithKeys(query.Rows(), Read(keys)), row).ToListAsync(cancellationToken)).Select(Choice).ToDictionary(choice => choice.Key, choice => choice.Name, StringComparer.Ordinal);
    }

    public override async Task<(IReadOnlyList<string> Keys, bool HasMore)> LinkedAsync(IQueryable linked, IReadOnlyList<string> spoken, int most, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = query.Within((IQueryable<T>)linked, Verb.Read);
        // By their keys, which the table between them is in the order of.
        var order = registration.Key.Select(key => new OrderBy(Expressions.Property(row, key.ClrType, key.Name), false, false, true));
        var keys = (await RowQuery<T>.Values(RowQuery<T>.Sort(rows, order, row), row, query.KeyOf(row)).Take(most + 1).ToListAsync(cancellationToken)).Select(RowKey.Write).ToList();
        if (keys.Count <= most) return (keys, false);
        keys.RemoveAt(most);
        var others = Read(spoken.Except(keys));
        if (others.Count > 0) keys.AddRange((await RowQuery<T>.Values(query.WithKeys(rows, others), row, query.KeyOf(row)).ToListAsync(cancellationToken)).Select(RowKey.Write));
        return (keys, true);
    }

    public override async Task<CappedCount> CountLinkedAsync(IQueryable linked, CancellationToken cancellationToken) =>
        new(await query.Within((IQueryable<T>)linked, Verb.Read).TakeAny(CappedCount.Cap + 1).CountAsync(cancellationToken));

    public override IQueryable Linked(IReadOnlyList<object> key, ISkipNavigation links) => query.Linked(key, links);

    public override Task<RowView?> FindAsync(string key, CancellationToken cancellationToken) => new RowReader<T>(registration, request, query).ReadAsync(key, cancellationToken);

    public override Task<Form?> NewAsync(IReadOnlyDictionary<string, string> preset, CancellationToken cancellationToken) => Forms.NewAsync(preset, cancellationToken);

    public override Task<Form?> EditAsync(string key, CancellationToken cancellationToken) => Forms.EditAsync(key, cancellationToken);

    public override Task<Saved> CreateAsync(Posted posted) => Forms.CreateAsync(posted);

    public override Task<Saved> UpdateAsync(string key, Posted posted) => Forms.UpdateAsync(key, posted);

    public override Task<RowsForm> EditListAsync(ListState state, CancellationToken cancellationToken) => new ListWriter<T>(registration, request, query).ReadAsync(state, cancellationToken);

    public override Task<RowsSaved> UpdateListAsync(ListState state, Posted posted) => new ListWriter<T>(registration, request, query).SaveAsync(state, posted);

    public override Task<IReadOnlyList<Consequence>?> ConsequencesAsync(string key, CancellationToken cancellationToken) => Deletion.ConsequencesAsync(key, cancellationToken);

    public override Task<IReadOnlyList<Consequence>> GoesAlongAsync(object[] key, CancellationToken cancellationToken) => Deletion.GoesAlongAsync(key, cancellationToken);

    public override Task<(bool Found, string? Fault)> DeleteAsync(string key) => Deletion.DeleteAsync(key);

    public override Task<(bool Found, string? Fault)> RestoreAsync(string key) => Deletion.RestoreAsync(key);

    public override Task<Concerned> AskAsync(RowAction action, Chosen chosen, CancellationToken cancellationToken) => new ActionRunner<T>(registration, request, query).AskAsync(action, chosen, cancellationToken);

    public override Task<(int Rows, string? Fault)> RunAsync(RowAction action, Chosen chosen, IReadOnlyDictionary<string, string> inputs) =>
        new ActionRunner<T>(registration, request, query).RunAsync(action, chosen, inputs);

    public override Task<IReadOnlyList<(int Row, string Field, string Fault)>> ImportAsync(IReadOnlyList<IReadOnlyDictionary<string, string>> rows, bool trial) => Forms.ImportAsync(rows, trial);

    public override Task<ListPage> ChildrenAsync(IReadOnlyList<IProperty> foreignKey, IReadOnlyList<object> parent, int most, CancellationToken cancellationToken) =>
        List.ReadAsync(new ListState { Size = most }, cancellationToken, row => Expressions.AreEqual(row, foreignKey, parent));

    public override ChildWriter ChildrenIn(string list, IForeignKey foreignKey) => new ChildWriter<T>(registration, request, query, list, foreignKey);

    public override async Task<CappedCount> CountAsync(Func<Expression, Expression> condition, CancellationToken cancellationToken) =>
        new(await query.Rows().Where(Expressions.Condition<T>(condition)).TakeAny(CappedCount.Cap + 1).CountAsync(cancellationToken));

    public override bool IsPossible(Verb verb) => request.Site.RulesOf(typeof(T)) is var rules && rules.Knows(verb) && rules.IsPossible(request.Actor, verb);

    public override bool CanCreate => WritableFields.CanCreate(registration, request.Site.RulesOf(typeof(T)), request.Actor, []);

    public override void TryOut(IEnumerable<Field> columns, IEnumerable<Field> conditions)
    {
        var row = Expression.Parameter(typeof(T), "row");
        // What is only shown EF would work out itself, and of a condition it cannot make a filter then.
        var rows = conditions.Aggregate(query.Rows(), (rows, condition) => rows.Where(Expression.Lambda<Func<T, bool>>(query.Meets(condition, row), row)));
        _ = RowQuery<T>.Values(rows, row, query.KeyOf(row).Concat(columns.Select(column => query.Value(column, row)))).ToQueryString();
    }

    ListReader<T> List => new(registration, request, query);

    FormWriter<T> Forms => new(registration, request, query);

    Deletion<T> Deletion => new(registration, request, query);

    IQueryable<object?[]> Named(IQueryable<T> rows, ParameterExpression row) =>
        RowQuery<T>.Values(rows, row, query.KeyOf(row).Append(query.Value(registration.NamedBy!, row)));

    List<object[]> Read(IEnumerable<string> keys) => [.. keys.Select(key => RowKey.Read(key, registration.Key)).OfType<object[]>()];

    Choice Choice(object?[] found) => new(RowKey.Write(found[..^1]), registration.NamedBy!.Show(found[^1]));
}
