using System.Globalization;
using Lightning.Admin.Forms;

namespace Lightning.Admin.Values;

/// <summary>Values and fields as pages word them.</summary>
public static class Shown
{
    /// <summary>A value of a choice.</summary>
    public static string Choice(string value) => value switch { "true" => "Yes", "false" => "No", _ => TypedText.Words(value) };

    /// <summary>A text that may be empty.</summary>
    public static string Text(string text) => text.Length == 0 ? "(empty)" : text;

    /// <summary>A value as the book has it; a moment as everywhere else.</summary>
    public static string Recorded(string text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment) ? TypedText.Show(moment) : text;

    /// <summary>What has to be known to fill a field in.</summary>
    public static string Hint(FormField field)
    {
        ArgumentNullException.ThrowIfNull(field);
        var how = field.Kind switch
        {
            InputKind.Moment => "In UTC, like 2026-03-14 15:09. ",
            InputKind.List => "One value per line. ",
            InputKind.Json => "A JSON document. ",
            InputKind.Relations => "As many as you like. ",
            _ => "",
        };
        if (field.MaxLength is { } most && field.Kind is InputKind.Text or InputKind.LongText) how += $"At most {field.MaxLength:N0} characters. ";
        return field.CanBeNull ? how + "Optional." : how.TrimEnd();
    }
}
