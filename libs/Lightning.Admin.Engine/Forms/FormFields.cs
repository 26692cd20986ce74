using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>The fields that forms can write.</summary>
static class FormFields
{
    /// <summary>The fields that the policy allows to be written for a verb.</summary>
    public static IReadOnlyList<FormField> GetFields(Registration registration, EntityRules rules, Verb verb) =>
        !rules.Knows(verb)
            ? []
            :
            [
                .. registration
                    .Written.Select(field => FormField.Create(registration.Table, field))
                    .OfType<FormField>()
                    .Where(field =>
                        field.PolicyNames.Any(name => rules.Reaches(verb, name))
                        && !(verb == Verb.Update && field.Columns.Any(column => column.IsPrimaryKey()))
                    ),
            ];

    /// <summary>
    /// Whether the actor can create rows: the policy allows it, and the form covers every field that the policy names
    /// for creation.
    /// </summary>
    /// <param name="registration">The rows' registration.</param>
    /// <param name="rules">The policy.</param>
    /// <param name="actor">The actor.</param>
    /// <param name="given">Columns that the caller sets.</param>
    public static bool CanCreate(
        Registration registration,
        EntityRules rules,
        Actor actor,
        IReadOnlyList<IProperty> given
    )
    {
        if (
            !rules.Knows(Verb.Create)
            || !rules.IsPossible(actor, Verb.Create)
            || rules.Fields(Verb.Create) is not { Count: > 0 } asked
        )
            return false;
        var names = GetFields(registration, rules, Verb.Create)
            .SelectMany(field => field.PolicyNames)
            .ToHashSet(StringComparer.Ordinal);
        return names.Count > 0 && asked.All(name => names.Contains(name) || given.Any(column => column.Name == name));
    }

    /// <summary>Validates the fields of a new row that were not posted and keep their initial value.</summary>
    /// <param name="registration">The row's registration.</param>
    /// <param name="fields">The fields.</param>
    /// <param name="entry">The row.</param>
    /// <param name="initialText">Returns the initial value of a field, as text.</param>
    public static IEnumerable<(string Field, string Error)> ErrorsOfMissing<T>(
        AdminFor<T> registration,
        IEnumerable<FormField> fields,
        EntityEntry entry,
        Func<FormField, EntityEntry, string> initialText
    )
        where T : class
    {
        foreach (var field in fields)
        {
            var value = field.Value(entry);
            if (
                !field.CanBeNull
                && (
                    value is null
                    || (
                        initialText(field, entry).Length == 0
                        && field.Type != typeof(string)
                        && field.Kind != InputKind.List
                    )
                )
            )
                yield return (field.Name, "This field is required.");
            else if (registration.Validate(field.Name, value) is { } error)
                yield return (field.Name, error);
        }
    }
}
