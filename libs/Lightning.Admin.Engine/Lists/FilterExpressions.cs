using System.Globalization;
using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Builds filter predicates.</summary>
static class FilterExpressions
{
    /// <summary>Whether a value is valid for a comparison.</summary>
    public static bool IsValid(Filter filter, Comparison comparison, string value) =>
        comparison switch
        {
            Comparison.Empty => value is "yes" or "no",
            Comparison.On => ParseDateRange(value) is not null,
            Comparison.Has => TypedText.IsStorable(value),
            Comparison.Is when filter.Field.ManyToMany is { } links => RowKey.Parse(
                value,
                links.TargetEntityType.FindPrimaryKey()!.Properties
            )
                is not null,
            _ => TypedText.TryParse(filter.Field.Type, value, out var read) && read is not null,
        };

    /// <summary>Builds the predicate of a filter.</summary>
    public static Expression Build(Expression value, FilterBy filter)
    {
        var plain = value.Type.UnwrapNullable();
        return filter.Comparison switch
        {
            Comparison.Empty => Empty(value, filter.Values[0] == "yes"),
            Comparison.Is => filter
                .Values.Select(text => (Expression)Expression.Equal(value, Read(value.Type, text)))
                .Aggregate(Expression.OrElse),
            Comparison.Has => filter
                .Values.Select(text => SearchWords.Contains(value, text))
                .Aggregate(Expression.OrElse),
            Comparison.On => filter
                .Values.Select(text => Within(value, ParseDateRange(text)!.Value))
                .Aggregate(Expression.OrElse),
            Comparison.From => Compare(value, Read(value.Type, filter.Values[0]), ExpressionType.GreaterThanOrEqual),
            // A day as the upper bound includes all of that day.
            _ when plain != typeof(DateOnly)
                    && TypedText.IsDate(plain)
                    && ParseDateRange(filter.Values[0]) is { } day => Compare(
                value,
                Moment(value.Type, day.End),
                ExpressionType.LessThan
            ),
            _ => Compare(value, Read(value.Type, filter.Values[0]), ExpressionType.LessThanOrEqual),
        };
    }

    /// <summary>
    /// Parses a year, month or day as the range from its start to the start of the next; null if the text is none of
    /// these.
    /// </summary>
    public static (DateTime Start, DateTime End)? ParseDateRange(string text)
    {
        foreach (
            var (format, step) in new (string, Func<DateTime, DateTime>)[]
            {
                ("yyyy", day => day.AddYears(1)),
                ("yyyy-MM", day => day.AddMonths(1)),
                ("yyyy-MM-dd", day => day.AddDays(1)),
            }
        )
            if (
                DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var start)
                && start.Year is > 0 and < 9999
            )
                return (start, step(start));
        return null;
    }

    public static Expression Compare(Expression value, Expression other, ExpressionType how) =>
        value.Type == typeof(string)
            ? Expression.MakeBinary(
                how,
                Expression.Call(typeof(string), nameof(string.Compare), null, value, other),
                Expression.Constant(0)
            )
            : Expression.MakeBinary(how, value, other);

    /// <summary>True if a value is before the start of a day.</summary>
    public static Expression Before(Expression value, DateTime day) =>
        Compare(value, Moment(value.Type, day), ExpressionType.LessThan);

    static BinaryExpression Within(Expression value, (DateTime Start, DateTime End) span) =>
        Expression.AndAlso(
            Compare(value, Moment(value.Type, span.Start), ExpressionType.GreaterThanOrEqual),
            Compare(value, Moment(value.Type, span.End), ExpressionType.LessThan)
        );

    static Expression Empty(Expression value, bool empty)
    {
        Expression none = value.Type.CanBeNull()
            ? Expression.Equal(value, Expression.Constant(null, value.Type))
            : Expression.Constant(false);
        if (value.Type == typeof(string))
            none = Expression.OrElse(none, Expression.Equal(value, Expression.Constant("")));
        return empty ? none : Expression.Not(none);
    }

    static Expression Moment(Type type, DateTime day) =>
        Expressions.Parameter(
            type,
            type.UnwrapNullable() switch
            {
                var plain when plain == typeof(DateTimeOffset) => new DateTimeOffset(day, TimeSpan.Zero),
                var plain when plain == typeof(DateOnly) => DateOnly.FromDateTime(day),
                _ => day,
            }
        );

    static Expression Read(Type type, string text) =>
        TypedText.TryParse(type, text, out var value)
            ? Expressions.Parameter(type, value)
            : throw new InvalidOperationException($"\"{text}\" was valid and no longer is.");
}
