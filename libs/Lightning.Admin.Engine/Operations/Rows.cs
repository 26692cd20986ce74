using Lightning.Admin.Engine.Actions;
using Lightning.Admin.Engine.Details;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;

namespace Lightning.Admin.Engine.Operations;

/// <summary>The operations on a registration's rows, restricted to what one administrator may do.</summary>
abstract class Rows
{
    /// <summary>Finds and names rows.</summary>
    public abstract RowLookup Lookup { get; }

    /// <summary>Reads a page of the list.</summary>
    public abstract Task<ListPage> ListAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>Whether the list combines several filters, so that Postgres may have to combine indexes.</summary>
    public abstract bool Combines(ListState state);

    /// <summary>Counts the rows of the list, up to a cap.</summary>
    public abstract Task<CappedCount> CountAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>The values that a filter offers, with row counts.</summary>
    public abstract Task<IReadOnlyList<Facet>> FacetsAsync(
        ListState state,
        Filter filter,
        CancellationToken cancellationToken
    );

    /// <summary>The active filters as text, each with the list without it.</summary>
    public abstract Task<IReadOnlyList<Facet>> ActiveFiltersAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>The visible columns of the list.</summary>
    public abstract IReadOnlyList<Field> Shown(ListState state);

    /// <summary>Streams all rows of the list: the key's parts followed by the visible columns.</summary>
    public abstract IAsyncEnumerable<object?[]> StreamAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>Streams all rows of the list: the values of the fields that an import reads.</summary>
    public abstract IAsyncEnumerable<object?[]> StreamFormAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>The names of the fields that an import reads.</summary>
    public abstract IReadOnlyList<string> Imported { get; }

    /// <summary>The columns of an export that an import leaves out.</summary>
    public abstract IEnumerable<string> NotImported { get; }

    /// <summary>Reads a row's page; null if the row does not exist or is not readable.</summary>
    public abstract Task<RowView?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>The form for a new row; null if the actor cannot create rows.</summary>
    public abstract Task<Form?> NewAsync(
        IReadOnlyDictionary<string, string> preset,
        CancellationToken cancellationToken
    );

    /// <summary>The form for an existing row; null if the row does not exist or the actor cannot change it.</summary>
    public abstract Task<Form?> EditAsync(string key, CancellationToken cancellationToken);

    /// <summary>Creates a row, or returns the form with errors.</summary>
    public abstract Task<Saved> CreateAsync(Posted posted);

    /// <summary>Updates a row, or returns the form with errors.</summary>
    public abstract Task<Saved> UpdateAsync(string key, Posted posted);

    /// <summary>A page of the list with its editable fields.</summary>
    public abstract Task<RowsForm> EditListAsync(ListState state, CancellationToken cancellationToken);

    /// <summary>
    /// Updates rows of a list, each in its own transaction, and returns the rows that failed. A form that only asks to
    /// be shown again updates nothing, and returns the rows that it would change.
    /// </summary>
    public abstract Task<RowsSaved> UpdateListAsync(ListState state, Posted posted);

