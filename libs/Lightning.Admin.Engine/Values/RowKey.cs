using System.Text;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Values;

/// <summary>
/// A row's key as a URL segment: letters, digits, <c>-</c> and <c>_</c> are kept, other bytes are written as
/// <c>~XX</c>, and the parts of a composite key are separated by commas. A key that was parsed is therefore safe in a
/// URL.
/// </summary>
static class RowKey
{
    public static string Format(IEnumerable<object?> parts) =>
        string.Join(',', parts.Select(part => Escape(TypedText.Format(part))));

    /// <summary>Parses a key; null if the text is not one.</summary>
    public static object[]? Parse(string? text, IReadOnlyList<IReadOnlyProperty> properties)
    {
        var parts = text?.Split(',', properties.Count + 1);
        if (parts is null || parts.Length != properties.Count)
            return null;
        var key = new object[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (
                Unescape(parts[i]) is not { } plain
                || !TypedText.TryParse(properties[i].ClrType, plain, out var value)
                || value is null
            )
                return null;
            key[i] = value;
        }
        return key;
    }

    static string Escape(string text)
    {
        // "-" is the segment of the list's own pages, and an empty segment is the list itself.
        if (text is "" or "-")
            return text.Length == 0 ? "~" : "~2D";
        var escaped = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
            if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'_')
                escaped.Append((char)octet);
            else
                escaped.Append('~').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        return escaped.ToString();
    }

    static string? Unescape(string text)
    {
        if (text == "~")
            return "";
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
            if (text[i] != '~')
            {
                // Reject characters that are always escaped when written: parsed keys are used in URLs.
                if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('-' or '_'))
                    return null;
                octets.Add((byte)text[i]);
            }
            else if (
                i + 2 < text.Length
                && byte.TryParse(
                    text.AsSpan(i + 1, 2),
                    System.Globalization.NumberStyles.HexNumber,
                    null,
                    out var octet
                )
            )
            {
                octets.Add(octet);
                i += 2;
            }
            else
                return null;
        return Encoding.UTF8.GetString([.. octets]);
    }
}
