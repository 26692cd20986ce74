using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Forms;

/// <summary>
/// Makes and changes rows by forms, with their children where the registration says so: only fields that the policy lets be written, and only rows that it lets the actor write, as
/// they were and as they become; all of a form, or nothing.
/// </summary>
sealed class FormWriter<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>();
    readonly RowWriter<T> writer = new(registration, request, query);
    readonly Pickers pickers = new(request);

    /// <summary>The children that are written along, each list by the foreign key that leads here.</summary>
    readonly List<(ChildWriter Writer, IForeignKey Key)> children =
    [
        .. from inline in registration.Inlines
           where inline.IsEdited
           let rows = request.Site.Of(inline.Child)!.Open(request)
           where rows.IsPossible(Verb.Read)
           let key = registration.Table.FindNavigation(inline.Name)!.ForeignKey
           select (rows.ChildrenIn(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(inline.Name), key), key),
    ];

    /// <summary>A form for a new row.</summary>
    public async Task<Form?> NewAsync(IReadOnlyDictionary<string, string> preset, CancellationToken cancellationToken) =>
        writer.CanCreate ? await NewFormAsync(new(preset, Nothing, Nothing, false), isUnsaved: false, null, [], cancellationToken) : null;

    /// <summary>A form for a row that there is.</summary>
    public async Task<Form?> EditAsync(string key, CancellationToken cancellationToken)
    {
        if (RowKey.Read(key, registration.Key) is not { } parts || await writer.LoadAsync(parts, cancellationToken) is not { } row) return null;
        if (writer.Writable(Verb.Update).Count == 0 || !await query.WithKey(query.Rows(Verb.Update), parts).AnyAsync(cancellationToken)) return null;
        await writer.LoadLinksAsync(row, parts, writer.Writable(Verb.Update), null, cancellationToken);
        return await FormOfAsync(key, request.Db.Entry(row), null, null, [], cancellationToken);
    }

    /// <summary>Makes a row of what was filled in.</summary>
    public async Task<Saved> CreateAsync(Posted posted)
    {
        if (!writer.CanCreate) return new(Outcome.Refused);
        // Children of another row stay that row's, where this is a copy of it.
        posted = posted with { Rows = [.. posted.Rows.Where(row => row.IsNew)] };
        var fields = writer.Writable(Verb.Create);
        if (IsUnknown(posted, fields)) return new(Outcome.Unknown);
        if (posted.SearchOnly) return await AgainAsync(null, []);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        var row = writer.Make();
        var entry = request.Db.Entry(row);
        var faults = await writer.FaultsOfNewAsync(fields, posted.Fields, entry);
        var plans = new Plans();
        foreach (var (child, _) in children) plans[child] = await child.PlanAsync(null, Sent(child, posted));
        if (plans.Values.Any(plan => plan.IsRefused)) return new(Outcome.Refused);
        if (faults.Count > 0 || plans.HasFaults) return await AgainAsync(faults, plans.Faults);
        var wrong = await AddAsync(row, fields, posted.Fields);
        if (wrong.Count > 0) return await AgainAsync(wrong, []);
        if (await WriteChildrenAsync(entry) is { } fault) return await AgainAsync(null, fault);
        await transaction.CommitAsync();
        return new(Outcome.Done, RowWriter<T>.KeyOf(entry));

        async Task<Saved> AgainAsync(IReadOnlyDictionary<string, string>? faults, Dictionary<ChildWriter, ChildFaults> childFaults)
        {
            if (request.Db.Database.CurrentTransaction is { } open) await open.RollbackAsync();
            return new(Outcome.Again, null, await NewFormAsync(posted, isUnsaved: true, faults, childFaults, CancellationToken.None));
        }
    }

    /// <summary>Changes a row to what was filled in. Whoever was shown another row than there is now is shown both.</summary>
    public async Task<Saved> UpdateAsync(string key, Posted posted)
    {
        if (RowKey.Read(key, registration.Key) is not { } parts) return new(Outcome.Missing);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        // Asked first: a lock is for whoever may write the row.
        if (!await query.WithKey(query.Rows(), parts).AnyAsync()) return new(Outcome.Missing);
        if (!await query.WithKey(query.Rows(Verb.Update), parts).AnyAsync()) return new(Outcome.Refused);
        var fields = writer.Writable(Verb.Update);
        if (IsUnknown(posted, fields)) return new(Outcome.Unknown);
        await writer.LockAsync(parts);
        if (await writer.LoadAsync(parts, CancellationToken.None) is not { } row) return new(Outcome.Missing);
        await writer.LoadLinksAsync(row, parts, fields, posted, CancellationToken.None);
        var entry = request.Db.Entry(row);
        var plans = new Plans();
        foreach (var (child, leads) in children) plans[child] = await child.PlanAsync(Principal(entry, leads), Sent(child, posted));
        if (plans.Values.Any(plan => plan.IsRefused)) return new(Outcome.Refused);
        var overtaken = writer.IsOvertaken(fields, entry, posted) || plans.Values.Any(plan => plan.IsOvertaken);
        if (overtaken || posted.SearchOnly) return await AgainAsync(null, []);

        var changed = writer.Changed(fields, entry, posted);
        var faults = await writer.FaultsOfAsync(changed, posted.Fields);
        if (faults.Count > 0 || plans.HasFaults) return await AgainAsync(faults, plans.Faults);
        // Where nobody has changed anything there is no line in the book, and no new version of the row.
        if (changed.Count > 0)
        {
            writer.Fill(changed, posted.Fields, entry);
            faults = await writer.SaveAsync(row, Verb.Update, isNew: false, fields);
            if (faults.Count > 0) return await AgainAsync(faults, []);
        }
        if (await WriteChildrenAsync(entry) is { } wrong) return await AgainAsync(null, wrong);
        await transaction.CommitAsync();
        return new(Outcome.Done, key);

        async Task<Saved> AgainAsync(IReadOnlyDictionary<string, string>? faults, Dictionary<ChildWriter, ChildFaults> childFaults)
        {
            await transaction.RollbackAsync();
            request.Db.ChangeTracker.Clear();
            if (await writer.LoadAsync(parts, CancellationToken.None) is not { } now) return new(Outcome.Missing);
            await writer.LoadLinksAsync(now, parts, fields, posted, CancellationToken.None);
            var form = await FormOfAsync(key, request.Db.Entry(now), posted, faults, childFaults, CancellationToken.None);
            return new(Outcome.Again, key, form with { IsOvertaken = overtaken });
        }
    }

    /// <summary>Makes rows of what a file holds, all of them or none; on trial none.</summary>
    public async Task<IReadOnlyList<(int Row, string Field, string Fault)>> ImportAsync(IReadOnlyList<IReadOnlyDictionary<string, string>> rows, bool trial)
    {
        if (!writer.CanCreate) return [(0, "", "You may not make any of these.")];
        var (fields, faults) = (writer.Writable(Verb.Create), new List<(int, string, string)>());
        foreach (var unknown in rows.SelectMany(row => row.Keys).Distinct().Where(name => fields.All(field => field.Name != name))) faults.Add((0, unknown, "There is no such field that can be written."));
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        for (var i = 0; i < rows.Count && faults.Count < 50; i++)
        {
            var row = writer.Make();
            var wrong = await writer.FaultsOfNewAsync(fields, rows[i], request.Db.Entry(row));
            if (wrong.Count == 0) wrong = await AddAsync(row, fields, rows[i]);
            faults.AddRange(wrong.Select(fault => (i + 1, fault.Key, fault.Value)));
            request.Db.ChangeTracker.Clear();
        }
        if (faults.Count == 0 && !trial) await transaction.CommitAsync();
        return faults;
    }

    Task<Dictionary<string, string>> AddAsync(T row, IReadOnlyList<FormField> fields, IReadOnlyDictionary<string, string> texts)
    {
        writer.Fill(fields, texts, request.Db.Entry(row));
        // With what it owns.
        request.Db.Add(row);
        return writer.SaveAsync(row, Verb.Create, isNew: true, fields);
    }

    /// <summary>What is wrong with a child that could not be written; null where all were.</summary>
    async Task<Dictionary<ChildWriter, ChildFaults>?> WriteChildrenAsync(EntityEntry entry)
    {
        foreach (var (child, leads) in children)
            if (await child.WriteAsync(Principal(entry, leads)) is { Count: > 0 } faults) return new() { [child] = faults };
        return null;
    }

    bool IsUnknown(Posted posted, IReadOnlyList<FormField> fields) => posted.Fields.Keys.Any(name => fields.All(field => field.Name != name))
        || posted.Rows.Any(row => children.All(child => child.Writer.List != row.List)) || children.Any(child => !child.Writer.Knows(Sent(child.Writer, posted)));

    async Task<Form> NewFormAsync(Posted posted, bool isUnsaved, IReadOnlyDictionary<string, string>? faults, Dictionary<ChildWriter, ChildFaults> childFaults, CancellationToken cancellationToken)
    {
        request.Db.ChangeTracker.Clear();
        var inputs = await pickers.OfferAsync(RowWriter<T>.NewInputs(writer.Writable(Verb.Create), request.Db.Entry(writer.Make()), posted, faults, ""), cancellationToken);
        return new(inputs, null, null, false) { Fault = faults?.GetValueOrDefault(""), IsUnsaved = isUnsaved, Children = await ShowChildrenAsync(null, posted, childFaults, cancellationToken) };
    }

    async Task<Form> FormOfAsync(string key, EntityEntry entry, Posted? posted, IReadOnlyDictionary<string, string>? faults, Dictionary<ChildWriter, ChildFaults> childFaults, CancellationToken cancellationToken)
    {
        var inputs = await pickers.OfferAsync(writer.Inputs(writer.Writable(Verb.Update), entry, posted, faults, ""), cancellationToken);
        // A copy of a row that is linked with more than are shown would lack those.
        var asNew = writer.CanCreate && !inputs.Any(input => input.HasMore)
            && writer.Writable(Verb.Create).Select(field => field.Name).Order(StringComparer.Ordinal).SequenceEqual(writer.Writable(Verb.Update).Select(field => field.Name).Order(StringComparer.Ordinal));
        return new(inputs, key, writer.NameOf(entry, key), asNew)
        {
            Fault = faults?.GetValueOrDefault(""),
            IsUnsaved = posted is not null,
            Children = await ShowChildrenAsync(entry, posted, childFaults, cancellationToken),
        };
    }

    async Task<IReadOnlyList<ChildForm>> ShowChildrenAsync(EntityEntry? entry, Posted? posted, Dictionary<ChildWriter, ChildFaults> faults, CancellationToken cancellationToken)
    {
        var forms = new List<ChildForm>();
        foreach (var (child, leads) in children)
            forms.Add(await child.ShowAsync(entry is null ? null : Principal(entry, leads), posted is null ? [] : Sent(child, posted), posted?.Adds == child.List, faults.GetValueOrDefault(child), cancellationToken));
        return forms;
    }

    static List<PostedRow> Sent(ChildWriter child, Posted posted) => [.. posted.Rows.Where(row => row.List == child.List)];

    static List<object?> Principal(EntityEntry entry, IForeignKey leads) => [.. leads.PrincipalKey.Properties.Select(column => entry.Property(column).CurrentValue)];

    sealed class Plans : Dictionary<ChildWriter, ChildPlan>
    {
        public bool HasFaults => Values.Any(plan => plan.Faults.Count > 0);

        public Dictionary<ChildWriter, ChildFaults> Faults => this.ToDictionary(plan => plan.Key, plan => plan.Value.Faults);
    }
}
