using System.Net;
using Lightning.ServiceDefaults;

namespace Lightning.Sessions.Cookies.BackChannel;

/// <summary>
/// Limits invalid logout tokens per address. Valid tokens are not counted: the provider may end all sessions at once.
/// </summary>
sealed class InvalidLogoutTokenLimit() : PerMinuteLimiter<IPAddress>(PerMinute)
{
    public const int PerMinute = 30;
}
