using System.Runtime.CompilerServices;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>The operations on one row that all forms share: create, lock, compare, show, fill in and save.</summary>
/// <param name="registration">The row's registration.</param>
/// <param name="request">The request.</param>
/// <param name="query">The rows that the actor can reach.</param>
/// <param name="given">Columns that the caller sets, such as the foreign key to a parent.</param>
sealed class RowWriter<T>(
    AdminFor<T> registration,
    AdminRequest request,
    RowQuery<T> query,
    IReadOnlyList<IProperty>? given = null
)
    where T : class
{
    /// <summary>Whether the texts come from a file instead of a form.</summary>
    public bool ReadsFile { get; init; }

    readonly LinkWriter<T> links = new(request, query);
    readonly EntityRules rules = request.Site.RulesOf(typeof(T));

    /// <summary>Whether the actor can create rows.</summary>
    public bool CanCreate => FormFields.CanCreate(registration, rules, request.Actor, given ?? []);

    /// <summary>The fields that the policy allows to be written.</summary>
    public IReadOnlyList<FormField> Writable(Verb verb) => FormFields.GetFields(registration, rules, verb);

    /// <summary>
    /// Creates a row object. Required members may be missing; the database rejects what is not filled in.
    /// </summary>
    public T Make() =>
        registration.Factory?.Invoke(Context(true))
        ?? (
            typeof(T).GetConstructor(
                System.Reflection.BindingFlags.Instance
                    | System.Reflection.BindingFlags.Public
                    | System.Reflection.BindingFlags.NonPublic,
                []
            )
                is { } make
                ? (T)make.Invoke(null)
                : (T)RuntimeHelpers.GetUninitializedObject(typeof(T))
        );

    /// <summary>The initial value of a field of a new row, as text; empty if it is only the type's default.</summary>
    public static string InitialText(FormField field, EntityEntry entry)
    {
        var text = field.Text(entry);
        return
            (TypedText.IsTime(field.Type) || field.Type == typeof(Guid) || field.Kind == InputKind.Relation)
            && field.Read(text).Values is [{ } value]
            && value.Equals(Activator.CreateInstance(value.GetType()))
            ? ""
            : text;
    }

    /// <summary>Loads a readable row for writing; null if there is none.</summary>
    public Task<T?> LoadAsync(object[] key, CancellationToken cancellationToken) =>
        query
            .WithKey(query.ApplySoftDelete(query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)), key)
            .SingleOrDefaultAsync(cancellationToken);

    /// <summary>Loads the linked rows of many-to-many fields.</summary>
    public Task LoadLinksAsync(
        T row,
        object[] key,
        IEnumerable<FormField> fields,
        Posted? posted,
        CancellationToken cancellationToken
    ) => links.LoadAsync(row, key, fields, posted, cancellationToken);

    /// <summary>
    /// Locks the row until the transaction ends, so that the comparison with the posted form stays valid.
    /// </summary>
    public async Task LockAsync(object[] key)
    {
        var names = request.Db.GetService<Microsoft.EntityFrameworkCore.Storage.ISqlGenerationHelper>();
        var where = string.Join(
            " AND ",
            registration.Key.Select((column, i) => $"{names.DelimitIdentifier(column.GetColumnName())} = {{{i}}}")
        );
        var values = registration.Key.Select(
            (column, i) => column.GetTypeMapping().Converter?.ConvertToProvider(key[i]) ?? key[i]
        );
        // Identifiers come from the model and are delimited; values are parameters.
        var sql =
            "SELECT FROM "
            + names.DelimitIdentifier(registration.Table.GetTableName()!, registration.Table.GetSchema())
            + $" WHERE {where} FOR NO KEY UPDATE";
        await request.Db.Database.ExecuteSqlRawAsync(sql, values);
    }

    /// <summary>Whether the row has changed since the form was shown.</summary>
    public bool HasConflict(IEnumerable<FormField> fields, EntityEntry entry, Posted posted) =>
        fields.Any(field =>
            posted.Originals.TryGetValue(field.Name, out var seen) && !field.IsSame(seen, TextOf(field, entry))
        );

    /// <summary>The fields whose posted value differs from the row's.</summary>
    public IReadOnlyList<FormField> Changed(IEnumerable<FormField> fields, EntityEntry entry, Posted posted) =>
        [
            .. fields.Where(field =>
                posted.Fields.TryGetValue(field.Name, out var text) && !field.IsSame(text, TextOf(field, entry))
            ),
        ];

    /// <summary>
    /// Validates posted values and returns errors by field. A related row must be readable for the actor.
    /// </summary>
    public async Task<Dictionary<string, string>> ValidateAsync(
        IEnumerable<FormField> fields,
        IReadOnlyDictionary<string, string> texts
    )
    {
        var errors = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            var (values, error) = Read(field, texts);
            if (field.ManyToMany is null)
                error ??= registration.Validate(field.Name, values![0]);
            if (
                error is null
                && field.Target is { } target
                && texts[field.Name] != TypedText.NullText
                && LinkedRows.ParseKeys(field, texts[field.Name]) is { Count: > 0 } keys
                && (
                    await RowLookup
                        .Create(request.Site.Of(target.ClrType)!, request)
                        .NamedAsync(keys, CancellationToken.None)
                ).Count < keys.Distinct().Count()
            )
                error = "This row does not exist.";
            if (error is not null)
                errors[field.Name] = error;
        }
        return errors;
    }

    /// <summary>Validates the posted values and the defaults of a new row.</summary>
    public async Task<Dictionary<string, string>> ValidateNewAsync(
        IReadOnlyList<FormField> fields,
        IReadOnlyDictionary<string, string> texts,
        EntityEntry entry
    )
    {
        var errors = await ValidateAsync(fields.Where(field => texts.ContainsKey(field.Name)), texts);
        foreach (
            var (field, error) in FormFields.ErrorsOfMissing(
                registration,
                fields.Where(field => !texts.ContainsKey(field.Name)),
                entry,
                InitialText
            )
        )
            errors[field] = error;
        return errors;
    }

    /// <summary>Applies valid values.</summary>
    public void Fill(IEnumerable<FormField> fields, IReadOnlyDictionary<string, string> texts, EntityEntry entry)
    {
        foreach (var field in fields.Where(field => texts.ContainsKey(field.Name)))
            if (field.ManyToMany is null)
                field.Set(entry, Read(field, texts).Values!);
            else
                links.Set(entry.Entity, field, Read(field, texts).Values!);
    }

    /// <summary>
    /// Saves the row and checks the policy for its new state, in one transaction. Not cancelled with the request.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="verb">The verb to check.</param>
    /// <param name="isNew">Whether the row is new.</param>
    /// <param name="fields">The form's fields, for attributing database errors.</param>
    /// <returns>Errors by field; errors of the whole row have an empty name.</returns>
    public async Task<Dictionary<string, string>> SaveAsync(
        T row,
        Verb verb,
        bool isNew,
        IReadOnlyList<FormField> fields
    )
    {
        registration.BeforeSaveHook?.Invoke(row, Context(isNew));
        try
        {
            // A generated key is known only after the row is inserted.
            if (links.HasChanges && HasTemporaryKey(row))
                await request.Db.SaveChangesAsync(CancellationToken.None);
            links.Apply(row);
            await request.Db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException ex) when (links.ErrorOf(ex) is { } error)
        {
            return new(StringComparer.Ordinal) { [error.Field] = error.Sentence };
        }
        catch (DbUpdateException ex) when (DatabaseErrors.Describe(ex, registration.Table) is { } error)
        {
            var at = fields.FirstOrDefault(field => field.Columns.Any(column => error.Columns.Contains(column.Name)));
            return new(StringComparer.Ordinal) { [at?.Name ?? ""] = error.Sentence };
        }
        return await request.Site.PolicyOf<T>().MayAsync(request.Db, request.Actor, verb, row, CancellationToken.None)
            ? []
            : new(StringComparer.Ordinal) { [""] = "You are not allowed to save these changes." };
    }

    /// <summary>
    /// The fields of a row for display. Fields that were changed by someone else but not in the form show the new
    /// value.
    /// </summary>
    public IReadOnlyList<FormInput> Inputs(
        IEnumerable<FormField> fields,
        EntityEntry entry,
        Posted? posted,
        IReadOnlyDictionary<string, string>? errors,
        string prefix
    )
    {
        var inputs = new List<FormInput>();
        foreach (var field in fields)
        {
            var now = TextOf(field, entry);
            var (seen, mine) = (
                posted?.Originals.GetValueOrDefault(field.Name) ?? now,
                posted?.Fields.GetValueOrDefault(field.Name) ?? now
            );
            var input = field.IsSame(mine, seen)
                ? new FormInput(field, now, now)
                : new FormInput(field, field.Merge(mine, seen, now), now)
                {
                    ConcurrentValue = field.IsSame(seen, now) ? null : now,
                };
            inputs.Add(
                input with
                {
                    Prefix = prefix,
                    Error = errors?.GetValueOrDefault(field.Name),
                    Search = posted?.Searches.GetValueOrDefault(field.Name) ?? "",
                    HasMore = links.Find(entry.Entity, field)?.HasMore == true,
                }
            );
        }
        return inputs;
    }

    /// <summary>The fields of a new row.</summary>
    public static IReadOnlyList<FormInput> NewInputs(
        IEnumerable<FormField> fields,
        EntityEntry entry,
        Posted? posted,
        IReadOnlyDictionary<string, string>? errors,
        string prefix
    ) =>
        [
            .. fields.Select(field => new FormInput(
                field,
                posted?.Fields.GetValueOrDefault(field.Name) ?? InitialText(field, entry),
                ""
            )
            {
                Prefix = prefix,
                Error = errors?.GetValueOrDefault(field.Name),
                Search = posted?.Searches.GetValueOrDefault(field.Name) ?? "",
            }),
        ];

    /// <summary>The display name of a row, from its own columns.</summary>
    public string NameOf(EntityEntry entry, string key) =>
        registration.NamedBy is { IsComputed: false, Navigations.Count: 0 } named
            ? named.Show(entry.Property(named.Property!).CurrentValue)
            : key;

    /// <summary>The row's key as a URL segment.</summary>
    public static string KeyOf(EntityEntry entry) =>
        RowKey.Format(
            entry.Metadata.FindPrimaryKey()!.Properties.Select(column => entry.Property(column).CurrentValue)
        );

    (IReadOnlyList<object?>? Values, string? Error) Read(FormField field, IReadOnlyDictionary<string, string> texts) =>
        ReadsFile ? field.ReadExact(texts[field.Name]) : field.Read(texts[field.Name]);

    /// <summary>The row's current value, as text.</summary>
    string TextOf(FormField field, EntityEntry entry) =>
        links.Find(entry.Entity, field) is { } rows ? rows.CurrentText : field.Text(entry);

    bool HasTemporaryKey(T row) => registration.Key.Any(column => request.Db.Entry(row).Property(column).IsTemporary);

    SaveContext Context(bool isNew) => new(request.Actor, request.Now, isNew);
}
