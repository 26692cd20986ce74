using System.Linq.Expressions;
using Lightning.Data.Rules;
using NpgsqlTypes;

namespace Lightning.Admin.Registrations;

/// <summary>
/// Registers an entity: a class that derives from it is found, and has a list, search, filters, pages, forms, pickers, export, import and a history. Every row
/// passes the entity's policy. Lists, pages, pickers and exports read the columns that are named and no other, so that a role without a right to the rest suffices; a form or an action that
/// changes a row reads all of it.
/// </summary>
/// <param name="title">Its name as a heading, such as <c>Notes</c>; in addresses it is <c>notes</c>.</param>
public abstract class AdminFor<T>(string title) : Registration(title, typeof(T))
    where T : class
{
    internal Func<Saving, T>? Maker { get; private set; }

    internal Action<T, Saving>? Saver { get; private set; }

    internal List<(Field Field, Func<object?, string?> Check)> Checks { get; } = [];

    internal override IEnumerable<string> Checked => Checks.Select(check => check.Field.Name);

    /// <summary>What is wrong with a field's value; null where nothing is.</summary>
    internal string? FaultOf(string field, object? value) => Checks.Where(check => check.Field.Name == field).Select(check => check.Check(value)).FirstOrDefault(fault => fault is not null);

    /// <summary>The columns of the list, in their order: columns, and columns of related rows, which link to them.</summary>
    public AdminFor<T> List(params Expression<Func<T, object?>>[] fields)
    {
        ColumnList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>A column with a title of its own, which may be computed.</summary>
    /// <param name="name">The title.</param>
    /// <param name="value">The value; it must translate to SQL.</param>
    /// <param name="show">The value as a person reads it; dates, numbers and the like know by themselves.</param>
    public AdminFor<T> Column<TValue>(string name, Expression<Func<T, TValue>> value, Func<TValue, string?>? show = null)
    {
        ColumnList.Add(new Field(value, name, show is null ? null : given => show((TValue)given!)));
        return this;
    }

    /// <summary>What a search looks through. On a small table every word is looked for anywhere in any of them; on a large one an index of words must serve it: <see cref="ServedBy"/>.</summary>
    public AdminFor<T> Search(params Expression<Func<T, object?>>[] fields)
    {
        SearchedList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>The words that a search looks through, as the database keeps them.</summary>
    public AdminFor<T> SearchWords(Expression<Func<T, NpgsqlTsVector>> vector)
    {
        Words = vector;
        return this;
    }

    /// <summary>The index that serves the search of a large table; the site's tests look whether it is there.</summary>
    public AdminFor<T> ServedBy(string index)
    {
        SearchIndex = index;
        return this;
    }

    /// <summary>Lets the list be narrowed by a column, or by rows that it is linked with by a table between.</summary>
    /// <param name="field">The column, or the list of rows.</param>
    /// <param name="choices">Values to offer, each with its count; those of a boolean or an enumeration are known.</param>
    public AdminFor<T> Filter(Expression<Func<T, object?>> field, params string[] choices)
    {
        FilterList.Add(new Filter(new Field(field)) { Choices = choices });
        return this;
    }

    /// <summary>Lets the list be sorted by columns. Those of the list that an index serves can be sorted by anyway.</summary>
    public AdminFor<T> Sort(params Expression<Func<T, object?>>[] fields)
    {
        SortedList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>The order of the list until somebody asks for another; without it, the newest key first.</summary>
    public AdminFor<T> Order(Expression<Func<T, object?>> field, bool descends = true)
    {
        OrderList.Add((new Field(field), descends));
        return this;
    }

    /// <summary>What a form can write, as far as the policy lets the actor: columns, columns of owned objects, related rows by the navigation, and rows that it is linked with.</summary>
    public AdminFor<T> Edit(params Expression<Func<T, object?>>[] fields)
    {
        WrittenList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>Columns of the list that a form writes too, and that can be changed there, a page of rows at a time.</summary>
    public AdminFor<T> EditInList(params Expression<Func<T, object?>>[] fields)
    {
        WrittenInListList.AddRange(fields.Select(field => new Field(field).Name));
        return this;
    }

    /// <summary>What a row's page shows besides.</summary>
    public AdminFor<T> ReadOnly(params Expression<Func<T, object?>>[] fields)
    {
        ShownList.AddRange(fields.Select(field => new Field(field)));
        return this;
    }

    /// <summary>What a row's page shows besides, with a title of its own.</summary>
    public AdminFor<T> ReadOnly<TValue>(string name, Expression<Func<T, TValue>> value)
    {
        ShownList.Add(new Field(value, name));
        return this;
    }

    /// <summary>Shows a row's children on its page; they have a registration of their own.</summary>
    public AdminFor<T> Inline<TChild>(Expression<Func<T, IEnumerable<TChild>>> children)
        where TChild : class => Inline(children, isEdited: false);

    /// <summary>
    /// Shows a row's children on its page, and has them changed, added and removed in its form, all in one transaction with it. What can be done to each is said by their own
    /// registration and policy.
    /// </summary>
    public AdminFor<T> EditInline<TChild>(Expression<Func<T, IEnumerable<TChild>>> children)
        where TChild : class => Inline(children, isEdited: true);

    /// <summary>Shows columns that hold the key of another row by that row's name, with a link to it, where no navigation leads there. Where the row is gone, or not whoever looks' to read, the key stays.</summary>
    /// <typeparam name="TOther">What they are keys of; it has a registration, and a key of one column.</typeparam>
    public AdminFor<T> Refers<TOther>(params Expression<Func<T, object?>>[] fields)
        where TOther : class
    {
        foreach (var field in fields) ReferenceList[new Field(field).Name] = typeof(TOther);
        return this;
    }

    /// <summary>Adds something that can be done to rows.</summary>
    /// <param name="name">What the button says.</param>
    /// <param name="verb">What of the policy allows it.</param>
    /// <param name="run">Does it to the rows; changes are saved afterwards, in one transaction.</param>
    public RowAction<T> Action(string name, Verb verb, Func<IReadOnlyList<T>, ActionRun, Task> run)
    {
        var action = new RowAction<T>(name, verb, (rows, under) => run([.. rows.Cast<T>()], under));
        ActionList.Add(action);
        return action;
    }

    /// <inheritdoc cref="Action(string, Verb, Func{IReadOnlyList{T}, ActionRun, Task})"/>
    public RowAction<T> Action(string name, Verb verb, Action<IReadOnlyList<T>, ActionRun> run) => Action(name, verb, (rows, under) =>
    {
        run(rows, under);
        return Task.CompletedTask;
    });

    /// <summary>Says for which rows there is something to do on the page of <see cref="Registration.Act"/>; it is linked from no other.</summary>
    public AdminFor<T> ActsWhen(Expression<Func<T, bool>> condition)
    {
        ActCondition = new Field(condition, Title);
        return this;
    }

    /// <summary>What a row is called where another shows it; without it, the first column of the list that is text.</summary>
    public AdminFor<T> Called(Expression<Func<T, object?>> label, string? singular = null)
    {
        Label = new Field(label);
        Singular = singular ?? Singular;
        return this;
    }

    /// <summary>Says that there will never be more than some thousand rows, so that any column may be sorted, filtered and searched.</summary>
    public AdminFor<T> Few()
    {
        IsSmall = true;
        return this;
    }

    /// <summary>Lets rows be deleted, where the policy does.</summary>
    public AdminFor<T> Deletable()
    {
        Deletes = true;
        return this;
    }

    /// <summary>Where a deleted row stays with the time in this column, and comes back when the deletion is undone.</summary>
    public AdminFor<T> Keeps(Expression<Func<T, DateTimeOffset?>> tombstone)
    {
        Tombstone = new Field(tombstone);
        Deletes = true;
        return this;
    }

    /// <summary>How a row is begun, before what the form says is filled in; without it, with nothing.</summary>
    public AdminFor<T> Begins(Func<Saving, T> make)
    {
        Maker = make;
        return this;
    }

    /// <summary>What is done to a row before it is saved, such as to say when it was changed.</summary>
    public AdminFor<T> Before(Action<T, Saving> save)
    {
        Saver = save;
        return this;
    }

    /// <summary>Holds what was filled in against a condition.</summary>
    /// <param name="field">The field.</param>
    /// <param name="check">What is wrong with a value, as a sentence; null where it is right.</param>
    public AdminFor<T> Check<TValue>(Expression<Func<T, TValue>> field, Func<TValue, string?> check)
    {
        Checks.Add((new Field(field), value => check((TValue)value!)));
        return this;
    }

    /// <summary>What the book calls these rows, where they are not marked as audited.</summary>
    public AdminFor<T> InTheBookAs(string subject)
    {
        Subject = subject;
        return this;
    }

    AdminFor<T> Inline<TChild>(Expression<Func<T, IEnumerable<TChild>>> children, bool isEdited)
        where TChild : class
    {
        ArgumentNullException.ThrowIfNull(children);
        var member = (children.Body as MemberExpression ?? throw new ArgumentException($"{children} is no navigation: write it like row => row.Shares.", nameof(children))).Member;
        InlineList.Add(new Children(member.Name, typeof(TChild), isEdited));
        return this;
    }

    internal override Rows Open(AdminRequest request) => new Rows<T>(this, request);
}
