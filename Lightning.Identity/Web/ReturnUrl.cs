namespace Lightning.Identity.Web;

/// <summary>Where a person was heading when they had to sign in: an authorization request that waits here, and nothing else.</summary>
static class ReturnUrl
{
    /// <summary>The address if it may be followed, or null: one that leads elsewhere would make this service an open redirector (RFC 9700, 4.11).</summary>
    public static string? Accept(string? url) =>
        url?.StartsWith(Paths.Authorize + "?", StringComparison.Ordinal) == true && url.Length <= 2048 && url.All(letter => letter is > ' ' and <= '~' and not '\\') ? url : null;
}
