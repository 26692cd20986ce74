using System.Net;
using Lightning.ServiceDefaults;

namespace Lightning.Sessions.BackChannel;

/// <summary>
/// How many tokens that are no good an address may send. What the provider sends is good and is never counted, however much it is: everybody's
/// sessions may end in one moment.
/// </summary>
sealed class RefusalLimit() : MinuteLimit<IPAddress>(PerMinute)
{
    public const int PerMinute = 30;
}
