using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>
/// Shows, validates and writes the children in the form of their parent row, in the parent's transaction.
/// </summary>
abstract class ChildWriter(string list)
{
    /// <summary>The list's name in the form.</summary>
    public string List => list;

    /// <summary>Whether every posted field can be written.</summary>
    public abstract bool Knows(IReadOnlyList<PostedRow> posted);

    /// <summary>Locks and validates the posted rows. Writes nothing.</summary>
    public abstract Task<ChildPlan> PlanAsync(IReadOnlyList<object?>? parent, IReadOnlyList<PostedRow> posted);

    /// <summary>
    /// Writes the planned changes. Returns errors by row and field; after an error the transaction cannot be committed.
    /// </summary>
    public abstract Task<ChildErrors> WriteAsync(IReadOnlyList<object?> parent);

    /// <summary>The children for display, with posted values.</summary>
    public abstract Task<ChildForm> ShowAsync(
        IReadOnlyList<object?>? parent,
        IReadOnlyList<PostedRow> posted,
        bool adds,
        ChildErrors? errors,
        CancellationToken cancellationToken
    );

    /// <summary>The writer of an entity's rows as children of another row.</summary>
    /// <param name="registration">The children's registration.</param>
    /// <param name="request">The request.</param>
    /// <param name="list">The list's name in the form.</param>
    /// <param name="foreignKey">The children's foreign key.</param>
    public static ChildWriter Create(
        Registration registration,
        AdminRequest request,
        string list,
        IForeignKey foreignKey
    ) => registration.Accept(new Factory(request, list, foreignKey));

    sealed class Factory(AdminRequest request, string list, IForeignKey foreignKey) : IRegistrationVisitor<ChildWriter>
    {
        public ChildWriter Visit<T>(AdminFor<T> registration)
            where T : class => new ChildWriter<T>(registration, request, list, foreignKey);
    }
}

/// <summary>The result of validating a form's children.</summary>
/// <param name="HasConflict">Whether a child was changed or deleted by someone else.</param>
/// <param name="IsRefused">Whether the policy forbids a change.</param>
/// <param name="Errors">Errors by row.</param>
sealed record ChildPlan(bool HasConflict, bool IsRefused, ChildErrors Errors);

/// <summary>Errors by row and field; errors of a whole row have an empty field name.</summary>
sealed class ChildErrors : Dictionary<string, IReadOnlyDictionary<string, string>>;

