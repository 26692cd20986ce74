using ICU4N.Impl;
using ICU4N.Text;

namespace Lightning.ServiceDefaults;

/// <summary>Domain names in the form that DNS and SMTP use.</summary>
public static class DomainName
{
    /// <summary>The maximum length of a name, in characters (RFC 1035, 2.3.4).</summary>
    const int MaxLength = 253;

    const int MaxLabelLength = 63;

    /// <summary>
    /// UTS 46, non-transitional, as browsers do. .NET's <see cref="System.Globalization.IdnMapping"/> does not map
    /// capital or decomposed letters without the operating system's ICU, which a server need not have. Loaded for the
    /// first international name.
    /// </summary>
    static readonly Lazy<IDNA> Mapping = new(() =>
        IDNA.GetUTS46Instance(
            UTS46Options.UseSTD3Rules
                | UTS46Options.CheckBiDi
                | UTS46Options.CheckContextJ
                | UTS46Options.NontransitionalToASCII
                | UTS46Options.NontransitionalToUnicode
        )
    );

    /// <summary>
    /// Maps a name to ASCII, in lower case and without a final dot; null if it is no valid name. For example,
    /// <c>BÜCHER.example</c> becomes <c>xn--bcher-kva.example</c>.
    /// </summary>
    public static string? ToAscii(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > 2 * MaxLength)
            return null;
        // The joiners are invisible, but some scripts need them in some places. Elsewhere they are ignored.
        var mapped =
            Map(name)
            ?? Map(
                name.Replace("\u200C", "", StringComparison.Ordinal).Replace("\u200D", "", StringComparison.Ordinal)
            );
        if (mapped is ['.'] or null)
            return null;
        var plain = mapped.EndsWith('.') ? mapped[..^1] : mapped;
        return plain.Length <= MaxLength && plain.Split('.').All(IsLabel) ? plain : null;
    }

    static string? Map(string name)
    {
        var isPlain =
            name.All(char.IsAscii)
            && !name.Split('.').Any(label => label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase));
        if (isPlain)
            return name.ToLowerInvariant();
        Span<char> mapped = stackalloc char[MaxLength + 1];
        return Mapping.Value.TryNameToASCII(name, mapped, out var length, out var info) && !info.HasErrors
            ? mapped[..length].ToString()
            : null;
    }

    // RFC 1123, 2.1: letters, digits and hyphens.
    static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabelLength
        && label[0] != '-'
        && label[^1] != '-'
        && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-');
}
