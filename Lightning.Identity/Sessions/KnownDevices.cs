using Lightning.Data.Accounts;
using Lightning.Identity.Secrets;
using Microsoft.AspNetCore.Identity;

namespace Lightning.Identity.Sessions;

/// <summary>
/// The accounts that have signed in with a browser, stored in an encrypted cookie. The owner gets a mail about a
/// sign-in from another browser, and a known browser has its own rate limit, so that an attacker cannot lock out the
/// owner. It is not a proof of identity.
/// </summary>
sealed class KnownDevices(StateProtector protector, ILookupNormalizer normalizer)
{
    const string Cookie = "__Host-lightning-id-device";
    const int MaxAccounts = 5;

    /// <summary>The longest lifetime that browsers allow for a cookie.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(400);

    /// <summary>Whether the account has signed in with this browser.</summary>
    public bool IsKnown(HttpContext http, Guid accountId) =>
        Read(http)?.Accounts.Any(known => known.Id == accountId) == true;

    /// <summary>The id of a browser that has signed in with this email address; null for any other.</summary>
    public string? FindId(HttpContext http, string address) =>
        Read(http) is { } device && device.Accounts.Any(known => known.Address == HashAddress(address))
            ? device.Id
            : null;

    /// <summary>Records that the account has signed in with this browser.</summary>
    public void Remember(HttpContext http, Account account)
    {
        var device = Read(http) ?? new Device(Secret.Create(), []);
        KnownAccount[] accounts =
        [
            new KnownAccount(account.Id, HashAddress(account.Email!)),
            .. device.Accounts.Where(known => known.Id != account.Id).Take(MaxAccounts - 1),
        ];
        protector.WriteCookie(http, Cookie, device with { Accounts = accounts }, Lifetime);
    }

    Device? Read(HttpContext http) => protector.ReadCookie<Device>(http, Cookie);

    string HashAddress(string address) => Secret.Fingerprint(normalizer.NormalizeEmail(address)!)[..16];

    sealed record Device(string Id, KnownAccount[] Accounts);

    sealed record KnownAccount(Guid Id, string Address);
}
