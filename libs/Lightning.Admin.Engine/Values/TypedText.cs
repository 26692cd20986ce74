using System.Collections;
using System.Globalization;
using System.Text.Json;
using Lightning.Admin.Engine.Linq;

namespace Lightning.Admin.Engine.Values;

/// <summary>Converts values to text and back, for URLs, forms and files, and formats them for display.</summary>
static class TypedText
{
    /// <summary>
    /// Stands for no value in the texts of a file, where an empty text is a value. No row can hold it.
    /// </summary>
    public const string NullText = "\0";

    static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <summary>Whether values of a type can be converted to text and back.</summary>
    public static bool Supports(Type type)
    {
        var plain = type.UnwrapNullable();
        return plain.IsEnum
            || plain == typeof(string)
            || plain == typeof(Guid)
            || plain == typeof(bool)
            || IsNumber(plain)
            || IsTime(plain)
            || plain == typeof(byte[])
            || (Element(plain) is { } element && Supports(element));
    }

    public static bool IsNumber(Type type) =>
        Type.GetTypeCode(type.UnwrapNullable()) is >= TypeCode.SByte and <= TypeCode.Decimal
        && !type.UnwrapNullable().IsEnum;

    public static bool IsTime(Type type) =>
        type.UnwrapNullable() is var plain
        && (
            plain == typeof(DateTimeOffset)
            || plain == typeof(DateTime)
            || plain == typeof(DateOnly)
            || plain == typeof(TimeOnly)
            || plain == typeof(TimeSpan)
        );

    /// <summary>Whether the type is a date, with or without a time.</summary>
    public static bool IsDate(Type type) =>
        type.UnwrapNullable() is var plain
        && (plain == typeof(DateTimeOffset) || plain == typeof(DateTime) || plain == typeof(DateOnly));

