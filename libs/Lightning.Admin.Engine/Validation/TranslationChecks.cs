using System.Linq.Expressions;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Validation;

/// <summary>Checks that the columns and conditions of a registration can be translated to SQL.</summary>
static class TranslationChecks
{
    public static IEnumerable<string> TranslationErrors(ValidationContext context)
    {
        // All columns in one query first; one by one only to find the faulty one, because building a query is the
        // slowest part of the checks.
        if (
            Untranslatable(
                context,
                context.Registration.Columns,
                context.Registration.Conditions.Select(condition => condition.Field)
            )
            is null
        )
            yield break;
        foreach (var column in context.Registration.Columns)
            if (Untranslatable(context, [column], []) is { } error)
                yield return $"shows {column.Title}, which cannot be translated to SQL ({error}): use columns "
                    + $"and navigations.";
        foreach (var (what, condition) in context.Registration.Conditions)
            if (Untranslatable(context, [], [condition]) is { } error)
                yield return $"{what} {condition.Read.Body}, which cannot be translated to SQL ({error}): use "
                    + $"columns and navigations.";
    }

    static string? Untranslatable(ValidationContext context, IEnumerable<Field> columns, IEnumerable<Field> conditions)
    {
        try
        {
            var request = new AdminRequest(context.Site, context.Db, ProbeActor, TimeProvider.System);
            context.Registration.Accept(new Probe(request, columns, conditions));
            return null;
        }
        catch (InvalidOperationException ex)
        {
            return ex.Message.Split('\n')[0].TrimEnd('.');
        }
    }

    // An actor for whom the policies decide as little as possible in advance, so that every condition is translated.
    static readonly Actor ProbeActor = new(Guid.Empty, Guid.Empty, IsAdmin: true, IsVerified: true);

    /// <summary>Translates columns and conditions to SQL. Throws if that is impossible.</summary>
    sealed class Probe(AdminRequest request, IEnumerable<Field> columns, IEnumerable<Field> conditions)
        : IRegistrationVisitor<string>
    {
        public string Visit<T>(AdminFor<T> registration)
            where T : class
        {
            var query = new RowQuery<T>(registration, request);
            var row = Expression.Parameter(typeof(T), "row");
            // EF evaluates a projection on the client if need be, but never a filter.
            var rows = conditions.Aggregate(
                query.Rows(),
                (rows, condition) => rows.Where(Expression.Lambda<Func<T, bool>>(query.Meets(condition, row), row))
            );
            return RowQuery<T>
                .Values(rows, row, query.KeyOf(row).Concat(columns.Select(column => query.Value(column, row))))
                .ToQueryString();
        }
    }
}
