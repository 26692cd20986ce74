using System.Runtime.CompilerServices;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Forms;

/// <summary>What every form does with one row, be it on a page of its own, in its parent's form or in a list: makes, locks, shows, compares, fills in and saves it.</summary>
/// <param name="registration">What the row is.</param>
/// <param name="request">Whose request it is.</param>
/// <param name="query">Their rows.</param>
/// <param name="given">Columns that whoever uses the form fills in by itself, such as what leads to a parent.</param>
sealed class RowWriter<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query, IReadOnlyList<IProperty>? given = null)
    where T : class
{
    /// <summary>Rows that a picker shows.</summary>
    const int MostChoices = 20;
    readonly EntityRules rules = request.Site.RulesOf(typeof(T));

    /// <summary>Whether the actor may make any row.</summary>
    public bool CanCreate => WritableFields.CanCreate(registration, rules, request.Actor, given ?? []);

    /// <summary>The fields that the policy's verb lets be written.</summary>
    public IReadOnlyList<FormField> Writable(Verb verb) => WritableFields.Of(registration, rules, verb);

    /// <summary>A row that is begun. A class may require members that are columns to be filled in; what is left open, the database refuses.</summary>
    public T Make() => registration.Maker?.Invoke(Saving(true))
        ?? (typeof(T).GetConstructor(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic, []) is { } make ? (T)make.Invoke(null) : (T)RuntimeHelpers.GetUninitializedObject(typeof(T)));

    /// <summary>What a field begins with.</summary>
    public static string Begun(FormField field, EntityEntry entry)
    {
        var text = field.Text(entry);
        return (TypedText.IsTime(field.Type) || field.Type == typeof(Guid) || field.Kind == InputKind.Relation) && field.Read(text).Values is [{ } value] && value.Equals(Activator.CreateInstance(value.GetType())) ? "" : text;
    }

    /// <summary>The row of a key, to be written, where the actor may read it.</summary>
    public Task<T?> LoadAsync(object[] key, CancellationToken cancellationToken) =>
        query.WithKey(query.Living(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)), key).SingleOrDefaultAsync(cancellationToken);

    /// <summary>Keeps others from the row until the transaction ends, so that what it is compared with is what it is.</summary>
    public async Task LockAsync(object[] key)
    {
        var names = request.Db.GetService<Microsoft.EntityFrameworkCore.Storage.ISqlGenerationHelper>();
        var where = string.Join(" AND ", registration.Key.Select((column, i) => $"{names.DelimitIdentifier(column.GetColumnName())} = {{{i}}}"));
        var values = registration.Key.Select((column, i) => column.GetTypeMapping().Converter?.ConvertToProvider(key[i]) ?? key[i]);
        // Names of the model, delimited; values are parameters.
        var sql = $"SELECT FROM {names.DelimitIdentifier(registration.Table.GetTableName()!, registration.Table.GetSchema())} WHERE {where} FOR NO KEY UPDATE";
        await request.Db.Database.ExecuteSqlRawAsync(sql, values);
    }

    /// <summary>Whether the row is another than whoever sent the form was shown.</summary>
    public static bool IsOvertaken(IEnumerable<FormField> fields, EntityEntry entry, Posted posted) =>
        fields.Any(field => posted.Seen.TryGetValue(field.Name, out var seen) && !field.IsSame(seen, field.Text(entry)));

    /// <summary>The fields that the form says something else of than the row.</summary>
    public static IReadOnlyList<FormField> Changed(IEnumerable<FormField> fields, EntityEntry entry, Posted posted) =>
        [.. fields.Where(field => posted.Fields.TryGetValue(field.Name, out var text) && !field.IsSame(text, field.Text(entry)))];

    /// <summary>What is wrong with what was filled in, by field. A row that is picked is one that the actor may read: what they cannot see they cannot point at.</summary>
    public async Task<Dictionary<string, string>> FaultsOfAsync(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts)
    {
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            var (values, fault) = field.Read(texts[field.Name]);
            fault ??= registration.FaultOf(field.Name, values![0]);
            if (fault is null && field.Target is { } target && texts[field.Name].Length > 0 && await request.Site.Of(target.ClrType)!.Open(request).NameAsync(texts[field.Name], CancellationToken.None) is null)
                fault = "There is no such row.";
            if (fault is not null) faults[field.Name] = fault;
        }
        return faults;
    }

    /// <summary>What is wrong with a row that is made: with what was filled in, and with what was not.</summary>
    public async Task<Dictionary<string, string>> FaultsOfNewAsync(IReadOnlyList<FormField> fields, IReadOnlyDictionary<string, string> texts, EntityEntry entry)
    {
        var faults = await FaultsOfAsync(fields.Where(field => texts.ContainsKey(field.Name)), texts);
        foreach (var (field, fault) in WritableFields.FaultsOfLeftOut(registration, fields.Where(field => !texts.ContainsKey(field.Name)), entry, Begun)) faults[field] = fault;
        return faults;
    }

    /// <summary>Fills in what nothing is wrong with.</summary>
    public static void Fill(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts, EntityEntry entry)
    {
        foreach (var field in fields.Where(field => texts.ContainsKey(field.Name))) field.Set(entry, field.Read(texts[field.Name]).Values!);
    }

    /// <summary>Saves, and asks the policy of what the row has become, in the same transaction. The write is not given up with the request.</summary>
    /// <param name="row">The row.</param>
    /// <param name="verb">What is done to it.</param>
    /// <param name="isNew">Whether it is made.</param>
    /// <param name="fields">The fields of the form, one of which may be at fault.</param>
    /// <returns>What is wrong, by field; all of it under no name.</returns>
    public async Task<Dictionary<string, string>> SaveAsync(T row, Verb verb, bool isNew, IReadOnlyList<FormField> fields)
    {
        registration.Saver?.Invoke(row, Saving(isNew));
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException refusal) when (DatabaseFaults.Of(refusal, registration.Table) is { } fault)
        {
            var at = fields.FirstOrDefault(field => field.Columns.Any(column => fault.Columns.Contains(column.Name)));
            return new(StringComparer.Ordinal) { [at?.Name ?? ""] = fault.Sentence };
        }
        return await request.Site.PolicyOf<T>().MayAsync(request.Db, request.Actor, verb, row, CancellationToken.None) ? []
            : new(StringComparer.Ordinal) { [""] = "You may not leave it like that." };
    }

    /// <summary>A row's fields as they are shown: what somebody else has changed, and this person has not, becomes theirs by itself.</summary>
    public async Task<IReadOnlyList<FormInput>> InputsAsync(IEnumerable<FormField> fields, EntityEntry entry, Posted? posted, IReadOnlyDictionary<string, string>? faults, string prefix, CancellationToken cancellationToken)
    {
        var inputs = new List<FormInput>();
        foreach (var field in fields)
        {
            var now = field.Text(entry);
            var (seen, mine) = (posted?.Seen.GetValueOrDefault(field.Name) ?? now, posted?.Fields.GetValueOrDefault(field.Name) ?? now);
            var input = field.IsSame(mine, seen) ? new FormInput(field, now, now) : new FormInput(field, mine, now) { Theirs = field.IsSame(seen, now) ? null : now };
            inputs.Add(await ShowAsync(input with { Prefix = prefix, Fault = faults?.GetValueOrDefault(field.Name) }, posted?.Searches.GetValueOrDefault(field.Name), cancellationToken));
        }
        return inputs;
    }

    /// <summary>The fields of a row that is to be made, filled in as far as they were.</summary>
    public async Task<IReadOnlyList<FormInput>> NewInputsAsync(IEnumerable<FormField> fields, EntityEntry entry, Posted? posted, IReadOnlyDictionary<string, string>? faults, string prefix, CancellationToken cancellationToken)
    {
        var inputs = new List<FormInput>();
        foreach (var field in fields)
        {
            var input = new FormInput(field, posted?.Fields.GetValueOrDefault(field.Name) ?? Begun(field, entry), "") { Prefix = prefix, Fault = faults?.GetValueOrDefault(field.Name) };
            inputs.Add(await ShowAsync(input, posted?.Searches.GetValueOrDefault(field.Name), cancellationToken));
        }
        return inputs;
    }

    /// <summary>What a row is called, as far as its own columns say.</summary>
    public string NameOf(EntityEntry entry, string key) =>
        registration.NamedBy is { IsComputed: false, Through.Count: 0 } named ? named.Show(entry.Property(named.Property!).CurrentValue) : key;

    /// <summary>A row's key as part of an address.</summary>
    public static string KeyOf(EntityEntry entry) => RowKey.Write(entry.Metadata.FindPrimaryKey()!.Properties.Select(column => entry.Property(column).CurrentValue));

    async Task<FormInput> ShowAsync(FormInput input, string? search, CancellationToken cancellationToken)
    {
        if (input.Field.Target is not { } target || request.Site.Of(target.ClrType) is not { } from) return input;
        var rows = from.Open(request);
        var choices = (await rows.PickAsync(search ?? "", MostChoices, cancellationToken)).ToList();
        if (input.Text.Length > 0 && choices.All(choice => choice.Key != input.Text)) choices.Insert(0, new(input.Text, await rows.NameAsync(input.Text, cancellationToken) ?? "(not to be seen)"));
        if (input.Theirs is { Length: > 0 } theirs) input = input with { Theirs = await rows.NameAsync(theirs, cancellationToken) ?? "(not to be seen)" };
        return input with { Choices = choices, PickFrom = from.Slug, Search = search ?? "" };
    }

    Saving Saving(bool isNew) => new(request.Actor, request.Now, isNew);
}