sealed class ChildWriter<T>(AdminFor<T> registration, AdminRequest request, string list, IForeignKey foreignKey)
    : ChildWriter(list)
    where T : class
{
    readonly ChildQuery<T> children = new(registration, request, foreignKey);
    readonly List<Step> steps = [];

    RowWriter<T> Writer => children.Writer;

    public override bool Knows(IReadOnlyList<PostedRow> posted) =>
        posted.Count <= 2 * ChildQuery<T>.Most
        && posted.All(row =>
            row.Values.Fields.Keys.All(name =>
                (row.IsNew ? children.ForNew : children.ForExisting).Any(field => field.Name == name)
            )
        );

    public override async Task<ChildPlan> PlanAsync(IReadOnlyList<object?>? parent, IReadOnlyList<PostedRow> posted)
    {
        var (conflict, refused, errors) = (false, false, new ChildErrors());
        foreach (var row in posted)
        {
            if (row.IsNew)
            {
                if (row.IsRemoved || children.IsBlank(row))
                    continue;
                if (!Writer.CanCreate)
                    refused = true;
                else if (
                    await Writer.ValidateNewAsync(
                        children.ForNew,
                        row.Values.Fields,
                        request.Db.Entry(Writer.Make())
                    ) is
                    { Count: > 0 } wrong
                )
                    errors[row.Key] = wrong;
                else
                    steps.Add(new(row, null, children.ForNew));
                continue;
            }
            // Ignore rows that were not edited in the form.
            if (!row.IsRemoved && !children.HasChanges(row))
                continue;
            // Children of another parent are treated as missing.
            var key = RowKey.Parse(row.Key, registration.Key);
            if (key is not null && parent is not null && await children.BelongsToAsync(key, parent))
                await Writer.LockAsync(key);
            else
                key = null;
            if (key is null || parent is null || await children.LoadAsync(key, parent) is not { } found)
            {
                conflict |= !row.IsRemoved;
                continue;
            }
            var entry = request.Db.Entry(found);
            var changed = Writer.Changed(children.ForExisting, entry, row.Values);
            if (!row.IsRemoved && changed.Count == 0)
                continue;
            if (Writer.HasConflict(children.ForExisting, entry, row.Values))
                conflict = true;
            else if (
                !await children.MayAsync(row.IsRemoved ? Verb.Delete : Verb.Update, key)
                || (row.IsRemoved && !registration.Deletes)
            )
                refused = true;
            else if (!row.IsRemoved && await Writer.ValidateAsync(changed, row.Values.Fields) is { Count: > 0 } wrong)
                errors[row.Key] = wrong;
            else
                steps.Add(new(row, found, changed));
        }
        return new(conflict, refused, errors);
    }

    public override Task<ChildForm> ShowAsync(
        IReadOnlyList<object?>? parent,
        IReadOnlyList<PostedRow> posted,
        bool adds,
        ChildErrors? errors,
        CancellationToken cancellationToken
    ) => new ChildFormReader<T>(request, children, List).ReadAsync(parent, posted, adds, errors, cancellationToken);

    public override async Task<ChildErrors> WriteAsync(IReadOnlyList<object?> parent)
    {
        // Deletes come first, so that unique values become free.
        foreach (
            var step in steps.OrderBy(step =>
                step.Posted.IsNew ? 2
                : step.Posted.IsRemoved ? 0
                : 1
            )
        )
            if (await WriteAsync(step, parent) is { Count: > 0 } errors)
                return new() { [step.Posted.Key] = errors };
        return [];
    }

    async Task<IReadOnlyDictionary<string, string>> WriteAsync(Step step, IReadOnlyList<object?> parent)
    {
        if (step.Posted.IsNew)
        {
            var made = Writer.Make();
            var entry = request.Db.Entry(made);
            Writer.Fill(step.Fields, step.Posted.Values.Fields, entry);
            for (var i = 0; i < parent.Count; i++)
                entry.Property(foreignKey.Properties[i]).CurrentValue = parent[i];
            var key = RowWriter<T>.KeyOf(entry);
            if (request.Db.ChangeTracker.Entries<T>().Any(other => RowWriter<T>.KeyOf(other) == key))
                return new Dictionary<string, string>
                {
                    [
                        children
                            .ForNew.FirstOrDefault(field => field.Columns.Any(column => column.IsPrimaryKey()))
                            ?.Name
                            ?? ""
                    ] = DatabaseErrors.Duplicate,
                };
            request.Db.Add(made);
            return await Writer.SaveAsync(made, Verb.Create, isNew: true, children.ForNew);
        }
        if (!step.Posted.IsRemoved)
        {
            Writer.Fill(step.Fields, step.Posted.Values.Fields, request.Db.Entry(step.Row!));
            return await Writer.SaveAsync(step.Row!, Verb.Update, isNew: false, children.ForExisting);
        }
        registration.Remove(request.Db, step.Row!, request.Now);
        try
        {
            await request.Db.SaveChangesAsync(CancellationToken.None);
            return new Dictionary<string, string>();
        }
        catch (DbUpdateException ex) when (DatabaseErrors.Describe(ex, registration.Table) is { } error)
        {
            return new Dictionary<string, string> { [""] = error.Sentence };
        }
    }

    sealed record Step(PostedRow Posted, T? Row, IReadOnlyList<FormField> Fields);
}