    /// <summary>What a delete would affect; null if there is no row that the actor may delete.</summary>
    public abstract Task<IReadOnlyList<Consequence>?> ConsequencesAsync(
        string key,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes a row. Found is false if there is no row that the actor may delete; Error says why the delete failed.
    /// </summary>
    public abstract Task<(bool Found, string? Error)> DeleteAsync(string key);

    /// <summary>
    /// Restores a soft-deleted row. Found is false if there is no row that the actor may restore; Error says why it
    /// failed.
    /// </summary>
    public abstract Task<(bool Found, string? Error)> RestoreAsync(string key);

    /// <summary>The selected rows that an action would apply to.</summary>
    public abstract Task<ActionTargets> PreviewAsync(
        RowAction action,
        RowSelection selection,
        CancellationToken cancellationToken
    );

    /// <summary>Runs an action on the selected rows that the actor may change; all or nothing.</summary>
    public abstract Task<(int Rows, string? Error)> RunAsync(
        RowAction action,
        RowSelection selection,
        IReadOnlyDictionary<string, string> inputs
    );

    /// <summary>Creates rows from a file, all or nothing; a trial rolls them back.</summary>
    public abstract Task<IReadOnlyList<(int Row, string Field, string Error)>> ImportAsync(
        IReadOnlyList<IReadOnlyDictionary<string, string>> rows,
        bool trial
    );

    /// <summary>Whether the actor could perform the verb on any row, and so is offered it.</summary>
    public abstract bool IsPossible(Verb verb);

    /// <summary>Whether the actor can create rows by form or file.</summary>
    public abstract bool CanCreate { get; }
}

sealed class Rows<T> : Rows
    where T : class
{
    readonly AdminFor<T> registration;
    readonly AdminRequest request;
    readonly RowQuery<T> query;
    readonly ListQuery<T> list;

    public Rows(AdminFor<T> registration, AdminRequest request)
    {
        this.registration = registration;
        this.request = request;
        query = new(registration, request);
        list = new(registration, request, query);
        Lookup = new RowLookup<T>(registration, request);
    }

    public override RowLookup Lookup { get; }

    public override Task<ListPage> ListAsync(ListState state, CancellationToken cancellationToken) =>
        List.ReadAsync(state, cancellationToken);

    public override bool Combines(ListState state) =>
        !registration.IsSmall && state.Filters.Count + (state.Search.Length > 0 ? 1 : 0) > 1;

    public override Task<CappedCount> CountAsync(ListState state, CancellationToken cancellationToken) =>
        List.CountAsync(state, cancellationToken);

    public override Task<IReadOnlyList<Facet>> FacetsAsync(
        ListState state,
        Filter filter,
        CancellationToken cancellationToken
    ) => new FacetReader<T>(registration, list).ReadAsync(state, filter, cancellationToken);

    public override Task<IReadOnlyList<Facet>> ActiveFiltersAsync(
        ListState state,
        CancellationToken cancellationToken
    ) => new ActiveFilters(registration, request, list.Links).ReadAsync(state, cancellationToken);

    public override IReadOnlyList<Field> Shown(ListState state) => List.Shown(state);

    public override IAsyncEnumerable<object?[]> StreamAsync(ListState state, CancellationToken cancellationToken) =>
        List.StreamAsync(state, cancellationToken);

    public override IAsyncEnumerable<object?[]> StreamFormAsync(ListState state, CancellationToken cancellationToken) =>
        new FormRows<T>(registration, request, list).StreamAsync(state, Forms.Imported, cancellationToken);

    public override IReadOnlyList<string> Imported => [.. Forms.Imported.Select(one => one.Name)];

    public override IEnumerable<string> NotImported => Forms.NotImported;

    public override Task<RowView?> FindAsync(string key, CancellationToken cancellationToken) =>
        new RowReader<T>(registration, request, query).ReadAsync(key, cancellationToken);

    public override Task<Form?> NewAsync(
        IReadOnlyDictionary<string, string> preset,
        CancellationToken cancellationToken
    ) => Forms.NewAsync(preset, cancellationToken);

    public override Task<Form?> EditAsync(string key, CancellationToken cancellationToken) =>
        Forms.EditAsync(key, cancellationToken);

    public override Task<Saved> CreateAsync(Posted posted) => Forms.CreateAsync(posted);

    public override Task<Saved> UpdateAsync(string key, Posted posted) => Forms.UpdateAsync(key, posted);

    public override Task<RowsForm> EditListAsync(ListState state, CancellationToken cancellationToken) =>
        new ListWriter<T>(registration, request, list).ReadAsync(state, cancellationToken);

    public override Task<RowsSaved> UpdateListAsync(ListState state, Posted posted) =>
        new ListWriter<T>(registration, request, list).SaveAsync(state, posted);

    public override Task<IReadOnlyList<Consequence>?> ConsequencesAsync(
        string key,
        CancellationToken cancellationToken
    ) => Deletion.ConsequencesAsync(key, cancellationToken);

    public override Task<(bool Found, string? Error)> DeleteAsync(string key) => Deletion.DeleteAsync(key);

    public override Task<(bool Found, string? Error)> RestoreAsync(string key) => Deletion.RestoreAsync(key);

    public override Task<ActionTargets> PreviewAsync(
        RowAction action,
        RowSelection selection,
        CancellationToken cancellationToken
    ) => new ActionRunner<T>(registration, request, list).PreviewAsync(action, selection, cancellationToken);

    public override Task<(int Rows, string? Error)> RunAsync(
        RowAction action,
        RowSelection selection,
        IReadOnlyDictionary<string, string> inputs
    ) => new ActionRunner<T>(registration, request, list).RunAsync(action, selection, inputs);

    public override Task<IReadOnlyList<(int Row, string Field, string Error)>> ImportAsync(
        IReadOnlyList<IReadOnlyDictionary<string, string>> rows,
        bool trial
    ) => Forms.ImportAsync(rows, trial);

    public override bool IsPossible(Verb verb) => request.IsPossible(registration, verb);

    public override bool CanCreate =>
        FormFields.CanCreate(registration, request.Site.RulesOf(typeof(T)), request.Actor, []);

    ListReader<T> List => new(registration, request, list);

    FormWriter<T> Forms => new(registration, request, query);

    Deletion<T> Deletion => new(registration, request, query);
}
