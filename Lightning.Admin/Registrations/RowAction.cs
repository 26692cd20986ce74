using System.Linq.Expressions;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Registrations;

/// <summary>Something that can be done to rows, one or many; <see cref="AdminFor{T}"/> adds it.</summary>
public class RowAction
{
    readonly List<(string Name, string Title)> inputs = [];

    internal RowAction(string title, Verb verb, Func<IReadOnlyList<object>, ActionRun, Task> run) => (Title, Verb, Run) = (title, verb, run);

    /// <summary>What the button says.</summary>
    public string Title { get; }

    /// <summary>Its name in forms.</summary>
    public string Name => Title.ToLowerInvariant().Replace(' ', '-');

    /// <summary>What of the policy allows it; rows of which it does not are left out.</summary>
    public Verb Verb { get; }

    /// <summary>What is asked before it is done; <c>{count}</c> stands for how many rows.</summary>
    public string Question { get; private set; } = "";

    /// <summary>What has to be filled in before it is done.</summary>
    public IReadOnlyList<(string Name, string Title)> Inputs => inputs;

    /// <summary>What is said of the rows that it is not for, such as <c>archived already</c>; null where it is for all.</summary>
    public string? Otherwise { get; private protected set; }

    /// <summary>Which rows it is for; null where it is for all.</summary>
    internal Field? Condition { get; private protected set; }

    internal Func<IReadOnlyList<object>, ActionRun, Task> Run { get; }

    /// <summary>That there is no row among those chosen that it can be done to.</summary>
    /// <param name="mayBeOtherwise">Whether rows may be among them that it is not for.</param>
    internal string Nothing(bool mayBeOtherwise) => $"There is no row among them that you may do this to{(mayBeOtherwise && Otherwise is not null ? $": what is {Otherwise} is left out" : "")}.";

    /// <summary>Asks this first; an action that says nothing asks "Title: {count} rows?".</summary>
    public virtual RowAction Asks(string question)
    {
        Question = question;
        return this;
    }

    /// <summary>Has something filled in first.</summary>
    /// <param name="name">By which the action finds it.</param>
    /// <param name="title">What the field is called.</param>
    public virtual RowAction Takes(string name, string title)
    {
        inputs.Add((name, title));
        return this;
    }
}

/// <inheritdoc/>
public sealed class RowAction<T> : RowAction
    where T : class
{
    internal RowAction(string title, Verb verb, Func<IReadOnlyList<object>, ActionRun, Task> run) : base(title, verb, run)
    {
    }

    /// <summary>Says for which rows it makes sense: of others it is not offered, and those are left out where it is done to several. It is asked again when it is done.</summary>
    /// <param name="condition">What holds of them; it must translate to SQL.</param>
    /// <param name="otherwise">What the others are, such as <c>archived already</c>.</param>
    public RowAction<T> When(Expression<Func<T, bool>> condition, string otherwise)
    {
        (Condition, Otherwise) = (new Field(condition, Title), otherwise);
        return this;
    }

    /// <inheritdoc/>
    public override RowAction<T> Asks(string question)
    {
        base.Asks(question);
        return this;
    }

    /// <inheritdoc/>
    public override RowAction<T> Takes(string name, string title)
    {
        base.Takes(name, title);
        return this;
    }
}

/// <summary>An action under way.</summary>
/// <param name="Db">The database; what was changed is saved, and entered into the book, when the action returns.</param>
/// <param name="Actor">Who does it.</param>
/// <param name="Now">When.</param>
/// <param name="Inputs">What was filled in.</param>
/// <param name="CancellationToken">Gives up.</param>
public sealed record ActionRun(DbContext Db, Actor Actor, DateTimeOffset Now, IReadOnlyDictionary<string, string> Inputs, CancellationToken CancellationToken);

/// <summary>A row that is being made or changed.</summary>
/// <param name="Actor">By whom.</param>
/// <param name="Now">When, to the microsecond, as the database keeps it.</param>
/// <param name="IsNew">Whether it is being made.</param>
public sealed record Saving(Actor Actor, DateTimeOffset Now, bool IsNew);
