using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Validation;

/// <summary>Validates all registrations at startup, so that a mistake fails the start instead of a request.</summary>
public static class RegistrationValidator
{
    /// <summary>The checks, in order. Each returns errors as sentences that say how to fix them.</summary>
    static readonly Func<ValidationContext, IEnumerable<string>>[] Checks =
    [
        NameErrors,
        PolicyErrors,
        FieldChecks.ReadErrors,
        FieldChecks.ColumnErrors,
        IndexChecks.IndexErrors,
        WriteChecks.WriteErrors,
        WriteChecks.ListEditErrors,
        WriteChecks.AuditErrors,
        TranslationChecks.TranslationErrors,
    ];

    /// <summary>Validates all registrations.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="reservedSlugs">The first path segments of the application's own pages and files.</param>
    /// <exception cref="InvalidRegistrationException">A registration is invalid.</exception>
    public static void ValidateRegistrations(this IServiceProvider services, params string[] reservedSlugs)
    {
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        if (Errors(site, db, reservedSlugs).FirstOrDefault() is { } error)
            throw new InvalidRegistrationException(error);
    }

    /// <summary>All errors; the checks of a registration stop at the first one that fails.</summary>
    internal static IEnumerable<string> Errors(AdminSite site, DbContext db, params string[] reservedSlugs)
    {
        string[] reserved = ["search", .. reservedSlugs];
        foreach (var registration in site.Registrations)
        foreach (var check in Checks)
        {
            var errors = check(new ValidationContext(site, db, registration, reserved)).ToList();
            foreach (var error in errors)
                yield return $"{registration.GetType().Name} {error}";
            if (errors.Count > 0)
                break;
        }
    }

    static IEnumerable<string> NameErrors(ValidationContext context)
    {
        var slug = context.Registration.Slug;
        if (slug.Length == 0 || !slug.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
            yield return $"is called \"{context.Registration.Title}\": use letters, digits and spaces.";
        else if (context.ReservedSlugs.Contains(slug))
            yield return $"is called \"{context.Registration.Title}\", which is the path of one of the site's own "
                + $"pages: choose another title.";
        else if (context.Site.Registrations.Count(other => other.Slug == slug) > 1)
            yield return $"is called \"{context.Registration.Title}\", and so is another registration: give each its "
                + $"own title.";
        if (context.Registration.Columns.All(column => column.ManyToMany is not null))
            yield return "has no columns: name them with List(row => row.…).";
        var duplicate = context
            .Registration.Columns.GroupBy(column => column.Name)
            .FirstOrDefault(group => group.Count() > 1)
            ?.Key;
        if (duplicate is not null)
            yield return $"has two columns named {duplicate}: give one another title with Column(\"…\", …).";
    }

    static IEnumerable<string> PolicyErrors(ValidationContext context)
    {
        if (context.Site.FindRules(context.Registration.Entity)?.Knows(Verb.Read) != true)
            yield return $"registers {context.Registration.Entity.Name}, which no policy allows anyone to read: write "
                + $"a Policy<{context.Registration.Entity.Name}> that allows Verb.Read.";
        foreach (var child in context.Registration.Inlines.Where(child => context.Site.Of(child.Child) is null))
            yield return $"shows {child.Name} inline, and {child.Child.Name} has no registration: add one.";
        foreach (
            var child in context.Registration.Inlines.Where(child =>
                context.Registration.Table.FindNavigation(child.Name) is not { IsCollection: true }
            )
        )
            yield return $"shows {child.Name} inline, which is not a collection navigation with a foreign key: "
                + $"remove it.";
        foreach (
            var child in context.Registration.Inlines.Where(child =>
                child.IsEdited && context.Site.Of(child.Child) is { HasForm: false, Deletes: false }
            )
        )
            yield return $"edits {child.Name} inline, and the registration of {child.Child.Name} writes nothing: "
                + $"show them with Inline, or name writable fields there with Edit.";
        if (
            context.Registration.Deletes
            && context.Registration.DeletedAtField is null
            && !context.Rules.Knows(Verb.Delete)
        )
            yield return $"deletes rows, and the policy of {context.Registration.Entity.Name} allows no one to: remove "
                + $"Deletable(), or allow Verb.Delete.";
        foreach (var action in context.Registration.Actions.Where(action => !context.Rules.Knows(action.Verb)))
            yield return $"has an action \"{action.Title}\" for Verb.{action.Verb}, which the policy of "
                + $"{context.Registration.Entity.Name} allows no one: allow it, or use another verb.";
    }
}
