using Lightning.Data;
using Lightning.Identity.Factors;
using Lightning.Identity.Sessions;
using Lightning.Identity.Upstream;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

/// <summary>The start page of the account.</summary>
sealed class IndexModel(
    LightningDb db,
    UserManager<Data.Accounts.Account> accounts,
    SecondFactor secondFactor,
    UpstreamProviders upstream,
    ProviderSessions sessions,
    TimeProvider clock
) : SignedInPage(db, clock, Reauthentication.NotRequired)
{
    static readonly Dictionary<string, string> Messages = new(StringComparer.Ordinal)
    {
        ["name"] = "Your name was changed.",
        ["password"] = "Your password was changed.",
        ["address-asked"] = "We have sent an email to your new address. Open its link in this browser.",
        ["address"] = "Your email address was changed.",
        ["authenticator-off"] = "The authenticator app was removed.",
    };

    /// <summary>
    /// The result of the last change; null if there is none. A fixed text, never taken from the query.
    /// </summary>
    public string? StatusMessage { get; private set; }

    public int Passkeys { get; private set; }

    public int RecoveryCodes { get; private set; }

    /// <summary>Whether upstream providers are configured.</summary>
    public bool HasUpstream => upstream.All.Count > 0;

    public int Devices { get; private set; }

    public async Task OnGetAsync(string? done, CancellationToken cancellationToken)
    {
        StatusMessage = Messages.GetValueOrDefault(done ?? "");
        Passkeys = (await accounts.GetPasskeysAsync(CurrentAccount)).Count;
        RecoveryCodes = await secondFactor.CountRecoveryCodesAsync(CurrentAccount.Id, cancellationToken);
        Devices = await sessions.OfUser(CurrentAccount.Id).CountAsync(cancellationToken);
    }
}
