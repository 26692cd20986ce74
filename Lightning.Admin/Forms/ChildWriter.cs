using System.Linq.Expressions;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Forms;

/// <summary>Children of a row in its form: shown, held against what was sent, and written, in the transaction of whoever writes the row.</summary>
abstract class ChildWriter(string list)
{
    /// <summary>Their name in the form.</summary>
    public string List => list;

    /// <summary>Whether every field that was sent can be written.</summary>
    public abstract bool Knows(IReadOnlyList<PostedRow> posted);

    /// <summary>What is to be done, each row locked, and held against what whoever sent it was shown. Nothing is written yet.</summary>
    public abstract Task<ChildPlan> PlanAsync(IReadOnlyList<object?>? parent, IReadOnlyList<PostedRow> posted);

    /// <summary>Does what was planned. What is wrong, by row and field: after that, the transaction is lost.</summary>
    public abstract Task<ChildFaults> WriteAsync(IReadOnlyList<object?> parent);

    /// <summary>The children as they are shown, and what was sent.</summary>
    public abstract Task<ChildForm> ShowAsync(IReadOnlyList<object?>? parent, IReadOnlyList<PostedRow> posted, bool adds, ChildFaults? faults, CancellationToken cancellationToken);
}

/// <summary>What of a form's children can be done.</summary>
/// <param name="IsOvertaken">Whether somebody else has changed or removed one meanwhile.</param>
/// <param name="IsRefused">Whether something is asked that the policy does not allow.</param>
/// <param name="Faults">What is wrong, by row.</param>
sealed record ChildPlan(bool IsOvertaken, bool IsRefused, ChildFaults Faults);

/// <summary>What is wrong with children, by row and field; with all of a row under no field.</summary>
sealed class ChildFaults : Dictionary<string, IReadOnlyDictionary<string, string>>;

