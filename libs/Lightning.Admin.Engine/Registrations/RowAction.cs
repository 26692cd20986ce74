using System.Linq.Expressions;
using Lightning.Authorization;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>An action on one or more rows; see <see cref="AdminFor{T}"/>.</summary>
public class RowAction
{
    readonly List<(string Name, string Title)> inputs = [];

    internal RowAction(string title, Verb verb, Func<IReadOnlyList<object>, RowActionContext, Task> run)
    {
        Title = title;
        Verb = verb;
        Run = run;
    }

    /// <summary>The button's text.</summary>
    public string Title { get; }

    /// <summary>The name in forms.</summary>
    public string Name => Title.ToLowerInvariant().Replace(' ', '-');

    /// <summary>The policy's verb that the actor needs; rows without it are skipped.</summary>
    public Verb Verb { get; }

    /// <summary>The confirmation question; <c>{count}</c> is replaced by the number of rows.</summary>
    public string Question { get; private set; } = "";

    /// <summary>The values that the user must enter.</summary>
    public IReadOnlyList<(string Name, string Title)> Inputs => inputs;

    /// <summary>
    /// Describes the rows that the action does not apply to, such as <c>already archived</c>; null if it applies to
    /// all.
    /// </summary>
    public string? Otherwise { get; private protected set; }

    /// <summary>The rows that the action applies to; null means all.</summary>
    internal Field? Condition { get; private protected set; }

    internal Func<IReadOnlyList<object>, RowActionContext, Task> Run { get; }

    /// <summary>The message for a selection without any applicable row.</summary>
    /// <param name="mayBeOtherwise">Whether the selection may contain rows that the action does not apply to.</param>
    internal string Nothing(bool mayBeOtherwise) =>
        mayBeOtherwise && Otherwise is not null
            ? $"You cannot do this to any of these rows: rows that are {Otherwise} are skipped."
            : "You cannot do this to any of these rows.";

    /// <summary>Sets the confirmation question; the default is "Title: {count} rows?".</summary>
    public virtual RowAction Confirm(string question)
    {
        Question = question;
        return this;
    }

    /// <summary>Adds a value that the user must enter.</summary>
    /// <param name="name">The key in <see cref="RowActionContext.Inputs"/>.</param>
    /// <param name="title">The field's label.</param>
    public virtual RowAction Input(string name, string title)
    {
        inputs.Add((name, title));
        return this;
    }
}

/// <inheritdoc/>
public sealed class RowAction<T> : RowAction
    where T : class
{
    internal RowAction(string title, Verb verb, Func<IReadOnlyList<object>, RowActionContext, Task> run)
        : base(title, verb, run) { }

    /// <summary>
    /// Restricts the action to matching rows. It is not offered for others, which are skipped in a selection. The
    /// condition is checked again when the action runs.
    /// </summary>
    /// <param name="condition">The condition; must be translatable to SQL.</param>
    /// <param name="otherwise">Describes the other rows, such as <c>already archived</c>.</param>
    public RowAction<T> When(Expression<Func<T, bool>> condition, string otherwise)
    {
        Condition = new Field(condition, Title);
        Otherwise = otherwise;
        return this;
    }

    /// <inheritdoc/>
    public override RowAction<T> Confirm(string question)
    {
        base.Confirm(question);
        return this;
    }

    /// <inheritdoc/>
    public override RowAction<T> Input(string name, string title)
    {
        base.Input(name, title);
        return this;
    }
}