    /// <summary>The element type of a list; null if the type is not a list.</summary>
    public static Type? Element(Type type) =>
        type == typeof(string) || type == typeof(byte[]) ? null
        : type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0]
        : null;

    /// <summary>The text from which <see cref="TryParse"/> restores the value.</summary>
    public static string Format(object? value) =>
        value switch
        {
            null => "",
            string text => text,
            bool yes => yes ? "true" : "false",
            DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", Plain),
            DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", Plain),
            DateOnly day => day.ToString("yyyy-MM-dd", Plain),
            TimeOnly time => time.ToString("HH:mm:ss.FFFFFFF", Plain),
            byte[] octets => Convert.ToHexString(octets),
            double number => number.ToString("R", Plain),
            float number => number.ToString("R", Plain),
            IEnumerable list => string.Join('\n', list.Cast<object?>().Select(Format)),
            _ => Convert.ToString(value, Plain)!,
        };

    /// <summary>Parses a text as a type. An empty text is null if the type allows it.</summary>
    public static bool TryParse(Type type, string? text, out object? value)
    {
        value = null;
        var plain = type.UnwrapNullable();
        if (string.IsNullOrEmpty(text) && plain != typeof(string) && Element(plain) is null)
            return type.CanBeNull() && plain != typeof(byte[]);
        text ??= "";
        value = plain switch
        {
            _ when plain == typeof(string) => IsStorable(text) ? text : null,
            _ when plain == typeof(Guid) => Guid.TryParseExact(text.Trim(), "D", out var id) ? id : null,
            _ when plain == typeof(bool) => text switch
            {
                "true" or "on" or "yes" => true,
                "false" or "no" => false,
                _ => null,
            },
            _ when plain.IsEnum => Enum.TryParse(plain, text, ignoreCase: false, out var name)
            && Enum.IsDefined(plain, name)
            && !char.IsAsciiDigit(text[0])
                ? name
                : null,
            _ when plain == typeof(DateTimeOffset) => DateTimeOffset.TryParse(
                text,
                Plain,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var time
            )
                ? time
                : null,
            _ when plain == typeof(DateTime) => DateTime.TryParse(
                text,
                Plain,
                DateTimeStyles.RoundtripKind,
                out var time
            )
                ? time
                : null,
            _ when plain == typeof(DateOnly) => DateOnly.TryParseExact(
                text,
                "yyyy-MM-dd",
                Plain,
                DateTimeStyles.None,
                out var day
            )
                ? day
                : null,
            _ when plain == typeof(TimeOnly) => TimeOnly.TryParse(text, Plain, out var time) ? time : null,
            _ when plain == typeof(TimeSpan) => TimeSpan.TryParse(text, Plain, out var span) ? span : null,
            _ when plain == typeof(byte[]) => text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit)
                ? Convert.FromHexString(text)
                : null,
            _ when IsNumber(plain) => Number(plain, text.Trim()),
            _ when Element(plain) is { } element => List(plain, element, text),
            _ => null,
        };
        return value is not null;
    }

    /// <summary>Formats a value for display.</summary>
    public static string Display(object? value) =>
        value switch
        {
            null => "–",
            "" => "(empty)",
            bool yes => yes ? "yes" : "no",
            DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", Plain),
            DateTime time => time.ToString("yyyy-MM-dd HH:mm", Plain),
            Enum name => Words(name.ToString()),
            string text => text,
            byte[] octets => $"{octets.Length} bytes",
            JsonElement json => json.ValueKind switch
            {
                JsonValueKind.Null => "–",
                JsonValueKind.String => Display(json.GetString()),
                JsonValueKind.True => "yes",
                JsonValueKind.False => "no",
                _ => json.GetRawText(),
            },
            IEnumerable list => string.Join(", ", list.Cast<object?>().Select(Display)),
            _ => Format(value),
        };

    /// <summary>
    /// <c>CreatedAt</c> becomes <c>Created at</c>, and <c>owner.email</c> becomes <c>Owner email</c>.
    /// </summary>
    public static string Words(string name)
    {
        var words = string.Concat(
            name.Replace('.', ' ')
                .Select(
                    (letter, index) =>
                        char.IsUpper(letter) && index > 0 && char.IsLower(name[index - 1])
                            ? $" {char.ToLowerInvariant(letter)}"
                            : $"{letter}"
                )
        );
        return words.Length == 0 ? words : char.ToUpperInvariant(words[0]) + words[1..];
    }

    /// <summary>Whether Postgres can store a text: it has no NUL and no unpaired surrogates.</summary>
    public static bool IsStorable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
                return false;
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }
        return true;
    }

    static object? Number(Type type, string text) =>
        Type.GetTypeCode(type) switch
        {
            TypeCode.Int32 => int.TryParse(text, NumberStyles.AllowLeadingSign, Plain, out var number) ? number : null,
            TypeCode.Int64 => long.TryParse(text, NumberStyles.AllowLeadingSign, Plain, out var number) ? number : null,
            TypeCode.Int16 => short.TryParse(text, NumberStyles.AllowLeadingSign, Plain, out var number)
                ? number
                : null,
            TypeCode.Byte => byte.TryParse(text, NumberStyles.None, Plain, out var number) ? number : null,
            TypeCode.UInt32 => uint.TryParse(text, NumberStyles.None, Plain, out var number) ? number : null,
            TypeCode.Decimal => decimal.TryParse(text, NumberStyles.Float, Plain, out var number) ? number : null,
            TypeCode.Double => double.TryParse(text, NumberStyles.Float, Plain, out var number)
            && double.IsFinite(number)
                ? number
                : null,
            TypeCode.Single => float.TryParse(text, NumberStyles.Float, Plain, out var number) && float.IsFinite(number)
                ? number
                : null,
            _ => null,
        };

    static IList? List(Type type, Type element, string text)
    {
        var values = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!TryParse(element, line, out var value))
                return null;
            values.Add(value);
        }
        if (!type.IsArray)
            return values;
        var array = Array.CreateInstance(element, values.Count);
        values.CopyTo(array, 0);
        return (IList)array;
    }
}
