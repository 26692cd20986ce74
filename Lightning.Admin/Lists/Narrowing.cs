using System.Globalization;
using System.Linq.Expressions;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Lists;

/// <summary>Comparisons as conditions on a value.</summary>
static class Narrowing
{
    /// <summary>Whether a value can be compared with.</summary>
    public static bool Understands(Filter filter, Comparison comparison, string value) => comparison switch
    {
        Comparison.Empty => value is "yes" or "no",
        Comparison.On => Span(value) is not null,
        Comparison.Has => TypedText.IsStorable(value),
        Comparison.Is when filter.Field.Links is { } links => RowKey.Read(value, links.TargetEntityType.FindPrimaryKey()!.Properties) is not null,
        _ => TypedText.TryRead(filter.Field.Type, value, out var read) && read is not null,
    };

    /// <summary>The condition.</summary>
    public static Expression Of(Expression value, FilterBy filter)
    {
        var plain = value.Type.NotNull();
        return filter.Comparison switch
        {
            Comparison.Empty => Empty(value, filter.Values[0] == "yes"),
            Comparison.Is => filter.Values.Select(text => (Expression)Expression.Equal(value, Read(value.Type, text))).Aggregate(Expression.OrElse),
            Comparison.Has => filter.Values.Select(text => Contains(value, text)).Aggregate(Expression.OrElse),
            Comparison.On => filter.Values.Select(text => Within(value, Span(text)!.Value)).Aggregate(Expression.OrElse),
            Comparison.From => Compare(value, Read(value.Type, filter.Values[0]), ExpressionType.GreaterThanOrEqual),
            // A day as the end of a span of moments means all of it.
            _ when plain != typeof(DateOnly) && TypedText.IsDate(plain) && Span(filter.Values[0]) is { } day => Compare(value, Moment(value.Type, day.End), ExpressionType.LessThan),
            _ => Compare(value, Read(value.Type, filter.Values[0]), ExpressionType.LessThanOrEqual),
        };
    }

    /// <summary>That a text holds another, however its letters are written; what stands for anything in a pattern stands for itself here.</summary>
    public static Expression Contains(Expression value, string text) => Expression.Call(
        typeof(NpgsqlDbFunctionsExtensions), nameof(NpgsqlDbFunctionsExtensions.ILike), null, Expression.Property(null, typeof(EF), nameof(EF.Functions)), value,
        Expressions.Parameter(typeof(string), $"%{text.Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_")}%"), Expression.Constant(@"\"));

    /// <summary>The year, month or day that a text names, from its beginning to that of the next.</summary>
    public static (DateTime Start, DateTime End)? Span(string text)
    {
        foreach (var (format, step) in new (string, Func<DateTime, DateTime>)[] { ("yyyy", day => day.AddYears(1)), ("yyyy-MM", day => day.AddMonths(1)), ("yyyy-MM-dd", day => day.AddDays(1)) })
            if (DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var start) && start.Year is > 0 and < 9999) return (start, step(start));
        return null;
    }

    public static Expression Compare(Expression value, Expression other, ExpressionType how) => value.Type == typeof(string)
        ? Expression.MakeBinary(how, Expression.Call(typeof(string), nameof(string.Compare), null, value, other), Expression.Constant(0))
        : Expression.MakeBinary(how, value, other);

    /// <summary>That a value is before a day.</summary>
    public static Expression Before(Expression value, DateTime day) => Compare(value, Moment(value.Type, day), ExpressionType.LessThan);

    static BinaryExpression Within(Expression value, (DateTime Start, DateTime End) span) => Expression.AndAlso(
        Compare(value, Moment(value.Type, span.Start), ExpressionType.GreaterThanOrEqual), Compare(value, Moment(value.Type, span.End), ExpressionType.LessThan));

    static Expression Empty(Expression value, bool empty)
    {
        Expression none = value.Type.CanBeNull() ? Expression.Equal(value, Expression.Constant(null, value.Type)) : Expression.Constant(false);
        if (value.Type == typeof(string)) none = Expression.OrElse(none, Expression.Equal(value, Expression.Constant("")));
        return empty ? none : Expression.Not(none);
    }

    static Expression Moment(Type type, DateTime day) => Expressions.Parameter(type, type.NotNull() switch
    {
        var plain when plain == typeof(DateTimeOffset) => new DateTimeOffset(day, TimeSpan.Zero),
        var plain when plain == typeof(DateOnly) => DateOnly.FromDateTime(day),
        _ => day,
    });

    static Expression Read(Type type, string text) => TypedText.TryRead(type, text, out var value) ? Expressions.Parameter(type, value)
        : throw new InvalidOperationException($"\"{text}\" was understood, and is not any more.");
}
