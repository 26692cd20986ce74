using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Forms;

/// <summary>What forms can write of a registration's rows.</summary>
static class WritableFields
{
    /// <summary>The fields that a verb of the policy lets be written.</summary>
    public static IReadOnlyList<FormField> Of(Registration registration, EntityRules rules, Verb verb) => !rules.Knows(verb) ? []
        : [.. registration.Written.Select(field => FormField.Of(registration.Table, field)).OfType<FormField>()
            .Where(field => field.PolicyNames.Any(name => rules.Reaches(verb, name)) && !(verb == Verb.Update && field.Columns.Any(column => column.IsPrimaryKey())))];

    /// <summary>Whether a row can be made: the actor may, and a form writes every field that the policy names for it. One that left some out would make what is no row.</summary>
    /// <param name="registration">What the rows are.</param>
    /// <param name="rules">The policy's rules.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="given">Columns that are filled in by themselves.</param>
    public static bool CanCreate(Registration registration, EntityRules rules, Actor actor, IReadOnlyList<IProperty> given)
    {
        if (!rules.Knows(Verb.Create) || !rules.IsPossible(actor, Verb.Create) || rules.Fields(Verb.Create) is not { Count: > 0 } asked) return false;
        var names = Of(registration, rules, Verb.Create).SelectMany(field => field.PolicyNames).ToHashSet(StringComparer.Ordinal);
        return names.Count > 0 && asked.All(name => names.Contains(name) || given.Any(column => column.Name == name));
    }

    /// <summary>What is wrong with the fields of a new row that nothing was said of: they hold what the row began with, and that is checked as what is filled in.</summary>
    /// <param name="registration">What the row is.</param>
    /// <param name="fields">The fields.</param>
    /// <param name="entry">The row.</param>
    /// <param name="begun">What a field begins with, as text.</param>
    public static IEnumerable<(string Field, string Fault)> FaultsOfLeftOut<T>(AdminFor<T> registration, IEnumerable<FormField> fields, EntityEntry entry, Func<FormField, EntityEntry, string> begun)
        where T : class
    {
        foreach (var field in fields)
        {
            var value = field.Value(entry);
            if (!field.CanBeNull && (value is null || (begun(field, entry).Length == 0 && field.Type != typeof(string) && field.Kind != InputKind.List))) yield return (field.Name, "This cannot be left open.");
            else if (registration.FaultOf(field.Name, value) is { } fault) yield return (field.Name, fault);
        }
    }
}
