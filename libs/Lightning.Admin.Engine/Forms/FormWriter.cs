using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Lightning.Admin.Engine.Forms;

/// <summary>
/// Creates and updates rows from forms, including inline children. Writes only fields that the policy allows, checks
/// the policy before and after the change, and saves a form completely or not at all.
/// </summary>
sealed class FormWriter<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>();
    readonly RowWriter<T> writer = new(registration, request, query);
    readonly Pickers pickers = new(request);
    readonly FormChildren children = new(registration, request);

    /// <summary>The form for a new row; null if the actor cannot create one.</summary>
    public async Task<Form?> NewAsync(
        IReadOnlyDictionary<string, string> preset,
        CancellationToken cancellationToken
    ) =>
        writer.CanCreate
            ? await NewFormAsync(new(preset, Nothing, Nothing, false), isUnsaved: false, null, [], cancellationToken)
            : null;

    /// <summary>The form for an existing row; null if the actor cannot update it.</summary>
    public async Task<Form?> EditAsync(string key, CancellationToken cancellationToken)
    {
        if (
            RowKey.Parse(key, registration.Key) is not { } parts
            || await writer.LoadAsync(parts, cancellationToken) is not { } row
        )
            return null;
        if (
            writer.Writable(Verb.Update).Count == 0
            || !await query.WithKey(query.Rows(Verb.Update), parts).AnyAsync(cancellationToken)
        )
            return null;
        await writer.LoadLinksAsync(row, parts, writer.Writable(Verb.Update), null, cancellationToken);
        return await FormOfAsync(request.Db.Entry(row), null, null, [], cancellationToken);
    }

    /// <summary>Creates a row from a posted form.</summary>
    public async Task<Saved> CreateAsync(Posted posted)
    {
        if (!writer.CanCreate)
            return new(Outcome.Forbidden);
        // "Save as new" copies the row, not its children.
        posted = posted with
        {
            Rows = [.. posted.Rows.Where(row => row.IsNew)],
        };
        var fields = writer.Writable(Verb.Create);
        if (IsUnknown(posted, fields))
            return new(Outcome.UnknownField);
        if (posted.IsSearch)
            return await RedisplayAsync(null, []);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        var row = writer.Make();
        var entry = request.Db.Entry(row);
        var errors = await writer.ValidateNewAsync(fields, posted.Fields, entry);
        var plans = await children.PlanAsync(null, posted);
        if (plans.IsRefused)
            return new(Outcome.Forbidden);
        if (errors.Count > 0 || plans.HasErrors)
            return await RedisplayAsync(errors, plans.Errors);
        var wrong = await AddAsync(writer, row, fields, posted.Fields);
        if (wrong.Count > 0)
            return await RedisplayAsync(wrong, []);
        if (await children.WriteAsync(entry) is { } error)
            return await RedisplayAsync(null, error);
        await transaction.CommitAsync();
        return new(Outcome.Done, RowWriter<T>.KeyOf(entry));

        async Task<Saved> RedisplayAsync(
            IReadOnlyDictionary<string, string>? errors,
            Dictionary<ChildWriter, ChildErrors> childErrors
        )
        {
            if (request.Db.Database.CurrentTransaction is { } open)
                await open.RollbackAsync();
            return new(
                Outcome.Redisplay,
                null,
                await NewFormAsync(posted, isUnsaved: true, errors, childErrors, CancellationToken.None)
            );
        }
    }

    /// <summary>
    /// Updates a row from a posted form. If the row has changed since the form was shown, both versions are shown.
    /// </summary>
    public async Task<Saved> UpdateAsync(string key, Posted posted)
    {
        if (RowKey.Parse(key, registration.Key) is not { } parts)
            return new(Outcome.NotFound);
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        // Checked before locking: only an actor who may update the row may lock it.
        if (!await query.WithKey(query.Rows(), parts).AnyAsync())
            return new(Outcome.NotFound);
        if (!await query.WithKey(query.Rows(Verb.Update), parts).AnyAsync())
            return new(Outcome.Forbidden);
        var fields = writer.Writable(Verb.Update);
        if (IsUnknown(posted, fields))
            return new(Outcome.UnknownField);
        await writer.LockAsync(parts);
        if (await writer.LoadAsync(parts, CancellationToken.None) is not { } row)
            return new(Outcome.NotFound);
        await writer.LoadLinksAsync(row, parts, fields, posted, CancellationToken.None);
        var entry = request.Db.Entry(row);
        var plans = await children.PlanAsync(entry, posted);
        if (plans.IsRefused)
            return new(Outcome.Forbidden);
        var conflict = writer.HasConflict(fields, entry, posted) || plans.HasConflict;
        if (conflict || posted.IsSearch)
            return await RedisplayAsync(null, []);

        var changed = writer.Changed(fields, entry, posted);
        var errors = await writer.ValidateAsync(changed, posted.Fields);
        if (errors.Count > 0 || plans.HasErrors)
            return await RedisplayAsync(errors, plans.Errors);
        // Without changes, no audit entry and no new row version is written.
        if (changed.Count > 0)
        {
            writer.Fill(changed, posted.Fields, entry);
            errors = await writer.SaveAsync(row, Verb.Update, isNew: false, fields);
            if (errors.Count > 0)
                return await RedisplayAsync(errors, []);
        }
        if (await children.WriteAsync(entry) is { } wrong)
            return await RedisplayAsync(null, wrong);
        await transaction.CommitAsync();
        return new(Outcome.Done, key);

        async Task<Saved> RedisplayAsync(
            IReadOnlyDictionary<string, string>? errors,
            Dictionary<ChildWriter, ChildErrors> childErrors
        )
        {
            await transaction.RollbackAsync();
            request.Db.ChangeTracker.Clear();
            if (await writer.LoadAsync(parts, CancellationToken.None) is not { } now)
                return new(Outcome.NotFound);
            await writer.LoadLinksAsync(now, parts, fields, posted, CancellationToken.None);
            var form = await FormOfAsync(request.Db.Entry(now), posted, errors, childErrors, CancellationToken.None);
            return new(Outcome.Redisplay, key, form with { HasConflict = conflict });
        }
    }

    /// <summary>The fields that an import reads.</summary>
    public IReadOnlyList<FormField> Imported => writer.Writable(Verb.Create);

    /// <summary>
    /// The columns of an export that an import leaves out: the key, and columns that no form writes.
    /// </summary>
    public IEnumerable<string> NotImported =>
        registration
            .Columns.Select(column => column.Name)
            .Append("key")
            .Append($"{registration.Slug}.key")
            .Where(name => Imported.All(one => one.Name != name));

    /// <summary>Creates rows from a file, all or nothing; a trial rolls back.</summary>
    public async Task<IReadOnlyList<(int Row, string Field, string Error)>> ImportAsync(
        IReadOnlyList<IReadOnlyDictionary<string, string>> rows,
        bool trial
    )
    {
        if (!writer.CanCreate)
            return [(0, "", "You are not allowed to create these rows.")];
        var (fields, errors) = (Imported, new List<(int, string, string)>());
        var (left, file) = (NotImported.ToHashSet(StringComparer.Ordinal), FileWriter);
        foreach (
            var unknown in rows.SelectMany(row => row.Keys)
                .Distinct()
                .Where(name => !left.Contains(name) && fields.All(field => field.Name != name))
        )
            errors.Add((0, unknown, "This field does not exist or cannot be written."));
        await using var transaction = await request.Db.Database.BeginTransactionAsync();
        for (var i = 0; i < rows.Count && errors.Count < 50; i++)
        {
            var row = file.Make();
            var wrong = await file.ValidateNewAsync(fields, rows[i], request.Db.Entry(row));
            if (wrong.Count == 0)
                wrong = await AddAsync(file, row, fields, rows[i]);
            errors.AddRange(wrong.Select(error => (i + 1, error.Key, error.Value)));
            request.Db.ChangeTracker.Clear();
        }
        if (errors.Count == 0 && !trial)
            await transaction.CommitAsync();
        return errors;
    }

    RowWriter<T> FileWriter => new(registration, request, query) { ReadsFile = true };

    Task<Dictionary<string, string>> AddAsync(
        RowWriter<T> writer,
        T row,
        IReadOnlyList<FormField> fields,
        IReadOnlyDictionary<string, string> texts
    )
    {
        writer.Fill(fields, texts, request.Db.Entry(row));
        // Adds owned entities too.
        request.Db.Add(row);
        return writer.SaveAsync(row, Verb.Create, isNew: true, fields);
    }

    bool IsUnknown(Posted posted, IReadOnlyList<FormField> fields) =>
        posted.Fields.Keys.Any(name => fields.All(field => field.Name != name)) || !children.Knows(posted);

    async Task<Form> NewFormAsync(
        Posted posted,
        bool isUnsaved,
        IReadOnlyDictionary<string, string>? errors,
        Dictionary<ChildWriter, ChildErrors> childErrors,
        CancellationToken cancellationToken
    )
    {
        request.Db.ChangeTracker.Clear();
        var inputs = await pickers.OfferAsync(
            RowWriter<T>.NewInputs(writer.Writable(Verb.Create), request.Db.Entry(writer.Make()), posted, errors, ""),
            cancellationToken
        );
        return new(inputs, null, null, false)
        {
            Error = errors?.GetValueOrDefault(""),
            IsUnsaved = isUnsaved,
            Children = await children.ShowAsync(null, posted, childErrors, cancellationToken),
        };
    }

    async Task<Form> FormOfAsync(
        EntityEntry entry,
        Posted? posted,
        IReadOnlyDictionary<string, string>? errors,
        Dictionary<ChildWriter, ChildErrors> childErrors,
        CancellationToken cancellationToken
    )
    {
        var key = RowWriter<T>.KeyOf(entry);
        var inputs = await pickers.OfferAsync(
            writer.Inputs(writer.Writable(Verb.Update), entry, posted, errors, ""),
            cancellationToken
        );
        // "Save as new" would lose linked rows that are not shown.
        var asNew =
            writer.CanCreate
            && !inputs.Any(input => input.HasMore)
            && writer
                .Writable(Verb.Create)
                .Select(field => field.Name)
                .Order(StringComparer.Ordinal)
                .SequenceEqual(writer.Writable(Verb.Update).Select(field => field.Name).Order(StringComparer.Ordinal));
        return new(inputs, key, writer.NameOf(entry, key), asNew)
        {
            Error = errors?.GetValueOrDefault(""),
            IsUnsaved = posted is not null,
            Children = await children.ShowAsync(entry, posted, childErrors, cancellationToken),
        };
    }
}
