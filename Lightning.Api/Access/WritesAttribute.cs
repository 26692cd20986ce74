using Lightning.Authorization;

namespace Lightning.Api.Access;

/// <summary>
/// Marks a request body with the entity that it writes and the verbs. Its properties match the entity's by name. Those
/// that the policy does not allow are removed from the JSON contract and from the OpenAPI document.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
abstract class WritesAttribute(Type entity, IReadOnlyList<Verb> verbs) : Attribute
{
    public Type Entity => entity;

    /// <summary>The verbs. Their policy must allow all of them to write the same fields.</summary>
    public IReadOnlyList<Verb> Verbs => verbs;

    /// <summary>Fields that the policy allows the verbs to write but the API does not offer.</summary>
    public string[] NotInApi { get; init; } = [];
}

/// <inheritdoc/>
sealed class WritesAttribute<T>(Verb verb, params Verb[] others) : WritesAttribute(typeof(T), [verb, .. others])
    where T : class;

/// <summary>The entity's property that a body's property writes, if the names differ.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class FieldAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>Marks a property of a body that writes no field, such as the ids of the rows to write.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class NoFieldAttribute : Attribute;
