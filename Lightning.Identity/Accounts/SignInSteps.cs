using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>Where a sign-in stands.</summary>
enum SignInStep
{
    /// <summary>Done.</summary>
    SignedIn,

    /// <summary>The account asks for a code besides.</summary>
    CodeWanted,

    /// <summary>The account has no second factor and must have one.</summary>
    SetUpWanted,

    /// <summary>The account must have a second factor, and has a passkey: that is the way in.</summary>
    PasskeyWanted,

    /// <summary>The user was shut out.</summary>
    Disabled,

    /// <summary>The credentials were changed since they were compared.</summary>
    Outdated,
}

/// <summary>
/// Takes a person who has proved something to a session, by a second step where their account asks for one. Every way in comes through here: password,
/// mailed link, passkey, another provider.
/// </summary>
sealed class SignInSteps(LightningDb db, BrowserSessions browser, SecondFactorRule rule, SignInFailures failures, Seal seal, TimeProvider clock)
{
    const string Cookie = "__Host-lightning-id-step";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Signs the person in, or says which step is missing and remembers what they have proved.</summary>
    /// <param name="http">Their browser.</param>
    /// <param name="account">Who they are: the account as it was when they proved that.</param>
    /// <param name="methods">How they proved it (RFC 8176); with <c>mfa</c> among them no other step is asked for.</param>
    public Task<SignInStep> GoOnAsync(HttpContext http, Account account, params string[] methods) => GoOnAsync(http, account, clock.GetUtcNow(), methods);

    /// <summary>The same, for a proof that may be an old one. A second step does not make the first one younger.</summary>
    public async Task<SignInStep> GoOnAsync(HttpContext http, Account account, DateTimeOffset provedAt, string[] methods)
    {
        if (await db.Users.Where(user => user.Id == account.Id).Select(user => new { user.IsAdmin, user.DisabledAt }).SingleOrDefaultAsync() is not { DisabledAt: null } person)
            return await FailAsync(SignInStep.Disabled, "disabled");
        if (!methods.Contains(SecondFactor.Multiple, StringComparer.Ordinal))
        {
            var wanted = account.TwoFactorEnabled ? SignInStep.CodeWanted
                : !rule.ForEveryone && !(rule.ForAdministrators && person.IsAdmin) ? SignInStep.SignedIn
                // Whoever knows the password alone must not add a factor of theirs beside the owner's.
                : await db.UserPasskeys.AnyAsync(passkey => passkey.UserId == account.Id) ? SignInStep.PasskeyWanted : SignInStep.SetUpWanted;
            if (wanted is SignInStep.CodeWanted or SignInStep.SetUpWanted)
                seal.WriteCookie(http, Cookie, new PendingSignIn(account.Id, account.SecurityStamp, provedAt, methods), Lifetime);
            if (wanted != SignInStep.SignedIn) return wanted;
        }
        if (!await browser.SignInAsync(http, account, provedAt, methods)) return await FailAsync(SignInStep.Outdated, "the account was changed meanwhile");
        Seal.DeleteCookie(http, Cookie);
        return SignInStep.SignedIn;

        async Task<SignInStep> FailAsync(SignInStep step, string reason)
        {
            db.ChangeTracker.Clear();
            await failures.WriteAsync(account.Id, string.Join(' ', methods), reason);
            return step;
        }
    }

    /// <summary>Whose second step is awaited in this browser; null where nobody's is, or the credentials were changed since the first.</summary>
    public async Task<(Account Account, DateTimeOffset ProvedAt, string[] Methods)?> FindAsync(HttpContext http)
    {
        if (seal.ReadCookie<PendingSignIn>(http, Cookie) is not { } pending) return null;
        return await db.Accounts.SingleOrDefaultAsync(account => account.Id == pending.AccountId && account.SecurityStamp == pending.SecurityStamp) is { } account
            ? (account, pending.ProvedAt, pending.Methods) : null;
    }

    sealed record PendingSignIn(Guid AccountId, string? SecurityStamp, DateTimeOffset ProvedAt, string[] Methods);
}
