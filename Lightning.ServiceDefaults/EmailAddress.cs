using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Email addresses as people type and paste them, and as SMTP carries them: an ASCII local part and a domain in ASCII
/// form. All addresses that enter the system pass through here, so that one mailbox has one spelling. Only the case of
/// the local part is kept; compare addresses case-insensitively.
/// </summary>
public static class EmailAddress
{
    /// <summary>The maximum length of an address, in characters (RFC 5321, 4.5.3.1.3).</summary>
    public const int MaxLength = 254;

    const int MaxLocalPartLength = 64;

    /// <summary>The maximum length of the text, with its display name, in characters.</summary>
    public const int MaxInputLength = 1000;

    const string NotAnAddress = "Enter an email address, such as ada@example.com.";

    const string TooLong = "An email address has at most 254 characters, and at most 64 before the @.";

    const string NotAscii =
        "Use only letters from a to z without accents, digits and signs before the @. Mail servers may not accept "
        + "others.";

    const string NotADomain = "The part after the @ must be a domain, such as example.com.";

    /// <summary>
    /// Reads an address, with or without a display name. Ignores surrounding white space and invisible characters.
    /// </summary>
    /// <param name="text">The text, such as <c>Ada &lt;ada@BÜCHER.example&gt;</c>.</param>
    /// <param name="address">The address, such as <c>ada@xn--bcher-kva.example</c>; null if it is invalid.</param>
    /// <param name="error">A sentence for the user; null if the address is valid.</param>
    public static bool TryParse(
        string? text,
        [NotNullWhen(true)] out string? address,
        [NotNullWhen(false)] out string? error
    )
    {
        (address, error) = Parse(text);
        return address is not null;
    }

    /// <summary>The address that the text contains; the text itself if it contains none.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Normalize(string? text) => TryParse(text, out var address, out _) ? address : text;

    static (string? Address, string? Error) Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return (null, NotAnAddress);
        if (text.Length > MaxInputLength)
            return (null, TooLong);
        var visible = InvisibleCharacters.Remove(text).Trim();
        if (visible.Any(char.IsControl) || WithoutName(visible) is not { } mailbox)
            return (null, NotAnAddress);
        var at = mailbox.LastIndexOf('@');
        if (at < 0)
            return (null, NotAnAddress);

        var localPart = InvisibleCharacters.RemoveJoiners(mailbox[..at]);
        if (LocalPartError(localPart) is { } error)
            return (null, error);
        if (DomainName.ToAscii(mailbox[(at + 1)..]) is not { } domain)
            return (null, NotADomain);
        var address = $"{localPart}@{domain}";
        return address.Length <= MaxLength ? (address, null) : (null, TooLong);
    }

    /// <summary>The address without its display name (RFC 5322, 3.4); null if there are several addresses.</summary>
    static string? WithoutName(string text)
    {
        if (!text.EndsWith('>'))
            return text;
        var start = text.LastIndexOf('<');
        if (start < 0)
            return null;
        var name = text.AsSpan(0, start);
        // A name may contain an address, as in "ada@example.com <ada@example.com>", but no list.
        return name.ContainsAny('<', '>') || (name.Contains('@') && name.ContainsAny(',', ';'))
            ? null
            : text[(start + 1)..^1].Trim();
    }

    // RFC 5321, 4.1.2: a dot-string. Quoted strings are valid too, but hardly any mail server has such a mailbox.
    static string? LocalPartError(string localPart)
    {
        if (localPart.Any(letter => !char.IsAscii(letter) && !char.IsWhiteSpace(letter)))
            return NotAscii;
        if (localPart.Split('.').Any(atom => atom.Length == 0 || !atom.All(IsAtomText)))
            return NotAnAddress;
        return localPart.Length <= MaxLocalPartLength ? null : TooLong;
    }

    static bool IsAtomText(char letter) =>
        char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-/=?^_`{|}~".Contains(letter, StringComparison.Ordinal);

    /// <summary>Characters that have no glyph, and come along when text is copied.</summary>
    static class InvisibleCharacters
    {
        /// <summary>Unicode's Default_Ignorable_Code_Point without the joiners, which some domains need.</summary>
        static readonly (int First, int Last)[] Ranges =
        [
            (0x00AD, 0x00AD),
            (0x034F, 0x034F),
            (0x061C, 0x061C),
            (0x115F, 0x1160),
            (0x17B4, 0x17B5),
            (0x180B, 0x180F),
            (0x200B, 0x200B),
            (0x200E, 0x200F),
            (0x202A, 0x202E),
            (0x2060, 0x206F),
            (0x3164, 0x3164),
            (0xFE00, 0xFE0F),
            (0xFEFF, 0xFEFF),
            (0xFFA0, 0xFFA0),
            (0xFFF0, 0xFFF8),
            (0x1BCA0, 0x1BCA3),
            (0x1D173, 0x1D17A),
            (0xE0000, 0xE0FFF),
        ];

        /// <summary>Removes them. An unpaired surrogate becomes U+FFFD, which no address contains.</summary>
        public static string Remove(string text)
        {
            if (text.All(char.IsAscii))
                return text;
            var visible = new StringBuilder(text.Length);
            foreach (var rune in text.EnumerateRunes())
                if (!Ranges.Any(range => rune.Value >= range.First && rune.Value <= range.Last))
                    visible.Append(rune.ToString());
            return visible.ToString();
        }

        /// <summary>Removes the zero-width joiner and non-joiner.</summary>
        public static string RemoveJoiners(string text) =>
            text.Replace("\u200C", "", StringComparison.Ordinal).Replace("\u200D", "", StringComparison.Ordinal);
    }
}
