namespace Lightning.Sessions.RelyingParties;

/// <summary>The OpenID provider could not be reached, or what answered does not answer as a provider does.</summary>
public sealed class ProviderUnavailableException(string message, Exception? innerException = null)
    : InvalidOperationException(message, innerException)
{
    /// <summary>Whether the provider is unavailable, so that the same request may succeed later.</summary>
    public static bool IsCauseOf(Exception? ex)
    {
        for (; ex is not null; ex = ex.InnerException)
        {
            if (ex is ProviderUnavailableException or HttpRequestException or TimeoutException or TaskCanceledException)
                return true;
        }
        return false;
    }
}
