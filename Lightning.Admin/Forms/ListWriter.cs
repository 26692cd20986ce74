using System.Linq.Expressions;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Forms;

/// <summary>Changes rows in their list: each that was changed by itself, by its policy and against what whoever changed it was shown, so that one that cannot be saved keeps none of the others.</summary>
sealed class ListWriter<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>Rows in the form.</summary>
    public const string List = "rows";
    readonly RowWriter<T> writer = new(registration, request, query);

    public async Task<RowsForm> ReadAsync(ListState state, CancellationToken cancellationToken)
    {
        var page = await Reader.ReadAsync(state with { Columns = Columns(state) }, cancellationToken);
        return new(page.Columns, await ShowAsync(page.Rows, [], [], cancellationToken)) { Fault = page.Fault };
    }

    public async Task<RowsSaved> SaveAsync(ListState state, Posted posted)
    {
        if (posted.Rows.Count > ListState.Sizes[^1]) return new(0, true, false, null);
        if (posted.Fields.Count > 0 || posted.Rows.Any(row => row.List != List || row.IsRemoved || row.Posted.Fields.Keys.Any(name => Fields.All(field => field.Name != name)))) return new(0, true, false, null);
        var (saved, overtaken, again, faults) = (0, false, new List<PostedRow>(), new ChildFaults());
        foreach (var row in posted.Rows.Where(IsTouched))
        {
            request.Db.ChangeTracker.Clear();
            var (isSaved, isOvertaken, wrong) = await SaveAsync(row);
            if (isSaved)
            {
                saved++;
                continue;
            }
            overtaken |= isOvertaken;
            again.Add(row);
            if (wrong is not null) faults[row.Key] = wrong;
        }
        if (again.Count == 0) return new(saved, false, false, null);
        request.Db.ChangeTracker.Clear();
        var keys = again.Select(row => RowKey.Read(row.Key, registration.Key)).OfType<object[]>().ToList();
        var page = await Reader.ReadAsync(new ListState { Size = Math.Max(1, keys.Count), Columns = Columns(state) }, CancellationToken.None,
            row => query.HasOneOf(row, keys));
        var rows = (await ShowAsync(page.Rows, again, faults, CancellationToken.None)).ToList();
        foreach (var gone in again.Where(row => rows.All(shown => shown.Key != row.Key)))
            rows.Add(new(gone.Key, string.Join(", ", gone.Posted.Fields.Values), [], new Dictionary<string, FormInput>()) { Fault = "Somebody else has removed this meanwhile." });
        return new(saved, false, overtaken, new(page.Columns, rows));
    }

    async Task<(bool Saved, bool Overtaken, IReadOnlyDictionary<string, string>? Faults)> SaveAsync(PostedRow posted)
    {
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        if (RowKey.Read(posted.Key, registration.Key) is not { } key || !await query.WithKey(query.Living(query.Rows()), key).AnyAsync()) return (false, true, null);
        if (!await query.WithKey(query.Rows(Verb.Update), key).AnyAsync()) return (false, false, new Dictionary<string, string> { [""] = "You may not change this." });
        await writer.LockAsync(key);
        if (await writer.LoadAsync(key, CancellationToken.None) is not { } row) return (false, true, null);
        var entry = request.Db.Entry(row);
        if (writer.IsOvertaken(Fields, entry, posted.Posted)) return (false, true, null);
        var changed = writer.Changed(Fields, entry, posted.Posted);
        if (changed.Count == 0) return (true, false, null);
        var faults = await writer.FaultsOfAsync(changed, posted.Posted.Fields);
        if (faults.Count == 0)
        {
            writer.Fill(changed, posted.Posted.Fields, entry);
            faults = await writer.SaveAsync(row, Verb.Update, isNew: false, Fields);
        }
        if (faults.Count > 0) return (false, false, faults);
        await transaction.CommitAsync();
        return (true, false, null);
    }

    /// <summary>Rows of the list with their fields, as they are now and as they were filled in.</summary>
    async Task<IReadOnlyList<RowForm>> ShowAsync(IReadOnlyList<ListRow> rows, List<PostedRow> posted, ChildFaults faults, CancellationToken cancellationToken)
    {
        var keys = rows.Where(row => row.MayUpdate).Select(row => RowKey.Read(row.Key, registration.Key)!).ToList();
        var found = (await query.WithKeys(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read), keys).ToListAsync(cancellationToken))
            .Select(row => request.Db.Entry(row)).ToDictionary(RowWriter<T>.KeyOf, StringComparer.Ordinal);
        var forms = new List<RowForm>();
        foreach (var row in rows)
        {
            var sent = posted.FirstOrDefault(one => one.Key == row.Key)?.Posted;
            var wrong = faults.GetValueOrDefault(row.Key);
            IReadOnlyList<FormInput> inputs = found.TryGetValue(row.Key, out var entry) ? writer.Inputs(Fields, entry, sent, wrong, $"{List}:{row.Key}:") : [];
            forms.Add(new(row.Key, row.Name, row.Cells, inputs.ToDictionary(input => input.Field.Name, input => input with { Row = row.Name }, StringComparer.Ordinal)) { Fault = wrong?.GetValueOrDefault("") });
        }
        return forms;
    }

    bool IsTouched(PostedRow row) => row.Posted.Fields.Any(sent =>
        !row.Posted.Seen.TryGetValue(sent.Key, out var seen) || !Fields.First(field => field.Name == sent.Key).IsSame(sent.Value, seen));

    IReadOnlyList<FormField> Fields => field ??= [.. writer.Writable(Verb.Update).Where(one => registration.WrittenInList.Contains(one.Name))];

    ListReader<T> Reader => new(registration, request, query);

    /// <summary>The columns that were chosen, and those that can be changed.</summary>
    List<string> Columns(ListState state) => [.. Reader.Shown(state).Select(column => column.Name).Concat(registration.WrittenInList).Distinct()];
}
