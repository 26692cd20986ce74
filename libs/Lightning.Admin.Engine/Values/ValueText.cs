using System.Globalization;

namespace Lightning.Admin.Engine.Values;

/// <summary>Texts for values on pages.</summary>
public static class ValueText
{
    /// <summary>The text of a choice.</summary>
    public static string Choice(string value) =>
        value switch
        {
            "true" => "Yes",
            "false" => "No",
            _ => TypedText.Words(value),
        };

    /// <summary>A text, or a placeholder if it is empty.</summary>
    public static string Text(string text) => text.Length == 0 ? "(empty)" : text;

    /// <summary>A value from the audit log; times are formatted like everywhere else.</summary>
    public static string Recorded(string text) =>
        DateTimeOffset.TryParseExact(
            text,
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var moment
        )
            ? TypedText.Display(moment)
            : text;
}
