using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Lightning.Authorization;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Access;

/// <summary>The fields that a request body may write according to the policy. Computed at start.</summary>
sealed class WritableFields
{
    /// <summary>The body's properties that the policy does not allow, with the fields that they would write.</summary>
    readonly Dictionary<string, string> excluded = new(StringComparer.Ordinal);

    /// <summary>Compares a body with the policy of the entity that it writes.</summary>
    /// <exception cref="ConfigurationException">They do not match. The message says how to fix it.</exception>
    public WritableFields(Type body, IServiceProvider services)
    {
        if (body.GetCustomAttribute<WritesAttribute>() is not { } writes)
            throw new ConfigurationException(
                $"{body.Name} does not state what it writes: add [Writes<…>(Verb.…)] to it."
            );
        Writes = writes;
        if (services.GetService(typeof(Policy<>).MakeGenericType(writes.Entity)) is not IPolicy policy)
            throw new ConfigurationException(
                $"{body.Name} writes {writes.Entity.Name}, which has no policy: add a {writes.Entity.Name}Policy."
            );
        var policyName = policy.GetType().Name;
        var verbs = string.Join(" and ", writes.Verbs);
        var allowed = policy.Fields(writes.Verbs[0]) ?? new HashSet<string>();
        if (writes.Verbs.Any(verb => policy.Fields(verb) is not { } fields || !allowed.SetEquals(fields)))
            throw new ConfigurationException(
                $"{body.Name} is the body of {verbs} of {writes.Entity.Name}, for which {policyName} allows different "
                    + "fields: add a body for each."
            );
        var missing = allowed.Except(writes.NotInApi).ToHashSet(StringComparer.Ordinal);
        foreach (var property in body.GetProperties().Where(property => !property.IsDefined(typeof(NoFieldAttribute))))
        {
            var field = property.GetCustomAttribute<FieldAttribute>()?.Name ?? property.Name;
            if (writes.Entity.GetProperty(field) is null)
                throw new ConfigurationException(
                    $"{body.Name}.{property.Name} is not a property of {writes.Entity.Name}: add "
                        + $"[Field(nameof({writes.Entity.Name}.…))] with the one that it writes, or [NoField]."
                );
            missing.Remove(field);
            if (allowed.Contains(field))
                continue;
            if (IsRequired(property))
                throw new ConfigurationException(
                    $"{body.Name}.{property.Name} is required, but {policyName} does not allow {verbs} to write it: "
                        + $"add {field} to its .Fields(…), or make the property optional."
                );
            excluded.Add(property.Name, field);
        }
        if (missing.Count > 0)
            throw new ConfigurationException(
                $"{policyName} allows {verbs} to write {string.Join(" and ", missing)}, but {body.Name} has no such "
                    + "property: add it, list it in NotInApi of [Writes<…>], or remove it from .Fields(…)."
            );
    }

    public WritesAttribute Writes { get; }

    /// <summary>
    /// Removes the properties that the policy does not allow from the JSON contract, and so from the OpenAPI document.
    /// </summary>
    public static void RemoveExcluded(JsonTypeInfo body, IServiceProvider services)
    {
        if (!body.Type.IsDefined(typeof(WritesAttribute)))
            return;
        var fields = new WritableFields(body.Type, services);
        foreach (
            var property in body
                .Properties.Where(property =>
                    fields.excluded.ContainsKey(((MemberInfo)property.AttributeProvider!).Name)
                )
                .ToList()
        )
            body.Properties.Remove(property);
    }

    static bool IsRequired(PropertyInfo property) =>
        property.IsDefined(typeof(RequiredMemberAttribute))
        || property.IsDefined(typeof(RequiredAttribute))
        || property
            .DeclaringType!.GetConstructors()
            .Any(constructor =>
                constructor
                    .GetParameters()
                    .Any(parameter => string.Equals(parameter.Name, property.Name, StringComparison.OrdinalIgnoreCase))
            );

    /// <summary>Restores the excluded fields of a row: the handler set them to the defaults of the body.</summary>
    public void Restore(DbContext db, object row)
    {
        // DbContext.Entry runs change detection: only call it if there is something to restore.
        if (excluded.Count == 0 || row.GetType() != Writes.Entity)
            return;
        foreach (var field in excluded.Values.Select(db.Entry(row).Property))
            field.CurrentValue = field.OriginalValue;
    }
}
