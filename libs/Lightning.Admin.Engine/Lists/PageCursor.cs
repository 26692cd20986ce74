using System.Buffers.Text;
using System.Linq.Expressions;
using System.Text;
using System.Text.Json;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Lists;

/// <summary>
/// A keyset pagination cursor: the sort values of the row before the page, including its key. Every page costs the
/// same, however far into the list it is.
/// </summary>
/// <param name="Values">The sort values.</param>
/// <param name="IsBackward">Whether the page ends at the cursor instead of beginning after it.</param>
sealed record PageCursor(IReadOnlyList<object?> Values, bool IsBackward)
{
    const int Longest = 4000;

    /// <summary>The encoded cursor at the end of any order: it addresses the last page.</summary>
    public static readonly string Last = new PageCursor([], true).ToString();

    /// <summary>Whether this is the end of an order.</summary>
    public bool IsEnd => IsBackward && Values.Count == 0;

    public override string ToString() =>
        Base64Url.EncodeToString(
            JsonSerializer.SerializeToUtf8Bytes(
                Values.Select(value => value is null ? null : TypedText.Format(value)).Prepend(IsBackward ? "-" : "+")
            )
        );

    /// <summary>Decodes a cursor for an order; null if the text is invalid.</summary>
    public static PageCursor? Read(string? text, IReadOnlyList<OrderBy> order)
    {
        if (string.IsNullOrEmpty(text) || text.Length > Longest || !Base64Url.IsValid(text))
            return null;
        string?[]? parts;
        try
        {
            parts = JsonSerializer.Deserialize<string?[]>(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)));
        }
        catch (JsonException)
        {
            return null;
        }
        if (parts is ["-"])
            return new([], true);
        if (parts?.Length != order.Count + 1 || parts[0] is not ("+" or "-"))
            return null;
        var values = new object?[order.Count];
        for (var i = 0; i < values.Length; i++)
            if (
                parts[i + 1] is not { } part
                    ? !order[i].CanBeNull
                    : !TypedText.TryParse(order[i].Value.Type, part, out values[i])
            )
                return null;
        return new(values, parts[0] == "-");
    }

    /// <summary>True if a row comes after this cursor, which must not be the end.</summary>
    public Expression After(IReadOnlyList<OrderBy> order)
    {
        // With one direction and no nulls, a row-value comparison lets Postgres seek in the index.
        if (
            order.Count <= 7
            && order.All(by => by is { CanBeNull: false, IsPlain: true } && by.Descends == order[0].Descends)
        )
            return Rows(
                order[0].Descends,
                [.. order.Select(by => by.Value)],
                [.. order.Select((by, i) => Expressions.Parameter(by.Value.Type, Values[i]))]
            );
        Expression after = Expression.Constant(false);
        for (var i = order.Count - 1; i >= 0; i--)
        {
            var (value, same) = (
                order[i].Value,
                Values[i] is null
                    ? Expression.Equal(order[i].Value, Expression.Constant(null, order[i].Value.Type))
                    : Expression.Equal(order[i].Value, Expressions.Parameter(order[i].Value.Type, Values[i]))
            );
            after = Expression.OrElse(Beyond(order[i], Values[i]), Expression.AndAlso(same, after));
        }
        return after;
    }

    /// <summary>True if a value comes after another; ascending, Postgres sorts nulls last.</summary>
    static Expression Beyond(OrderBy by, object? than)
    {
        var none = by.CanBeNull ? Expression.Equal(by.Value, Expression.Constant(null, by.Value.Type)) : null;
        if (than is null)
            return by.Descends ? Expression.Not(none!) : Expression.Constant(false);
        var other = Expressions.Parameter(by.Value.Type, than);
        var beyond =
            TypedText.IsNumber(by.Value.Type)
            || TypedText.IsTime(by.Value.Type)
            || by.Value.Type == typeof(string)
            || by.Value.Type.UnwrapNullable() == typeof(Guid)
                ? FilterExpressions.Compare(
                    by.Value,
                    other,
                    by.Descends ? ExpressionType.LessThan : ExpressionType.GreaterThan
                )
                : Rows(by.Descends, [by.Value], [other]);
        return none is null || by.Descends ? beyond : Expression.OrElse(beyond, none);
    }

    static MethodCallExpression Rows(bool descends, Expression[] values, Expression[] others)
    {
        var types = values.Select(value => value.Type).ToArray();
        return Expression.Call(
            typeof(NpgsqlDbFunctionsExtensions),
            descends ? nameof(NpgsqlDbFunctionsExtensions.LessThan) : nameof(NpgsqlDbFunctionsExtensions.GreaterThan),
            null,
            Expression.Property(null, typeof(EF), nameof(EF.Functions)),
            Tuple(types, values),
            Tuple(types, others)
        );

        static UnaryExpression Tuple(Type[] types, Expression[] values) =>
            Expression.Convert(
                Expression.Call(typeof(ValueTuple), nameof(ValueTuple.Create), types, values),
                typeof(System.Runtime.CompilerServices.ITuple)
            );
    }
}
