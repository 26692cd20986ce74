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
    readonly Dictionary<(object Row, string Field), LinkedRows> linked = [];
    readonly List<(object Row, FormField Field, IReadOnlyList<object?> Keys)> links = [];
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

    /// <summary>Reads which rows it is linked with, where fields say.</summary>
    public async Task LoadLinksAsync(T row, object[] key, IEnumerable<FormField> fields, Posted? posted, CancellationToken cancellationToken)
    {
        foreach (var field in fields.Where(field => field.Links is not null))
        {
            var spoken = LinkedRows.Lines(posted?.Fields.GetValueOrDefault(field.Name) ?? "").Concat(LinkedRows.Lines(posted?.Seen.GetValueOrDefault(field.Name) ?? "")).Distinct().Take(2 * LinkedRows.MostSent).ToList();
            var (keys, hasMore) = await request.Site.Of(field.Target!.ClrType)!.Open(request).LinkedAsync(query.Linked(key, field.Links!), spoken, LinkedRows.Most, cancellationToken);
            linked[(row, field.Name)] = new(keys, hasMore, posted?.Seen.GetValueOrDefault(field.Name));
        }
    }

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
    public bool IsOvertaken(IEnumerable<FormField> fields, EntityEntry entry, Posted posted) =>
        fields.Any(field => posted.Seen.TryGetValue(field.Name, out var seen) && !field.IsSame(seen, TextOf(field, entry)));

    /// <summary>The fields that the form says something else of than the row.</summary>
    public IReadOnlyList<FormField> Changed(IEnumerable<FormField> fields, EntityEntry entry, Posted posted) =>
        [.. fields.Where(field => posted.Fields.TryGetValue(field.Name, out var text) && !field.IsSame(text, TextOf(field, entry)))];

    /// <summary>What is wrong with what was filled in, by field. A row that is picked is one that the actor may read: what they cannot see they cannot point at.</summary>
    public async Task<Dictionary<string, string>> FaultsOfAsync(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts)
    {
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            var (values, fault) = field.Read(texts[field.Name]);
            if (field.Links is null) fault ??= registration.FaultOf(field.Name, values![0]);
            if (fault is null && field.Target is { } target && LinkedRows.Picked(field, texts[field.Name]) is { Count: > 0 } keys
                && (await request.Site.Of(target.ClrType)!.Open(request).NamedAsync(keys, CancellationToken.None)).Count < keys.Distinct().Count())
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
    public void Fill(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts, EntityEntry entry)
    {
        foreach (var field in fields.Where(field => texts.ContainsKey(field.Name)))
            if (field.Links is null) field.Set(entry, field.Read(texts[field.Name]).Values!);
            else links.Add((entry.Entity, field, field.Read(texts[field.Name]).Values!));
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
            // A key that the database makes is there when the row is.
            if (links.Count > 0 && KeyIsToCome(row)) await request.Db.SaveChangesAsync(CancellationToken.None);
            Link(row);
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException refusal) when (LinkFault(refusal) is { } fault)
        {
            return new(StringComparer.Ordinal) { [fault.Field] = fault.Sentence };
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
    public IReadOnlyList<FormInput> Inputs(IEnumerable<FormField> fields, EntityEntry entry, Posted? posted, IReadOnlyDictionary<string, string>? faults, string prefix)
    {
        var inputs = new List<FormInput>();
        foreach (var field in fields)
        {
            var now = TextOf(field, entry);
            var (seen, mine) = (posted?.Seen.GetValueOrDefault(field.Name) ?? now, posted?.Fields.GetValueOrDefault(field.Name) ?? now);
            var input = field.IsSame(mine, seen) ? new FormInput(field, now, now) : new FormInput(field, field.Merged(mine, seen, now), now) { Theirs = field.IsSame(seen, now) ? null : now };
            inputs.Add(input with
            {
                Prefix = prefix,
                Fault = faults?.GetValueOrDefault(field.Name),
                Search = posted?.Searches.GetValueOrDefault(field.Name) ?? "",
                HasMore = linked.GetValueOrDefault((entry.Entity, field.Name))?.HasMore == true,
            });
        }
        return inputs;
    }

    /// <summary>The fields of a row that is to be made, filled in as far as they were.</summary>
    public static IReadOnlyList<FormInput> NewInputs(IEnumerable<FormField> fields, EntityEntry entry, Posted? posted, IReadOnlyDictionary<string, string>? faults, string prefix) =>
    [
        .. fields.Select(field => new FormInput(field, posted?.Fields.GetValueOrDefault(field.Name) ?? Begun(field, entry), "")
        {
            Prefix = prefix,
            Fault = faults?.GetValueOrDefault(field.Name),
            Search = posted?.Searches.GetValueOrDefault(field.Name) ?? "",
        }),
    ];

    /// <summary>What a row is called, as far as its own columns say.</summary>
    public string NameOf(EntityEntry entry, string key) =>
        registration.NamedBy is { IsComputed: false, Through.Count: 0 } named ? named.Show(entry.Property(named.Property!).CurrentValue) : key;

    /// <summary>A row's key as part of an address.</summary>
    public static string KeyOf(EntityEntry entry) => RowKey.Write(entry.Metadata.FindPrimaryKey()!.Properties.Select(column => entry.Property(column).CurrentValue));

    /// <summary>What a row has, as text.</summary>
    string TextOf(FormField field, EntityEntry entry) => linked.TryGetValue((entry.Entity, field.Name), out var rows) ? rows.Now : field.Text(entry);

    bool KeyIsToCome(T row) => registration.Key.Any(column => request.Db.Entry(row).Property(column).IsTemporary);

    /// <summary>Adds and removes the rows between, to what was filled in.</summary>
    void Link(T row)
    {
        foreach (var (_, field, keys) in links.Where(link => link.Row == row))
        {
            var (before, after) = (linked.GetValueOrDefault((row, field.Name)), keys.Select(key => RowKey.Write((object[])key!)).ToList());
            foreach (var key in after.Except(before?.Keys ?? [])) Between(field).Add(LinkOf(row, field.Links!, key));
            foreach (var key in LinkedRows.Lines(before?.Now ?? "").Except(after)) Between(field).Remove(LinkOf(row, field.Links!, key));
        }
    }

    DbSet<Dictionary<string, object>> Between(FormField field) => request.Db.Set<Dictionary<string, object>>(field.Links!.JoinEntityType.Name);

    Dictionary<string, object> LinkOf(T row, ISkipNavigation navigation, string key)
    {
        var entry = request.Db.Entry(row);
        var link = navigation.ForeignKey.Properties.Zip(navigation.ForeignKey.PrincipalKey.Properties).ToDictionary(column => column.First.Name, column => entry.Property(column.Second).CurrentValue!);
        var other = navigation.Inverse.ForeignKey;
        foreach (var (column, value) in other.Properties.Zip(RowKey.Read(key, other.PrincipalKey.Properties)!)) link[column.Name] = value;
        return link;
    }

    /// <summary>What the database has against a row between; null where it is about something else.</summary>
    (string Field, string Sentence)? LinkFault(DbUpdateException refusal) =>
        links.Select(link => link.Field).FirstOrDefault(field => refusal.Entries.Any(entry => entry.Metadata == field.Links!.JoinEntityType)) is { } field
            && DatabaseFaults.Of(refusal, (IEntityType)field.Links!.JoinEntityType) is { } fault ? (field.Name, fault.Sentence == DatabaseFaults.Twice ? DatabaseFaults.Meanwhile : fault.Sentence) : null;

    Saving Saving(bool isNew) => new(request.Actor, request.Now, isNew);
}
