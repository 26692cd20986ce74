using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Sessions;
using Lightning.Identity.Upstream;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

/// <summary>The front page of one's account: who one is, and what can be changed.</summary>
sealed class IndexModel(LightningDb db, UserManager<Data.Accounts.Account> accounts, SecondFactor second, UpstreamProviders upstream, LiveSessions sessions, TimeProvider clock) : OwnPage(db, clock, Freshness.NotAsked)
{
    static readonly Dictionary<string, string> Sentences = new(StringComparer.Ordinal)
    {
        ["password"] = "Your password was changed.",
        ["address-asked"] = "We have sent a mail to the new address. Open the link in it, in this browser.",
        ["address"] = "Your email address was changed.",
        ["authenticator-off"] = "The authenticator app was removed.",
    };

    /// <summary>What was done just now, in a sentence of ours.</summary>
    public string? DoneNow { get; private set; }

    public int Passkeys { get; private set; }

    public int RecoveryCodes { get; private set; }

    /// <summary>Whether other providers can sign anybody in.</summary>
    public bool HasUpstream => upstream.All.Count > 0;

    public int Devices { get; private set; }

    public async Task OnGetAsync(string? done, CancellationToken cancellationToken)
    {
        DoneNow = Sentences.GetValueOrDefault(done ?? "");
        Passkeys = (await accounts.GetPasskeysAsync(Mine)).Count;
        RecoveryCodes = await second.CountRecoveryCodesAsync(Mine.Id, cancellationToken);
        Devices = await sessions.OfUser(Mine.Id).CountAsync(cancellationToken);
    }
}
