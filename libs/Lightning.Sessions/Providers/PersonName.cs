using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;

namespace Lightning.Sessions.Providers;

/// <summary>
/// The display name of a user: one line with at least one visible character, and without the characters that reorder
/// the text around the name, so that no name looks like another text (UTS 55, 3).
/// </summary>
public static class PersonName
{
    /// <summary>The maximum length, in UTF-16 code units.</summary>
    public const int MaxLength = 100;

    /// <summary>Returns why a name is refused; null if it is accepted.</summary>
    public static string? Validate(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (string.IsNullOrWhiteSpace(name))
            return "Enter a name.";
        var isVisible = false;
        for (var i = 0; i < name.Length; i++)
        {
            if (!Rune.TryGetRuneAt(name, i, out var rune))
                return "The name contains a character that cannot be stored.";
            if (IsLineBreak(rune))
                return "Enter the name on one line.";
            if (IsReordering(rune))
                return "The name contains an invisible character that changes the direction of text. Type it again.";
            isVisible |= IsVisible(rune);
            i += rune.Utf16SequenceLength - 1;
        }
        if (!isVisible)
            return "Enter a name with at least one visible character.";
        return name.Length > MaxLength ? $"Use at most {MaxLength} characters." : null;
    }

    /// <summary>
    /// Makes a valid name of one that another provider sends. Returns an empty string if nothing visible remains.
    /// </summary>
    public static string Clean(string? name)
    {
        var clean = new StringBuilder();
        var isVisible = false;
        foreach (var rune in (name ?? "").EnumerateRunes())
        {
            // Unpaired surrogates are enumerated as replacement characters.
            if (IsReordering(rune) || rune == Rune.ReplacementChar)
                continue;
            if (clean.Length + rune.Utf16SequenceLength > MaxLength)
                break;
            isVisible |= IsVisible(rune);
            if (!IsLineBreak(rune))
                clean.Append(rune);
            else if (clean.Length > 0 && clean[^1] != ' ')
                clean.Append(' ');
        }
        return isVisible ? clean.ToString().Trim() : "";
    }

    static bool IsLineBreak(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    /// <summary>Embeddings, overrides and isolates of the bidirectional algorithm (UAX 9, 2).</summary>
    static bool IsReordering(Rune rune) => rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    static bool IsVisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.SpaceSeparator
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.Surrogate
                or UnicodeCategory.OtherNotAssigned
            )
        // Letters and a symbol that are blank: the Hangul fillers and the empty Braille pattern.
        && rune.Value is not (0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800);
}

/// <summary>Validates the display name of a user; null is valid.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PersonNameAttribute : ValidationAttribute
{
    /// <inheritdoc/>
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        ArgumentNullException.ThrowIfNull(validationContext);
        return value is string name && PersonName.Validate(name) is { } error
            ? new ValidationResult(error, validationContext.MemberName is { } member ? [member] : null)
            : ValidationResult.Success;
    }
}