sealed class ChildWriter<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query, string list, IForeignKey foreignKey) : ChildWriter(list)
    where T : class
{
    /// <summary>The most children in a form; whoever has more is given those pages of their own.</summary>
    const int Most = 50;
    readonly RowWriter<T> writer = new(registration, request, query, foreignKey.Properties);
    readonly List<Step> steps = [];

    public override bool Knows(IReadOnlyList<PostedRow> posted) => posted.Count <= 2 * Most
        && posted.All(row => row.Posted.Fields.Keys.All(name => (row.IsNew ? ForNew : ForThose).Any(field => field.Name == name)));

    public override async Task<ChildPlan> PlanAsync(IReadOnlyList<object?>? parent, IReadOnlyList<PostedRow> posted)
    {
        var (overtaken, refused, faults) = (false, false, new ChildFaults());
        foreach (var row in posted)
        {
            if (row.IsNew)
            {
                if (row.IsRemoved || IsBlank(row)) continue;
                if (!writer.CanCreate) refused = true;
                else if (await writer.FaultsOfNewAsync(ForNew, row.Posted.Fields, request.Db.Entry(writer.Make())) is { Count: > 0 } wrong) faults[row.Key] = wrong;
                else steps.Add(new(row, null, ForNew));
                continue;
            }
            // Whoever has touched nothing does not mind what others have.
            if (!row.IsRemoved && !IsWanted(row)) continue;
            // Those of another row's are as little there as none.
            var key = RowKey.Read(row.Key, registration.Key);
            if (key is not null && parent is not null && await IsHereAsync(key, parent)) await writer.LockAsync(key);
            else key = null;
            if (key is null || parent is null || await LoadAsync(key, parent) is not { } found)
            {
                overtaken |= !row.IsRemoved;
                continue;
            }
            var entry = request.Db.Entry(found);
            var changed = writer.Changed(ForThose, entry, row.Posted);
            if (!row.IsRemoved && changed.Count == 0) continue;
            if (writer.IsOvertaken(ForThose, entry, row.Posted)) overtaken = true;
            else if (!await MayAsync(row.IsRemoved ? Verb.Delete : Verb.Update, key) || (row.IsRemoved && !registration.Deletes)) refused = true;
            else if (!row.IsRemoved && await writer.FaultsOfAsync(changed, row.Posted.Fields) is { Count: > 0 } wrong) faults[row.Key] = wrong;
            else steps.Add(new(row, found, changed));
        }
        return new(overtaken, refused, faults);
    }

    public override async Task<ChildFaults> WriteAsync(IReadOnlyList<object?> parent)
    {
        // What goes makes room for what comes.
        foreach (var step in steps.OrderBy(step => step.Posted.IsNew ? 2 : step.Posted.IsRemoved ? 0 : 1))
            if (await WriteAsync(step, parent) is { Count: > 0 } faults) return new() { [step.Posted.Key] = faults };
        return [];
    }

    public override async Task<ChildForm> ShowAsync(IReadOnlyList<object?>? parent, IReadOnlyList<PostedRow> posted, bool adds, ChildFaults? faults, CancellationToken cancellationToken)
    {
        var (rows, shown) = (new List<ChildFormRow>(), new HashSet<string>(StringComparer.Ordinal));
        var found = parent is null ? [] : await ReadAsync(parent, cancellationToken);
        foreach (var (row, mayUpdate, mayDelete) in found.Take(Most))
        {
            var entry = request.Db.Entry(row);
            var key = RowWriter<T>.KeyOf(entry);
            shown.Add(key);
            var sent = posted.FirstOrDefault(one => one.Key == key);
            var inputs = mayUpdate ? writer.Inputs(ForThose, entry, sent?.Posted, faults?.GetValueOrDefault(key), Prefix(key)) : [];
            rows.Add(new(key, writer.NameOf(entry, key), inputs, mayDelete && registration.Deletes, sent?.IsRemoved == true) { Fault = faults?.GetValueOrDefault(key)?.GetValueOrDefault("") });
        }
        // Nothing that was filled in is lost with the row: it can be read, and then let go.
        foreach (var gone in posted.Where(one => !one.IsNew && !shown.Contains(one.Key) && IsWanted(one)))
            rows.Add(new(gone.Key, "One that is gone", RowWriter<T>.NewInputs(ForThose, request.Db.Entry(writer.Make()), gone.Posted, null, Prefix(gone.Key)), true, true)
            { Fault = "Somebody else has removed this meanwhile. What you filled in stands here for as long as the form does." });
        var made = posted.Where(one => one is { IsNew: true, IsRemoved: false }).Select(one => one.Key).ToList();
        if (adds && writer.CanCreate) made.Add($"+{made.Select(key => int.TryParse(key[1..], out var number) ? number : 0).DefaultIfEmpty(-1).Max() + 1}");
        foreach (var key in made)
        {
            var sent = posted.FirstOrDefault(one => one.Key == key);
            var wrong = faults?.GetValueOrDefault(key);
            var inputs = RowWriter<T>.NewInputs(ForNew, request.Db.Entry(writer.Make()), sent?.Posted, wrong, Prefix(key));
            if (sent is null && inputs.Count > 0) inputs = [inputs[0] with { IsFirst = true }, .. inputs.Skip(1)];
            rows.Add(new(key, $"New {registration.Singular.ToLowerInvariant()}", inputs, true, sent?.IsRemoved == true) { Fault = wrong?.GetValueOrDefault("") });
        }
        return new(List, registration, await OfferAsync(rows, cancellationToken), writer.CanCreate, found.Count > Most);
    }

    async Task<IReadOnlyList<ChildFormRow>> OfferAsync(List<ChildFormRow> rows, CancellationToken cancellationToken)
    {
        var (offered, at) = (await new Pickers(request).OfferAsync([.. rows.SelectMany(row => row.Inputs)], cancellationToken), 0);
        return [.. rows.Select(row => row with { Inputs = [.. offered.Skip((at += row.Inputs.Count) - row.Inputs.Count).Take(row.Inputs.Count)] })];
    }

    /// <summary>What leads to the parent is the parent's form's to say; what each is linked with, the form's of its own.</summary>
    List<FormField> ForNew => field ??= Without(writer.Writable(Verb.Create));

    List<FormField> ForThose => field ??= Without(writer.Writable(Verb.Update));

    List<FormField> Without(IEnumerable<FormField> fields) => [.. fields.Where(field => field.Links is null && !field.Columns.Any(foreignKey.Properties.Contains))];

    string Prefix(string key) => $"{List}:{key}:";

    async Task<IReadOnlyDictionary<string, string>> WriteAsync(Step step, IReadOnlyList<object?> parent)
    {
        if (step.Posted.IsNew)
        {
            var made = writer.Make();
            var entry = request.Db.Entry(made);
            writer.Fill(step.Fields, step.Posted.Posted.Fields, entry);
            for (var i = 0; i < parent.Count; i++) entry.Property(foreignKey.Properties[i]).CurrentValue = parent[i];
            var key = RowWriter<T>.KeyOf(entry);
            if (request.Db.ChangeTracker.Entries<T>().Any(other => RowWriter<T>.KeyOf(other) == key))
                return new Dictionary<string, string> { [ForNew.FirstOrDefault(field => field.Columns.Any(column => column.IsPrimaryKey()))?.Name ?? ""] = DatabaseFaults.Twice };
            request.Db.Add(made);
            return await writer.SaveAsync(made, Verb.Create, isNew: true, ForNew);
        }
        if (!step.Posted.IsRemoved)
        {
            writer.Fill(step.Fields, step.Posted.Posted.Fields, request.Db.Entry(step.Row!));
            return await writer.SaveAsync(step.Row!, Verb.Update, isNew: false, ForThose);
        }
        registration.Remove(request.Db, step.Row!, request.Now);
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
            return new Dictionary<string, string>();
        }
        catch (DbUpdateException refusal) when (DatabaseFaults.Of(refusal, registration.Table) is { } fault)
        {
            return new Dictionary<string, string> { [""] = fault.Sentence };
        }
    }

    /// <summary>Whether there is anything in it that was not there by itself.</summary>
    bool IsBlank(PostedRow row)
    {
        var entry = request.Db.Entry(writer.Make());
        return ForNew.All(field => !row.Posted.Fields.TryGetValue(field.Name, out var text) || field.IsSame(text, RowWriter<T>.Begun(field, entry)));
    }

    /// <summary>Whether whoever sent it has something to lose.</summary>
    bool IsWanted(PostedRow row) => !row.IsRemoved && !ForThose.All(field => IsUntouched(field, row));

    static bool IsUntouched(FormField field, PostedRow row) => !row.Posted.Fields.TryGetValue(field.Name, out var mine) || (row.Posted.Seen.TryGetValue(field.Name, out var seen) && field.IsSame(mine, seen));

    IQueryable<T> Of(IReadOnlyList<object?> parent, IQueryable<T> rows) => query.Living(rows).Where(Expressions.Condition<T>(row => Expressions.AreEqual(row, foreignKey.Properties, parent)));

    Task<bool> IsHereAsync(object[] key, IReadOnlyList<object?> parent) => query.WithKey(Of(parent, query.Rows()), key).AnyAsync();

    Task<T?> LoadAsync(object[] key, IReadOnlyList<object?> parent) => query.WithKey(Of(parent, query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)), key).SingleOrDefaultAsync();

    Task<bool> MayAsync(Verb verb, object[] key) => query.WithKey(query.Rows(verb), key).AnyAsync();

    async Task<List<(T Row, bool MayUpdate, bool MayDelete)>> ReadAsync(IReadOnlyList<object?> parent, CancellationToken cancellationToken)
    {
        var parameter = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>.Sort(Of(parent, query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)), query.Order(new ListState(), parameter), parameter).Take(Most + 1);
        var found = await rows.ToListAsync(cancellationToken);
        var keys = found.Select(row => request.Db.Entry(row)).Select(entry => (IReadOnlyList<object>)[.. registration.Key.Select(column => entry.Property(column).CurrentValue!)]).ToList();
        var rights = (await RowQuery<T>.Values(query.WithKeys(query.Rows(), keys), parameter, [.. query.KeyOf(parameter), query.May(Verb.Update, parameter), query.May(Verb.Delete, parameter)]).ToListAsync(cancellationToken))
            .ToDictionary(right => RowKey.Write(right[..^2]), StringComparer.Ordinal);
        return [.. found.Select(row => rights.TryGetValue(RowWriter<T>.KeyOf(request.Db.Entry(row)), out var right) ? (row, right[^2] is true, right[^1] is true) : (row, false, false))];
    }

    sealed record Step(PostedRow Posted, T? Row, IReadOnlyList<FormField> Fields);
}
