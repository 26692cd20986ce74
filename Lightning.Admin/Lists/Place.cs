using System.Buffers.Text;
using System.Linq.Expressions;
using System.Text;
using System.Text.Json;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Lists;

/// <summary>One column of an order.</summary>
/// <param name="Value">The value in a row.</param>
/// <param name="Descends">Whether the greatest comes first; then what has no value comes first too, as in Postgres.</param>
/// <param name="CanBeNull">Whether it may be missing.</param>
/// <param name="IsPlain">Whether the database keeps the value as it is.</param>
sealed record OrderBy(Expression Value, bool Descends, bool CanBeNull, bool IsPlain);

/// <summary>
/// A place in an order that stays the same whatever is added: the values that the row before it is sorted by, key included. A page from there costs the same
/// however deep it lies.
/// </summary>
/// <param name="Values">The values.</param>
/// <param name="IsBackward">Whether the page ends there, and does not begin.</param>
sealed record Place(IReadOnlyList<object?> Values, bool IsBackward)
{
    const int Longest = 4000;

    /// <summary>The end of any order, as a text: the last page ends there.</summary>
    public static readonly string Last = new Place([], true).ToString();

    /// <summary>Whether it is the end of an order.</summary>
    public bool IsEnd => IsBackward && Values.Count == 0;

    public override string ToString() =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(Values.Select(value => value is null ? null : TypedText.Write(value)).Prepend(IsBackward ? "-" : "+")));

    /// <summary>The place that a text names in an order; null where it names none.</summary>
    public static Place? Read(string? text, IReadOnlyList<OrderBy> order)
    {
        if (string.IsNullOrEmpty(text) || text.Length > Longest || !Base64Url.IsValid(text)) return null;
        string?[]? parts;
        try
        {
            parts = JsonSerializer.Deserialize<string?[]>(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)));
        }
        catch (JsonException)
        {
            return null;
        }
        if (parts is ["-"]) return new([], true);
        if (parts?.Length != order.Count + 1 || parts[0] is not ("+" or "-")) return null;
        var values = new object?[order.Count];
        for (var i = 0; i < values.Length; i++)
            if (parts[i + 1] is not { } part ? !order[i].CanBeNull : !TypedText.TryRead(order[i].Value.Type, part, out values[i])) return null;
        return new(values, parts[0] == "-");
    }

    /// <summary>That a row comes after this place, which is not the end.</summary>
    public Expression After(IReadOnlyList<OrderBy> order)
    {
        // One direction and nothing missing: the database compares rows, and finds the place by an index.
        if (order.Count <= 7 && order.All(by => by is { CanBeNull: false, IsPlain: true } && by.Descends == order[0].Descends))
            return Rows(order[0].Descends, [.. order.Select(by => by.Value)], [.. order.Select((by, i) => Expressions.Parameter(by.Value.Type, Values[i]))]);
        Expression after = Expression.Constant(false);
        for (var i = order.Count - 1; i >= 0; i--)
        {
            var (value, same) = (order[i].Value, Values[i] is null ? Expression.Equal(order[i].Value, Expression.Constant(null, order[i].Value.Type))
                : Expression.Equal(order[i].Value, Expressions.Parameter(order[i].Value.Type, Values[i])));
            after = Expression.OrElse(Beyond(order[i], Values[i]), Expression.AndAlso(same, after));
        }
        return after;
    }

    /// <summary>That a value comes after another: in Postgres, what is missing comes last where values rise.</summary>
    static Expression Beyond(OrderBy by, object? than)
    {
        var none = by.CanBeNull ? Expression.Equal(by.Value, Expression.Constant(null, by.Value.Type)) : null;
        if (than is null) return by.Descends ? Expression.Not(none!) : Expression.Constant(false);
        var other = Expressions.Parameter(by.Value.Type, than);
        var beyond = TypedText.IsNumber(by.Value.Type) || TypedText.IsTime(by.Value.Type) || by.Value.Type == typeof(string) || by.Value.Type.NotNull() == typeof(Guid)
            ? Narrowing.Compare(by.Value, other, by.Descends ? ExpressionType.LessThan : ExpressionType.GreaterThan)
            : Rows(by.Descends, [by.Value], [other]);
        return none is null || by.Descends ? beyond : Expression.OrElse(beyond, none);
    }

    static MethodCallExpression Rows(bool descends, Expression[] values, Expression[] others)
    {
        var types = values.Select(value => value.Type).ToArray();
        return Expression.Call(typeof(NpgsqlDbFunctionsExtensions), descends ? nameof(NpgsqlDbFunctionsExtensions.LessThan) : nameof(NpgsqlDbFunctionsExtensions.GreaterThan), null,
            Expression.Property(null, typeof(EF), nameof(EF.Functions)), Tuple(types, values), Tuple(types, others));

        static UnaryExpression Tuple(Type[] types, Expression[] values) =>
            Expression.Convert(Expression.Call(typeof(ValueTuple), nameof(ValueTuple.Create), types, values), typeof(System.Runtime.CompilerServices.ITuple));
    }
}
