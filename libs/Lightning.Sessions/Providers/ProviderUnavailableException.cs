namespace Lightning.Sessions.Providers;

/// <summary>The OpenID provider is unreachable, or its response is not one of a provider.</summary>
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
