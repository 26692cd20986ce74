using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>The children of a row and their writable fields.</summary>
sealed class ChildQuery<T>(AdminFor<T> registration, AdminRequest request, IForeignKey foreignKey)
    where T : class
{
    /// <summary>The maximum number of children in a form.</summary>
    public const int Most = 50;
    readonly RowQuery<T> query = new(registration, request);

    /// <summary>The children's registration.</summary>
    public AdminFor<T> Registration => registration;

    /// <summary>Writes one child.</summary>
    public RowWriter<T> Writer { get; } = new(registration, request, new(registration, request), foreignKey.Properties);

    /// <summary>
    /// Without the foreign key to the parent, and without many-to-many fields, which have their own form.
    /// </summary>
    public List<FormField> ForNew => field ??= Without(Writer.Writable(Verb.Create));

    /// <inheritdoc cref="ForNew"/>
    public List<FormField> ForExisting => field ??= Without(Writer.Writable(Verb.Update));

    List<FormField> Without(IEnumerable<FormField> fields) =>
        [.. fields.Where(field => field.ManyToMany is null && !field.Columns.Any(foreignKey.Properties.Contains))];

    /// <summary>Whether a new row contains only initial values.</summary>
    public bool IsBlank(PostedRow row)
    {
        var entry = request.Db.Entry(Writer.Make());
        return ForNew.All(field =>
            !row.Values.Fields.TryGetValue(field.Name, out var text)
            || field.IsSame(text, RowWriter<T>.InitialText(field, entry))
        );
    }

    /// <summary>Whether the posted row contains edits.</summary>
    public bool HasChanges(PostedRow row) => !row.IsRemoved && !ForExisting.All(field => IsUntouched(field, row));

    static bool IsUntouched(FormField field, PostedRow row) =>
        !row.Values.Fields.TryGetValue(field.Name, out var mine)
        || (row.Values.Originals.TryGetValue(field.Name, out var seen) && field.IsSame(mine, seen));

    IQueryable<T> Of(IReadOnlyList<object?> parent, IQueryable<T> rows) =>
        query
            .ApplySoftDelete(rows)
            .Where(Expressions.Condition<T>(row => Expressions.AreEqual(row, foreignKey.Properties, parent)));

    /// <summary>Whether a readable row is a child of the parent.</summary>
    public Task<bool> BelongsToAsync(object[] key, IReadOnlyList<object?> parent) =>
        query.WithKey(Of(parent, query.Rows()), key).AnyAsync();

    /// <summary>Loads a child for writing; null if there is none.</summary>
    public Task<T?> LoadAsync(object[] key, IReadOnlyList<object?> parent) =>
        query
            .WithKey(Of(parent, query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)), key)
            .SingleOrDefaultAsync();

    /// <summary>Whether the actor may perform a verb on a row.</summary>
    public Task<bool> MayAsync(Verb verb, object[] key) => query.WithKey(query.Rows(verb), key).AnyAsync();

    /// <summary>The first children and one more, each with what the actor may do.</summary>
    public async Task<List<(T Row, bool MayUpdate, bool MayDelete)>> ReadAsync(
        IReadOnlyList<object?> parent,
        CancellationToken cancellationToken
    )
    {
        var parameter = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>
            .Sort(
                Of(parent, query.Within(request.Db.Set<T>().AsTracking(), Verb.Read)),
                query.DefaultOrder(parameter),
                parameter
            )
            .Take(Most + 1);
        var found = await rows.ToListAsync(cancellationToken);
        var keys = found
            .Select(row => request.Db.Entry(row))
            .Select(entry =>
                (IReadOnlyList<object>)[.. registration.Key.Select(column => entry.Property(column).CurrentValue!)]
            )
            .ToList();
        var rights = (
            await RowQuery<T>
                .Values(
                    query.WithKeys(query.Rows(), keys),
                    parameter,
                    [.. query.KeyOf(parameter), query.May(Verb.Update, parameter), query.May(Verb.Delete, parameter)]
                )
                .ToListAsync(cancellationToken)
        ).ToDictionary(right => RowKey.Format(right[..^2]), StringComparer.Ordinal);
        return
        [
            .. found.Select(row =>
                rights.TryGetValue(RowWriter<T>.KeyOf(request.Db.Entry(row)), out var right)
                    ? (row, right[^2] is true, right[^1] is true)
                    : (row, false, false)
            ),
        ];
    }
}
