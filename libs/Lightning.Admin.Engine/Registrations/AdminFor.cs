using System.Linq.Expressions;
using Lightning.Authorization;
using NpgsqlTypes;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>
/// Registers an entity for administration: derived classes are discovered and get a list, search, filters, pages,
/// forms, pickers, export, import and a history. The entity's policy applies to every row. Lists, pages, pickers and
/// exports select only the named columns, so the database role needs no rights to others; forms and actions that change
/// a row load all of it.
/// </summary>
/// <param name="title">The plural name, such as <c>Notes</c>; its slug is <c>notes</c>.</param>
public abstract class AdminFor<T>(string title) : Registration(title, typeof(T))
    where T : class
{
    internal Func<SaveContext, T>? Factory { get; private set; }

    internal Action<T, SaveContext>? BeforeSaveHook { get; private set; }

    internal List<(Field Field, Func<object?, string?> Check)> Checks { get; } = [];

    internal override IEnumerable<string> Checked => Checks.Select(check => check.Field.Name);

    /// <summary>The validation error of a field's value; null if it is valid.</summary>
    internal string? Validate(string field, object? value) =>
        Checks
            .Where(check => check.Field.Name == field)
            .Select(check => check.Check(value))
            .FirstOrDefault(error => error is not null);

    /// <summary>The columns of the list, in order. A column of a related row links to that row.</summary>
    public AdminFor<T> List(params Expression<Func<T, object?>>[] fields)
    {
        ColumnList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>A column with an explicit title; the value may be computed.</summary>
    /// <param name="name">The title.</param>
    /// <param name="value">The value; must be translatable to SQL.</param>
    /// <param name="show">Formats the value, also in filters and where the column names a row; without it, dates,
    /// numbers and other known types are formatted by default.</param>
    public AdminFor<T> Column<TValue>(
        string name,
        Expression<Func<T, TValue>> value,
        Func<TValue, string?>? show = null
    )
    {
        ColumnList.Add(new Field(value, name, show is null ? null : given => show((TValue)given!)));
        return this;
    }

    /// <summary>
    /// The columns that a search covers. A small table matches each word anywhere in a value; a large table needs a
    /// full-text index: <see cref="UsingIndex"/>.
    /// </summary>
    public AdminFor<T> Search(params Expression<Func<T, object?>>[] fields)
    {
        SearchedList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>The full-text vector column that a search covers.</summary>
    public AdminFor<T> SearchVector(Expression<Func<T, NpgsqlTsVector>> vector)
    {
        Vector = vector;
        return this;
    }

    /// <summary>The name of the index behind the search of a large table. Tests check that it exists.</summary>
    public AdminFor<T> UsingIndex(string index)
    {
        SearchIndex = index;
        return this;
    }

    /// <summary>Adds a filter by a column or by rows of a many-to-many relation.</summary>
    /// <param name="field">The column or the many-to-many navigation.</param>
    /// <param name="choices">Values to offer, each with its row count; booleans and enums offer all of their values
    /// anyway.</param>
    public AdminFor<T> Filter(Expression<Func<T, object?>> field, params string[] choices)
    {
        FilterList.Add(new Filter(new Field(field)) { Choices = choices });
        return this;
    }

    /// <summary>Adds sortable columns. Columns of the list that have an index are sortable anyway.</summary>
    public AdminFor<T> Sortable(params Expression<Func<T, object?>>[] fields)
    {
        SortedList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>The default order of the list; without it, descending by primary key.</summary>
    public AdminFor<T> OrderBy(Expression<Func<T, object?>> field, bool descending = true)
    {
        OrderList.Add((new Field(field), descending));
        return this;
    }

    /// <summary>
    /// The fields that a form can write, subject to the policy: columns, columns of owned types, reference navigations
    /// and many-to-many navigations.
    /// </summary>
    public AdminFor<T> Edit(params Expression<Func<T, object?>>[] fields)
    {
        WrittenList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>Editable columns that can also be changed in the list, a page of rows at a time.</summary>
    public AdminFor<T> EditInList(params Expression<Func<T, object?>>[] fields)
    {
        WrittenInListList.AddRange(fields.Select(field => new Field(field).Name));
        return this;
    }

    /// <summary>Additional read-only fields of the row's page.</summary>
    public AdminFor<T> ReadOnly(params Expression<Func<T, object?>>[] fields)
    {
        ShownList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>An additional read-only field of the row's page with an explicit title.</summary>
    /// <param name="name">The title.</param>
    /// <param name="value">The value; must be translatable to SQL.</param>
    /// <param name="show">Formats the value; without it, known types are formatted by default.</param>
    public AdminFor<T> ReadOnly<TValue>(
        string name,
        Expression<Func<T, TValue>> value,
        Func<TValue, string?>? show = null
    )
    {
        ShownList.Add(new Field(value, name, show is null ? null : given => show((TValue)given!)));
        return this;
    }

    /// <summary>Shows a row's children on its page; the child entity needs its own registration.</summary>
    public AdminFor<T> Inline<TChild>(Expression<Func<T, IEnumerable<TChild>>> children)
        where TChild : class => Inline(children, isEdited: false);

    /// <summary>
    /// Shows a row's children on its page and lets its form change, add and remove them in the same transaction. The
    /// child's own registration and policy decide what is allowed.
    /// </summary>
    public AdminFor<T> EditInline<TChild>(Expression<Func<T, IEnumerable<TChild>>> children)
        where TChild : class => Inline(children, isEdited: true);

    /// <summary>
    /// Shows the name of the referenced row, with a link, for key columns without a navigation. The raw key is shown if
    /// the row does not exist or the actor may not read it.
    /// </summary>
    /// <typeparam name="TOther">The referenced entity; needs a registration and a single-column key.</typeparam>
    public AdminFor<T> HasReference<TOther>(params Expression<Func<T, object?>>[] fields)
        where TOther : class
    {
        foreach (var field in fields)
            ReferenceList[new Field(field).Name] = typeof(TOther);
        return this;
    }

    /// <summary>Adds an action on one or more rows.</summary>
    /// <param name="name">The button's text.</param>
    /// <param name="verb">The policy's verb that the actor needs.</param>
    /// <param name="run">Performs the action; its changes are saved afterwards in one transaction.</param>
    public RowAction<T> Action(string name, Verb verb, Func<IReadOnlyList<T>, RowActionContext, Task> run)
    {
        var action = new RowAction<T>(name, verb, (rows, context) => run([.. rows.Cast<T>()], context));
        ActionList.Add(action);
        return action;
    }

    /// <inheritdoc cref="Action(string, Verb, Func{IReadOnlyList{T}, RowActionContext, Task})"/>
    public RowAction<T> Action(string name, Verb verb, Action<IReadOnlyList<T>, RowActionContext> run) =>
        Action(
            name,
            verb,
            (rows, context) =>
            {
                run(rows, context);
                return Task.CompletedTask;
            }
        );

    /// <summary>Links rows and the list to a page of the application with an operation on rows.</summary>
    /// <param name="page">The Razor page; gets the row's key as the route value <c>id</c>.</param>
    /// <param name="rowLabel">The text of the link from a row.</param>
    /// <param name="listLabel">The text of the link from the list.</param>
    /// <param name="condition">The rows that link to the page; null means all.</param>
    public AdminFor<T> LinkPage(
        string page,
        string rowLabel,
        string listLabel,
        Expression<Func<T, bool>>? condition = null
    )
    {
        OperationPage = new(page, rowLabel, listLabel);
        OperationCondition = condition is null ? null : new Field(condition, Title);
        return this;
    }

    /// <summary>
    /// The column that names a row where another page refers to it; by default the first text column of the list.
    /// </summary>
    public AdminFor<T> HasLabel(Expression<Func<T, object?>> label, string? singular = null)
    {
        LabelField = new Field(label);
        Singular = singular ?? Singular;
        return this;
    }

    /// <summary>
    /// Declares that the table never holds more than a few thousand rows, so any column may be sorted, filtered and
    /// searched without an index.
    /// </summary>
    public AdminFor<T> SmallTable()
    {
        IsSmall = true;
        return this;
    }

    /// <summary>Allows rows to be deleted, subject to the policy.</summary>
    public AdminFor<T> Deletable()
    {
        Deletes = true;
        return this;
    }

    /// <summary>
    /// Turns deletion into a soft delete: the column holds the time of deletion, and restoring the row sets it to null.
    /// </summary>
    public AdminFor<T> SoftDelete(Expression<Func<T, DateTimeOffset?>> deletedAt)
    {
        DeletedAtField = new Field(deletedAt);
        Deletes = true;
        return this;
    }

    /// <summary>
    /// Creates a new row before the form's values are applied; without it, the parameterless constructor is used.
    /// </summary>
    public AdminFor<T> CreateWith(Func<SaveContext, T> create)
    {
        Factory = create;
        return this;
    }

    /// <summary>Runs before a row is saved, for example to set its modification time.</summary>
    public AdminFor<T> BeforeSave(Action<T, SaveContext> hook)
    {
        BeforeSaveHook = hook;
        return this;
    }

    /// <summary>Adds a validation rule for a field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="check">Returns the error as a sentence, or null if the value is valid.</param>
    public AdminFor<T> Check<TValue>(Expression<Func<T, TValue>> field, Func<TValue, string?> check)
    {
        Checks.Add((new Field(field), value => check((TValue)value!)));
        return this;
    }

    /// <summary>
    /// The subject type of these rows in the audit log, if <see cref="Audit.IAuditLog.SubjectOf"/> names none.
    /// </summary>
    public AdminFor<T> AuditedAs(string subject)
    {
        Subject = subject;
        return this;
    }

    /// <summary>
    /// Adds what happened to other entities with the same key to a row's history, by their subject types in the audit
    /// log.
    /// </summary>
    public AdminFor<T> HistoryIncludes(params string[] subjects)
    {
        OtherSubjects = subjects;
        return this;
    }

    AdminFor<T> Inline<TChild>(Expression<Func<T, IEnumerable<TChild>>> children, bool isEdited)
        where TChild : class
    {
        ArgumentNullException.ThrowIfNull(children);
        var member = (
            children.Body as MemberExpression
            ?? throw new ArgumentException(
                $"{children} is not a navigation: write it like row => row.Shares.",
                nameof(children)
            )
        ).Member;
        InlineList.Add(new InlineChildren(member.Name, typeof(TChild), isEdited));
        return this;
    }

    internal override TResult Accept<TResult>(IRegistrationVisitor<TResult> visitor) => visitor.Visit(this);
}
