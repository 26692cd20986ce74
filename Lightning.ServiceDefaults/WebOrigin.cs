using System.Net;

namespace Lightning.ServiceDefaults;

/// <summary>
/// An origin as browsers send it in the <c>Origin</c> header (RFC 6454, 6.1): scheme, host and port.
/// </summary>
public static class WebOrigin
{
    /// <summary>Validates a configured origin. Returns an error message with the fix; null if it is valid.</summary>
    /// <param name="key">The configuration key.</param>
    /// <param name="origin">The origin.</param>
    /// <param name="isProduction">Whether plain HTTP is rejected for loopback hosts too.</param>
    public static string? Validate(string key, string origin, bool isProduction)
    {
        if (
            !Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            || uri.GetLeftPart(UriPartial.Authority) != origin
            || uri.UserInfo.Length > 0
        )
            return $"{key} holds '{origin}', which is not an origin: write scheme, host and port only, in lower "
                + $"case and without a slash at the end, such as https://app.example.com.";
        if (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && !isProduction && IsLoopback(uri)))
            return null;
        return $"{key} holds '{origin}', which is not https: use https; plain http is for loopback hosts outside "
            + $"Production.";
    }

    /// <summary>Whether the host is <c>localhost</c> or a loopback IP literal.</summary>
    public static bool IsLoopback(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return uri.Host is "localhost" || IsLoopbackLiteral(uri);
    }

    /// <summary>Whether the host is a loopback IP literal, which does not depend on DNS (RFC 8252, 7.3).</summary>
    public static bool IsLoopbackLiteral(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return IPAddress.TryParse(uri.DnsSafeHost, out var address) && IPAddress.IsLoopback(address);
    }
}
