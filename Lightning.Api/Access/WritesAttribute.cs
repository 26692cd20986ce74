using Lightning.Data.Rules;

namespace Lightning.Api.Access;

/// <summary>
/// Says which entity a body writes, and by which verbs. Its members are fields of that entity, by their names; those that its policy does not let the verbs write are unknown to
/// binding, and not in the document.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
abstract class WritesAttribute(Type entity, IReadOnlyList<Verb> verbs) : Attribute
{
    public Type Entity => entity;

    /// <summary>All of them let the same fields be written: where they do not, each has a body of its own.</summary>
    public IReadOnlyList<Verb> Verbs => verbs;

    /// <summary>Fields that the verbs reach too, and that are not for clients of the API to write.</summary>
    public string[] Elsewhere { get; init; } = [];
}

/// <inheritdoc/>
sealed class WritesAttribute<T>(Verb verb, params Verb[] others) : WritesAttribute(typeof(T), [verb, .. others])
    where T : class;

/// <summary>Which field a member of a body writes, where that has another name.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class FieldAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>That a member of a body writes no field, such as one that says which rows are to be written.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class NoFieldAttribute : Attribute;
