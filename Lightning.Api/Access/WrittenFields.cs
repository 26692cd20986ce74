using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Access;

/// <summary>What a body writes, as the policy has it: found out once, when the endpoint is made.</summary>
sealed class WrittenFields
{
    /// <summary>The members that the policy does not let the body have, and which fields they would write.</summary>
    readonly Dictionary<string, string> withheld = new(StringComparer.Ordinal);

    /// <summary>Holds a body against the policy of what it writes.</summary>
    /// <exception cref="ConfigurationException">They do not fit together; the sentence says where, and how to mend it.</exception>
    public WrittenFields(Type body, IServiceProvider services)
    {
        if (body.GetCustomAttribute<WritesAttribute>() is not { } writes) throw new ConfigurationException($"{body.Name} does not say what it writes: add [Writes<…>(Verb.…)] to it.");
        Writes = writes;
        if (services.GetService(typeof(Policy<>).MakeGenericType(writes.Entity)) is not IPolicy policy)
            throw new ConfigurationException($"{body.Name} writes {writes.Entity.Name}, which has no policy: write a {writes.Entity.Name}Policy beside it.");
        var (name, verbs, allowed) = (policy.GetType().Name, string.Join(" and ", writes.Verbs), policy.Fields(writes.Verbs[0]) ?? new HashSet<string>());
        if (writes.Verbs.Any(verb => policy.Fields(verb) is not { } fields || !allowed.SetEquals(fields)))
            throw new ConfigurationException($"{body.Name} stands for {verbs} of {writes.Entity.Name}, by which {name} does not let the same fields be written: make a body for each.");
        var missing = allowed.Except(writes.Elsewhere).ToHashSet(StringComparer.Ordinal);
        foreach (var member in body.GetProperties().Where(member => !member.IsDefined(typeof(NoFieldAttribute))))
        {
            var field = member.GetCustomAttribute<FieldAttribute>()?.Name ?? member.Name;
            if (writes.Entity.GetProperty(field) is null)
                throw new ConfigurationException($"{body.Name}.{member.Name} is no property of {writes.Entity.Name}: name the one that it writes, [Field(nameof({writes.Entity.Name}.…))], or say [NoField].");
            missing.Remove(field);
            if (allowed.Contains(field)) continue;
            if (IsRequired(member))
                throw new ConfigurationException($"{body.Name}.{member.Name} is required, and {name} lets nobody write it by {verbs}: add {field} to the .Fields(…) there, or do not require it.");
            withheld.Add(member.Name, field);
        }
        if (missing.Count > 0)
            throw new ConfigurationException($"{name} lets {string.Join(" and ", missing)} be written by {verbs}, and {body.Name} has no member for it: add one, or name it in Elsewhere of its [Writes<…>], or take it out of the .Fields(…) there.");
    }

    public WritesAttribute Writes { get; }

    /// <summary>Takes the members that the policy does not let a body have out of what it is read by, which is what the document is made of, too.</summary>
    public static void Narrow(JsonTypeInfo body, IServiceProvider services)
    {
        if (!body.Type.IsDefined(typeof(WritesAttribute))) return;
        var fields = new WrittenFields(body.Type, services);
        foreach (var member in body.Properties.Where(member => fields.withheld.ContainsKey(((MemberInfo)member.AttributeProvider!).Name)).ToList()) body.Properties.Remove(member);
    }

    static bool IsRequired(PropertyInfo member) => member.IsDefined(typeof(RequiredMemberAttribute)) || member.IsDefined(typeof(RequiredAttribute))
        || member.DeclaringType!.GetConstructors().Any(constructor => constructor.GetParameters().Any(parameter => string.Equals(parameter.Name, member.Name, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Leaves a row's fields as they were where the body could not say anything of them: a handler takes what is not said for empty.</summary>
    public void Restore(DbContext db, object row)
    {
        // An entry costs a look through all that is tracked.
        if (withheld.Count == 0 || row.GetType() != Writes.Entity) return;
        foreach (var field in withheld.Values.Select(db.Entry(row).Property)) field.CurrentValue = field.OriginalValue;
    }
}
