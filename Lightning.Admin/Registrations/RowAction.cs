using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Registrations;

/// <summary>Something that can be done to rows, one or many; <see cref="AdminFor{T}"/> adds it.</summary>
public sealed class RowAction
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

    internal Func<IReadOnlyList<object>, ActionRun, Task> Run { get; }

    /// <summary>Asks this first; an action that says nothing asks "Title: {count} rows?".</summary>
    public RowAction Asks(string question)
    {
        Question = question;
        return this;
    }

    /// <summary>Has something filled in first.</summary>
    /// <param name="name">By which the action finds it.</param>
    /// <param name="title">What the field is called.</param>
    public RowAction Takes(string name, string title)
    {
        inputs.Add((name, title));
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
