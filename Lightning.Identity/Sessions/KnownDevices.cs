using Lightning.Data.Accounts;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;

namespace Lightning.Identity.Sessions;

/// <summary>
/// Which accounts a browser has signed in to, kept by the browser in a sealed cookie: a sign-in from elsewhere is told to the account's owner, and a
/// stranger who wears an account's limit out does not shut out the browsers that its owner uses. It proves nothing else.
/// </summary>
sealed class KnownDevices(Seal seal, ILookupNormalizer normalizer)
{
    const string Cookie = "__Host-lightning-id-device";
    const int MostAccounts = 5;

    /// <summary>As long as browsers keep any cookie.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(400);

    /// <summary>Whether somebody has signed in to the account here.</summary>
    public bool Knows(HttpContext http, Guid accountId) => Read(http)?.Accounts.Any(known => known.Id == accountId) == true;

    /// <summary>The mark of a browser in which somebody has signed in with the address; null for any other.</summary>
    public string? Find(HttpContext http, string address) =>
        Read(http) is { } device && device.Accounts.Any(known => known.Address == Mark(address)) ? device.Id : null;

    /// <summary>Notes that somebody has signed in to the account here.</summary>
    public void Remember(HttpContext http, Account account)
    {
        var device = Read(http) ?? new Device(Secrets.Create(), []);
        Known[] accounts = [new Known(account.Id, Mark(account.Email!)), .. device.Accounts.Where(known => known.Id != account.Id).Take(MostAccounts - 1)];
        seal.WriteCookie(http, Cookie, device with { Accounts = accounts }, Lifetime);
    }

    Device? Read(HttpContext http) => seal.ReadCookie<Device>(http, Cookie);

    string Mark(string address) => Secrets.Fingerprint(normalizer.NormalizeEmail(address)!)[..16];

    sealed record Device(string Id, Known[] Accounts);

    sealed record Known(Guid Id, string Address);
}
