using System.Diagnostics.CodeAnalysis;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>Validates return URLs, to prevent open redirects (RFC 9700, 4.11.1).</summary>
public static class LocalUrl
{
    const int MaxLength = 2000;
    static readonly Uri BaseAddress = new("http://localhost");

    /// <summary>
    /// Gives the normalized URL; false if a browser could read it as another origin, before or after decoding.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? local)
    {
        local = null;
        if (
            text is null
            || text.Length > MaxLength
            || !IsLocal(text)
            || !IsLocal(Uri.UnescapeDataString(text))
            || !Uri.TryCreate(BaseAddress, text, out var address)
        )
            return false;
        // Removing dot segments may produce a leading "//", and escaping may exceed the provider's length limit.
        var normal = address.PathAndQuery + address.Fragment;
        if (!IsLocal(normal) || normal.Length > MaxLength)
            return false;
        local = normal;
        return true;
    }

    static bool IsLocal(string text) =>
        text is ['/', ..] && text is not ['/', '/', ..] && !text.Any(c => c == '\\' || char.IsControl(c));
}
