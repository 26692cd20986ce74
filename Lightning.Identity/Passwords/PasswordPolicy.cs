using System.Collections.Frozen;

namespace Lightning.Identity.Passwords;

/// <summary>Which passwords are taken: long enough and not easy to guess; nothing is asked about their composition (ASVS 5.0, 6.2).</summary>
static class PasswordPolicy
{
    public const int Shortest = 8;
    public const int Longest = 128;

    /// <summary>A context word shorter than this stands in too many good passwords by chance.</summary>
    const int ShortestWord = 4;
    static readonly string[] ProductWords = ["lightning"];
    static readonly FrozenSet<string> Common = Read();

    /// <summary>Why a password is refused, or null.</summary>
    /// <param name="password">The password, as typed: neither trimmed nor cut.</param>
    /// <param name="personal">The person's address and name.</param>
    public static string? Fault(string password, params string[] personal)
    {
        if (password.Length < Shortest) return $"Use at least {Shortest} characters; 15 or more are better.";
        if (password.Length > Longest) return $"Use at most {Longest} characters.";
        var plain = password.ToLowerInvariant();
        if (Common.Contains(plain)) return "This is one of the commonest passwords. Choose one that nobody would guess.";
        if (plain.Distinct().Count() < 3) return "This password repeats itself. Choose one that nobody would guess.";
        var words = personal.SelectMany(text => text.ToLowerInvariant().Split(['@', '.', ' ', '-', '_', '+'])).Concat(ProductWords).Where(word => word.Length >= ShortestWord);
        // A word that everybody knows adds nothing: what is left must be long enough by itself.
        var rest = words.OrderByDescending(word => word.Length).Aggregate(plain, (left, word) => left.Replace(word, "", StringComparison.Ordinal));
        return rest.Length < Shortest && rest.Length < plain.Length ? "This password is mostly your name, your address or the name of this product. Choose one that nobody would guess." : null;
    }

    static FrozenSet<string> Read()
    {
        using var stream = typeof(PasswordPolicy).Assembly.GetManifestResourceStream("Lightning.Identity.Passwords.common-passwords.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n').Where(line => line.Length >= Shortest && !line.StartsWith("# ", StringComparison.Ordinal)).ToFrozenSet(StringComparer.Ordinal);
    }
}
