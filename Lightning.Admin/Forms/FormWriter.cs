using System.Runtime.CompilerServices;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Lightning.Admin.Forms;

/// <summary>Makes and changes rows by forms: only fields that the policy lets be written, and only rows that it lets the actor write, as they were and as they become.</summary>
sealed class FormWriter<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>Rows that a picker shows.</summary>
    const int MostChoices = 20;
    readonly EntityRules rules = request.Site.RulesOf(typeof(T));

    /// <summary>A form for a new row.</summary>
    public async Task<Form?> NewAsync(IReadOnlyDictionary<string, string> preset, CancellationToken cancellationToken)
    {
        if (!CanCreate) return null;
        var entry = request.Db.Entry(Make());
        var inputs = new List<FormInput>();
        foreach (var field in Writable(Verb.Create))
            inputs.Add(await ShowAsync(new(field, preset.GetValueOrDefault(field.Name) ?? Begun(field, entry), ""), null, cancellationToken));
        return new(inputs, null, null, false);
    }

    /// <summary>A form for a row that there is.</summary>
    public async Task<Form?> EditAsync(string key, CancellationToken cancellationToken)
    {
        if (RowKey.Read(key, registration.Key) is not { } parts || await LoadAsync(parts, cancellationToken) is not { } row) return null;
        return await query.WithKey(query.Rows(Verb.Update), parts).AnyAsync(cancellationToken) && Writable(Verb.Update).Count > 0
            ? await FormOfAsync(key, request.Db.Entry(row), null, cancellationToken) : null;
    }

    /// <summary>Makes a row of what was filled in.</summary>
    public async Task<Saved> CreateAsync(Posted posted)
    {
        if (!CanCreate) return new(Outcome.Refused);
        var fields = Writable(Verb.Create);
        if (posted.Fields.Keys.Any(name => fields.All(field => field.Name != name))) return new(Outcome.Unknown);
        if (posted.SearchOnly) return await AgainAsync(null);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        var (row, faults) = await AddAsync(fields, posted.Fields);
        if (row is null) return await AgainAsync(faults);
        await transaction.CommitAsync();
        return new(Outcome.Done, KeyOf(request.Db.Entry(row)));

        async Task<Saved> AgainAsync(IReadOnlyDictionary<string, string>? faults)
        {
            request.Db.ChangeTracker.Clear();
            var entry = request.Db.Entry(Make());
            var inputs = new List<FormInput>();
            foreach (var field in fields)
            {
                var input = new FormInput(field, posted.Fields.GetValueOrDefault(field.Name) ?? Begun(field, entry), "") { Fault = faults?.GetValueOrDefault(field.Name), Search = posted.Searches.GetValueOrDefault(field.Name) ?? "" };
                inputs.Add(await ShowAsync(input, input.Search, CancellationToken.None));
            }
            return new(Outcome.Again, null, new(inputs, null, null, false) { Fault = faults?.GetValueOrDefault("") });
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
        var fields = Writable(Verb.Update);
        if (posted.Fields.Keys.Any(name => fields.All(field => field.Name != name))) return new(Outcome.Unknown);
        await LockAsync(parts);
        if (await LoadAsync(parts, CancellationToken.None) is not { } row) return new(Outcome.Missing);
        var entry = request.Db.Entry(row);
        var overtaken = fields.Any(field => posted.Seen.TryGetValue(field.Name, out var seen) && !field.IsSame(seen, field.Text(entry)));
        if (overtaken || posted.SearchOnly) return new(Outcome.Again, key, await FormOfAsync(key, entry, posted, CancellationToken.None) with { IsOvertaken = overtaken });

        var changed = fields.Where(field => posted.Fields.TryGetValue(field.Name, out var text) && !field.IsSame(text, field.Text(entry))).ToList();
        // Nobody has changed anything: no line in the book, no new version of the row.
        if (changed.Count == 0) return new(Outcome.Done, key);
        var faults = await PickedAsync(changed, posted.Fields);
        if (faults.Count == 0) faults = Fill(changed, posted.Fields, entry);
        if (faults.Count == 0) faults = await SaveAsync(row, Verb.Update, isNew: false);
        if (faults.Count == 0)
        {
            await transaction.CommitAsync();
            return new(Outcome.Done, key);
        }
        await transaction.RollbackAsync();
        request.Db.ChangeTracker.Clear();
        var now = await LoadAsync(parts, CancellationToken.None);
        if (now is null) return new(Outcome.Missing);
        var form = await FormOfAsync(key, request.Db.Entry(now), posted, CancellationToken.None);
        return new(Outcome.Again, key, form with { Fault = faults.GetValueOrDefault(""), Inputs = [.. form.Inputs.Select(input => input with { Fault = faults.GetValueOrDefault(input.Field.Name) })] });
    }

    /// <summary>Makes rows of what a file holds, all of them or none; on trial none.</summary>
    public async Task<IReadOnlyList<(int Row, string Field, string Fault)>> ImportAsync(IReadOnlyList<IReadOnlyDictionary<string, string>> rows, bool trial)
    {
        if (!CanCreate) return [(0, "", "You may not make any of these.")];
        var (fields, faults) = (Writable(Verb.Create), new List<(int, string, string)>());
        foreach (var unknown in rows.SelectMany(row => row.Keys).Distinct().Where(name => fields.All(field => field.Name != name))) faults.Add((0, unknown, "There is no such field that can be written."));
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        for (var i = 0; i < rows.Count && faults.Count < 50; i++)
        {
            var (made, wrong) = await AddAsync(fields, rows[i]);
            if (made is null) faults.AddRange(wrong.Select(fault => (i + 1, fault.Key, fault.Value)));
            request.Db.ChangeTracker.Clear();
        }
        if (faults.Count == 0 && !trial) await transaction.CommitAsync();
        return faults;
    }

    bool CanCreate => WritableFields.CanCreate(registration, rules, request.Actor);

    IReadOnlyList<FormField> Writable(Verb verb) => WritableFields.Of(registration, rules, verb);

    async Task<(T? Row, IReadOnlyDictionary<string, string> Faults)> AddAsync(IReadOnlyList<FormField> fields, IReadOnlyDictionary<string, string> texts)
    {
        var row = Make();
        var entry = request.Db.Entry(row);
        var given = fields.Where(field => texts.ContainsKey(field.Name)).ToList();
        var faults = await PickedAsync(given, texts);
        if (faults.Count == 0) faults = Fill(given, texts, entry);
        foreach (var (field, fault) in WritableFields.FaultsOfLeftOut(registration, fields.Where(field => !texts.ContainsKey(field.Name)), entry, Begun)) faults[field] = fault;
        if (faults.Count > 0) return (null, faults);
        // With what it owns.
        request.Db.Add(row);
        faults = await SaveAsync(row, Verb.Create, isNew: true);
        return faults.Count == 0 ? (row, faults) : (null, faults);
    }

    Dictionary<string, string> Fill(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts, EntityEntry entry)
    {
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            var (values, fault) = field.Read(texts[field.Name]);
            fault ??= registration.FaultOf(field.Name, values![0]);
            if (fault is not null) faults[field.Name] = fault;
            else field.Set(entry, values!);
        }
        return faults;
    }

    /// <summary>Saves, and asks the policy of what the row has become, in the same transaction. The write is not given up with the request.</summary>
    async Task<Dictionary<string, string>> SaveAsync(T row, Verb verb, bool isNew)
    {
        registration.Saver?.Invoke(row, Saving(isNew));
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException refusal) when (DatabaseFaults.Of(refusal, registration.Table) is { } fault)
        {
            var at = registration.Written.Select(field => FormField.Of(registration.Table, field)).OfType<FormField>().FirstOrDefault(field => field.Columns.Any(column => fault.Columns.Contains(column.Name)));
            return new(StringComparer.Ordinal) { [at?.Name ?? ""] = fault.Sentence };
        }
        return await request.Site.PolicyOf<T>().MayAsync(request.Db, request.Actor, verb, row, CancellationToken.None) ? []
            : new(StringComparer.Ordinal) { [""] = "You may not leave it like that." };
    }

    /// <summary>A row that is picked is one that the actor may read: what they cannot see they cannot point at.</summary>
    async Task<Dictionary<string, string>> PickedAsync(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts)
    {
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in fields.Where(field => field.Target is not null && texts[field.Name].Length > 0))
            if (await request.Site.Of(field.Target!.ClrType)!.Open(request).NameAsync(texts[field.Name], CancellationToken.None) is null) faults[field.Name] = "There is no such row.";
        return faults;
    }

    async Task<Form> FormOfAsync(string key, EntityEntry entry, Posted? posted, CancellationToken cancellationToken)
    {
        var inputs = new List<FormInput>();
        foreach (var field in Writable(Verb.Update))
        {
            var now = field.Text(entry);
            var (seen, mine) = (posted?.Seen.GetValueOrDefault(field.Name) ?? now, posted?.Fields.GetValueOrDefault(field.Name) ?? now);
            // What somebody else has changed, and this person has not, becomes theirs by itself.
            var input = field.IsSame(mine, seen) ? new FormInput(field, now, now) : new FormInput(field, mine, now) { Theirs = field.IsSame(seen, now) ? null : now };
            inputs.Add(await ShowAsync(input with { Search = posted?.Searches.GetValueOrDefault(field.Name) ?? "" }, posted?.Searches.GetValueOrDefault(field.Name), cancellationToken));
        }
        var asNew = CanCreate && Writable(Verb.Create).Select(field => field.Name).Order(StringComparer.Ordinal).SequenceEqual(Writable(Verb.Update).Select(field => field.Name).Order(StringComparer.Ordinal));
        return new(inputs, key, registration.NamedBy is { IsComputed: false, Through.Count: 0 } named ? named.Show(entry.Property(named.Property!).CurrentValue) : key, asNew);
    }

    async Task<FormInput> ShowAsync(FormInput input, string? search, CancellationToken cancellationToken)
    {
        if (input.Field.Target is not { } target || request.Site.Of(target.ClrType) is not { } from) return input;
        var rows = from.Open(request);
        var choices = (await rows.PickAsync(search ?? "", MostChoices, cancellationToken)).ToList();
        if (input.Text.Length > 0 && choices.All(choice => choice.Key != input.Text)) choices.Insert(0, new(input.Text, await rows.NameAsync(input.Text, cancellationToken) ?? "(not to be seen)"));
        if (input.Theirs is { Length: > 0 } theirs) input = input with { Theirs = await rows.NameAsync(theirs, cancellationToken) ?? "(not to be seen)" };
        return input with { Choices = choices, PickFrom = from.Slug };
    }

    Task<T?> LoadAsync(object[] key, CancellationToken cancellationToken) =>
        query.WithKey(query.Living(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)), key).SingleOrDefaultAsync(cancellationToken);

    async Task LockAsync(object[] key)
    {
        var names = request.Db.GetService<Microsoft.EntityFrameworkCore.Storage.ISqlGenerationHelper>();
        var where = string.Join(" AND ", registration.Key.Select((column, i) => $"{names.DelimitIdentifier(column.GetColumnName())} = {{{i}}}"));
        var values = registration.Key.Select((column, i) => column.GetTypeMapping().Converter?.ConvertToProvider(key[i]) ?? key[i]);
        // Names of the model, delimited; values are parameters.
        var sql = $"SELECT FROM {names.DelimitIdentifier(registration.Table.GetTableName()!, registration.Table.GetSchema())} WHERE {where} FOR NO KEY UPDATE";
        await request.Db.Database.ExecuteSqlRawAsync(sql, values);
    }

    static string Begun(FormField field, EntityEntry entry)
    {
        var text = field.Text(entry);
        return (TypedText.IsTime(field.Type) || field.Type == typeof(Guid) || field.Kind == InputKind.Relation) && field.Read(text).Values is [{ } value] && value.Equals(Activator.CreateInstance(value.GetType())) ? "" : text;
    }

    static string KeyOf(EntityEntry entry) => RowKey.Write(entry.Metadata.FindPrimaryKey()!.Properties.Select(column => entry.Property(column).CurrentValue));

    Saving Saving(bool isNew) => new(request.Actor, request.Now, isNew);

    // A class may require members that are columns to be filled in; what is left open, the database refuses.
    T Make() => registration.Maker?.Invoke(Saving(true))
        ?? (typeof(T).GetConstructor(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic, []) is { } make ? (T)make.Invoke(null) : (T)RuntimeHelpers.GetUninitializedObject(typeof(T)));
}
