using System.Text;
using Lightning.Admin.Values;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>
/// A row's key as a part of an address: letters, digits, <c>-</c> and <c>_</c> as they are, all else as <c>~XX</c>, the parts of a key with a comma between. So whatever is read as a key
/// stands in an address as it is.
/// </summary>
static class RowKey
{
    public static string Write(IEnumerable<object?> parts) => string.Join(',', parts.Select(part => Escape(TypedText.Write(part))));

    /// <summary>The key that a text names; null where it names none.</summary>
    public static object[]? Read(string? text, IReadOnlyList<IReadOnlyProperty> properties)
    {
        var parts = text?.Split(',', properties.Count + 1);
        if (parts is null || parts.Length != properties.Count) return null;
        var key = new object[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (Unescape(parts[i]) is not { } plain || !TypedText.TryRead(properties[i].ClrType, plain, out var value) || value is null) return null;
            key[i] = value;
        }
        return key;
    }

    static string Escape(string text)
    {
        // "-" alone names the pages beside the rows, and nothing at all names the list.
        if (text is "" or "-") return text.Length == 0 ? "~" : "~2D";
        var escaped = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
            if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'_') escaped.Append((char)octet);
            else escaped.Append('~').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        return escaped.ToString();
    }

    static string? Unescape(string text)
    {
        if (text == "~") return "";
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
            if (text[i] != '~')
            {
                // What is never written as it is, is not read as it is either: a key that is read goes into addresses.
                if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('-' or '_')) return null;
                octets.Add((byte)text[i]);
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), System.Globalization.NumberStyles.HexNumber, null, out var octet))
            {
                octets.Add(octet);
                i += 2;
            }
            else return null;
        return Encoding.UTF8.GetString([.. octets]);
    }
}
