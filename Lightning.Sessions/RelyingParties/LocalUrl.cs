using System.Diagnostics.CodeAnalysis;

namespace Lightning.Sessions.RelyingParties;

/// <summary>An address within this application, so that nobody is led elsewhere after signing in (RFC 9700, 4.11.1).</summary>
public static class LocalUrl
{
    const int Longest = 2000;
    static readonly Uri Anywhere = new("http://localhost");

    /// <summary>The address in its normal form; false for whatever a browser could take for another origin, encoded or not.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? local)
    {
        local = null;
        if (text is null || text.Length > Longest || !IsLocal(text) || !IsLocal(Uri.UnescapeDataString(text)) || !Uri.TryCreate(Anywhere, text, out var address))
            return false;
        // Taking out dot segments may bring two slashes to the front, and escaping makes an address longer: what does not fit the provider's limit is refused here.
        var normal = address.PathAndQuery + address.Fragment;
        if (!IsLocal(normal) || normal.Length > Longest) return false;
        local = normal;
        return true;
    }

    static bool IsLocal(string text) =>
        text is ['/', ..] && text is not ['/', '/', ..] && !text.Any(letter => letter == '\\' || char.IsControl(letter));
}
