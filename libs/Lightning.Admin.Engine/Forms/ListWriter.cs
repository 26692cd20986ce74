using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Forms;

/// <summary>
/// Updates rows from the list, each in its own transaction with its own policy and conflict checks, so that one that
/// fails does not affect the others.
/// </summary>
sealed class ListWriter<T>(AdminFor<T> registration, AdminRequest request, ListQuery<T> list)
    where T : class
{
    /// <summary>The name of the rows in the form.</summary>
    public const string List = "rows";
    readonly RowQuery<T> query = list.Rows;
    readonly RowWriter<T> writer = new(registration, request, list.Rows);

    public async Task<RowsForm> ReadAsync(ListState state, CancellationToken cancellationToken)
    {
        var page = await Reader.ReadAsync(state with { Columns = Columns(state) }, cancellationToken);
        return new(page.Columns, await ShowAsync(page.Rows, [], [], cancellationToken)) { Error = page.Error };
    }

    public async Task<RowsSaved> SaveAsync(ListState state, Posted posted)
    {
        if (posted.Rows.Count > ListState.Sizes[^1])
            return new(0, true, false, null);
        if (
            posted.Fields.Count > 0
            || posted.Rows.Any(row =>
                row.List != List
                || row.IsRemoved
                || row.Values.Fields.Keys.Any(name => Fields.All(field => field.Name != name))
            )
        )
            return new(0, true, false, null);
        var (saved, conflict, again, errors) = (0, false, new List<PostedRow>(), new ChildErrors());
        foreach (var row in posted.Rows.Where(IsChanged))
        {
            if (posted.IsSearch)
            {
                again.Add(row);
                continue;
            }
            request.Db.ChangeTracker.Clear();
            if (posted.IsSearch)
            {
                again.Add(row);
                continue;
            }
            var (isSaved, hasConflict, wrong) = await SaveAsync(row);
            if (isSaved)
            {
                saved++;
                continue;
            }
            conflict |= hasConflict;
            again.Add(row);
            if (wrong is not null)
                errors[row.Key] = wrong;
        }
        if (again.Count == 0)
            return new(saved, false, false, null);
        request.Db.ChangeTracker.Clear();
        var keys = again.Select(row => RowKey.Parse(row.Key, registration.Key)).OfType<object[]>().ToList();
        var page = await Reader.ReadAsync(
            new ListState { Size = Math.Max(1, keys.Count), Columns = Columns(state) },
            CancellationToken.None,
            row => query.HasAnyKey(row, keys)
        );
        var rows = (await ShowAsync(page.Rows, again, errors, CancellationToken.None)).ToList();
        foreach (var gone in again.Where(row => rows.All(shown => shown.Key != row.Key)))
            rows.Add(
                new(gone.Key, string.Join(", ", gone.Values.Fields.Values), [], new Dictionary<string, FormInput>())
                {
                    Error = "This row was deleted by someone else.",
                }
            );
        return new(saved, false, conflict, new(page.Columns, rows));
    }

    async Task<(bool Saved, bool Overtaken, IReadOnlyDictionary<string, string>? Errors)> SaveAsync(PostedRow posted)
    {
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        if (
            RowKey.Parse(posted.Key, registration.Key) is not { } key
            || !await query.WithKey(query.ApplySoftDelete(query.Rows()), key).AnyAsync()
        )
            return (false, true, null);
        if (!await query.WithKey(query.Rows(Verb.Update), key).AnyAsync())
            return (false, false, new Dictionary<string, string> { [""] = "You are not allowed to change this row." });
        await writer.LockAsync(key);
        if (await writer.LoadAsync(key, CancellationToken.None) is not { } row)
            return (false, true, null);
        var entry = request.Db.Entry(row);
        if (writer.HasConflict(Fields, entry, posted.Values))
            return (false, true, null);
        var changed = writer.Changed(Fields, entry, posted.Values);
        if (changed.Count == 0)
            return (true, false, null);
        var errors = await writer.ValidateAsync(changed, posted.Values.Fields);
        if (errors.Count == 0)
        {
            writer.Fill(changed, posted.Values.Fields, entry);
            errors = await writer.SaveAsync(row, Verb.Update, isNew: false, Fields);
        }
        if (errors.Count > 0)
            return (false, false, errors);
        await transaction.CommitAsync();
        return (true, false, null);
    }

    /// <summary>The rows with their fields, showing posted values where there are any.</summary>
    async Task<IReadOnlyList<RowForm>> ShowAsync(
        IReadOnlyList<ListRow> rows,
        List<PostedRow> posted,
        ChildErrors errors,
        CancellationToken cancellationToken
    )
    {
        var keys = rows.Where(row => row.MayUpdate).Select(row => RowKey.Parse(row.Key, registration.Key)!).ToList();
        var found = (
            await query
                .WithKeys(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), keys)
                .ToListAsync(cancellationToken)
        )
            .Select(row => request.Db.Entry(row))
            .ToDictionary(RowWriter<T>.KeyOf, StringComparer.Ordinal);
        var forms = new List<RowForm>();
        foreach (var row in rows)
        {
            var sent = posted.FirstOrDefault(one => one.Key == row.Key)?.Values;
            var wrong = errors.GetValueOrDefault(row.Key);
            IReadOnlyList<FormInput> inputs = found.TryGetValue(row.Key, out var entry)
                ? writer.Inputs(Fields, entry, sent, wrong, $"{List}:{row.Key}:")
                : [];
            forms.Add(
                new(
                    row.Key,
                    row.Name,
                    row.Cells,
                    inputs.ToDictionary(
                        input => input.Field.Name,
                        input => input with { Row = row.Name },
                        StringComparer.Ordinal
                    )
                )
                {
                    Error = wrong?.GetValueOrDefault(""),
                }
            );
        }
        return forms;
    }

    bool IsChanged(PostedRow row) =>
        row.Values.Fields.Any(sent =>
            !row.Values.Originals.TryGetValue(sent.Key, out var seen)
            || !Fields.First(field => field.Name == sent.Key).IsSame(sent.Value, seen)
        );

    IReadOnlyList<FormField> Fields =>
        field ??= [.. writer.Writable(Verb.Update).Where(one => registration.WrittenInList.Contains(one.Name))];

    ListReader<T> Reader => new(registration, request, list);

    /// <summary>The visible columns and the editable ones.</summary>
    List<string> Columns(ListState state) =>
        [.. Reader.Shown(state).Select(column => column.Name).Concat(registration.WrittenInList).Distinct()];
}
