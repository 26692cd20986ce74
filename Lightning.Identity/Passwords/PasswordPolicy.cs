using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Text;
using ICU4N.Text;

namespace Lightning.Identity.Passwords;

/// <summary>
/// Accepts passwords that are long enough and hard to guess, without composition rules (ASVS 5.0, 6.2).
/// </summary>
static class PasswordPolicy
{
    public const int MinLength = 8;
    public const int MaxLength = 128;

    /// <summary>
    /// The longest password that is read, in UTF-16 code units as typed. Normalized it can be shorter.
    /// </summary>
    public const int MaxTypedLength = 8 * MaxLength;

    /// <summary>Shorter words occur in good passwords by chance.</summary>
    const int ShortestWord = 4;
    static readonly string[] ProductWords = ["lightning"];
    static readonly FrozenSet<string> Common = Read();

    /// <summary>
    /// The form of a password that is hashed: NFKC, so that it does not depend on the keyboard or the system (NIST SP
    /// 800-63B, 3.1.1.2).
    /// </summary>
    public static string Normalize(string password) =>
        Ascii.IsValid(password) ? password : Normalizer2.NFKCInstance.Normalize(password);

    /// <summary>Whether a typed password is too long to be one that was accepted.</summary>
    public static bool IsTooLong(string password) =>
        password.Length > MaxTypedLength || (password.Length > MaxLength && Normalize(password).Length > MaxLength);

    /// <summary>Returns why a password is refused; null if it is accepted.</summary>
    /// <param name="password">The password as typed, neither trimmed nor truncated.</param>
    /// <param name="personal">The user's email address and name.</param>
    public static string? Validate(string password, params string[] personal)
    {
        if (IsTooLong(password))
            return $"Use at most {MaxLength} characters.";
        password = Normalize(password);
        if (password.Length < MinLength)
            return $"Use at least {MinLength} characters; 15 or more are better.";
        if (password.Length > MaxLength)
            return $"Use at most {MaxLength} characters.";
        var plain = password.ToLowerInvariant();
        if (Common.Contains(plain))
            return "This is one of the most common passwords. Choose one that is hard to guess.";
        if (plain.Distinct().Count() < 3)
            return "This password is too repetitive. Choose one that is hard to guess.";
        var words = personal
            .SelectMany(text => Normalize(text).ToLowerInvariant().Split(['@', '.', ' ', '-', '_', '+']))
            .Concat(ProductWords)
            .Where(word => word.Length >= ShortestWord);
        // Known words add no security, so the rest must be long enough.
        var rest = words
            .OrderByDescending(word => word.Length)
            .Aggregate(plain, (left, word) => left.Replace(word, "", StringComparison.Ordinal));
        return rest.Length < MinLength && rest.Length < plain.Length
            ? "This password is mostly your name, your email address or the name of this product. Choose one that is "
                + "hard to guess."
            : null;
    }

    static FrozenSet<string> Read()
    {
        using var stream = typeof(PasswordPolicy).Assembly.GetManifestResourceStream(
            "Lightning.Identity.Passwords.common-passwords.txt"
        )!;
        using var reader = new StreamReader(stream);
        return reader
            .ReadToEnd()
            .Split('\n')
            .Where(line => line.Length >= MinLength && !line.StartsWith("# ", StringComparison.Ordinal))
            .ToFrozenSet(StringComparer.Ordinal);
    }
}

/// <summary>Refuses a typed password that is longer than any accepted one; null is valid.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class PasswordLengthAttribute() : ValidationAttribute("This password is too long.")
{
    public override bool IsValid(object? value) => value is not string password || !PasswordPolicy.IsTooLong(password);
}
