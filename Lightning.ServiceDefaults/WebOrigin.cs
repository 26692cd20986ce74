using System.Net;

namespace Lightning.ServiceDefaults;

/// <summary>An origin as browsers send it in <c>Origin</c> (RFC 6454, 6.1): scheme, host and port, compared character by character.</summary>
public static class WebOrigin
{
    /// <summary>What is wrong with an origin that configuration names, as a sentence that says how to write it; null where nothing is.</summary>
    /// <param name="key">The configuration key that holds it.</param>
    /// <param name="origin">The origin.</param>
    /// <param name="isProduction">Where plain http is never right; elsewhere it is on loopback hosts.</param>
    public static string? Fault(string key, string origin, bool isProduction)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin || uri.UserInfo.Length > 0)
            return $"{key} holds '{origin}', which is no plain origin: write scheme, host and port only, in lower case and without a slash at the end, such as https://app.example.com.";
        if (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && !isProduction && IsLoopback(uri))) return null;
        return $"{key} holds '{origin}', which is not https: use https; plain http is for loopback hosts outside Production.";
    }

    /// <summary>Whether an address is on this machine: <c>localhost</c>, or a loopback IP literal.</summary>
    public static bool IsLoopback(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return uri.Host is "localhost" || IsLoopbackLiteral(uri);
    }

    /// <summary>Whether an address names a loopback IP literal, which no name server can point elsewhere (RFC 8252, 7.3).</summary>
    public static bool IsLoopbackLiteral(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return IPAddress.TryParse(uri.DnsSafeHost, out var address) && IPAddress.IsLoopback(address);
    }
}
