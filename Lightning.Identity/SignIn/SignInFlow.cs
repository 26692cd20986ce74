using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.SignIn;

/// <summary>The result of a sign-in step.</summary>
enum SignInStatus
{
    /// <summary>The user is signed in.</summary>
    SignedIn,

    /// <summary>The account requires a code.</summary>
    CodeRequired,

    /// <summary>The account must have a second factor and has none.</summary>
    SetUpRequired,

    /// <summary>The account must have a second factor and has a passkey, so it must sign in with that.</summary>
    PasskeyRequired,

    /// <summary>The user is disabled.</summary>
    Disabled,

    /// <summary>The credentials changed after they were verified.</summary>
    CredentialsChanged,
}

/// <summary>
/// Signs a user in after a factor was verified, with a second step if the account requires one. All sign-in methods use
/// it: password, mailed link, passkey and upstream provider.
/// </summary>
sealed class SignInFlow(
    LightningDb db,
    BrowserSessions browser,
    SecondFactorPolicy policy,
    SignInFailureLog failures,
    StateProtector protector,
    TimeProvider clock
)
{
    const string Cookie = "__Host-lightning-id-step";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Signs the user in, or returns the missing step and remembers the verified factors.</summary>
    /// <param name="http">The current request.</param>
    /// <param name="account">The account as it was when the factor was verified.</param>
    /// <param name="methods">
    /// The authentication methods (RFC 8176); with <c>mfa</c>, no further step is required.
    /// </param>
    public Task<SignInStatus> ContinueAsync(HttpContext http, Account account, params string[] methods) =>
        ContinueAsync(http, account, clock.GetUtcNow(), methods);

    /// <summary>
    /// The same for an authentication at an earlier time. A second step does not make it more recent.
    /// </summary>
    public async Task<SignInStatus> ContinueAsync(
        HttpContext http,
        Account account,
        DateTimeOffset provedAt,
        string[] methods
    )
    {
        if (
            await db
                .Users.Where(user => user.Id == account.Id)
                .Select(user => new { user.IsAdmin, user.DisabledAt })
                .SingleOrDefaultAsync()
            is not { DisabledAt: null } person
        )
            return await FailAsync(SignInStatus.Disabled, "disabled");
        if (!methods.Contains(AuthenticationMethods.MultipleFactors, StringComparer.Ordinal))
        {
            var wanted =
                account.TwoFactorEnabled ? SignInStatus.CodeRequired
                : !policy.ForEveryone && !(policy.ForAdministrators && person.IsAdmin) ? SignInStatus.SignedIn
                // Someone who knows only the password must not add a second factor next to the owner's passkey.
                : await db.UserPasskeys.AnyAsync(passkey => passkey.UserId == account.Id) ? SignInStatus.PasskeyRequired
                : SignInStatus.SetUpRequired;
            if (wanted is SignInStatus.CodeRequired or SignInStatus.SetUpRequired)
                protector.WriteCookie(
                    http,
                    Cookie,
                    new PendingSignIn(account.Id, account.SecurityStamp, provedAt, methods),
                    Lifetime
                );
            if (wanted != SignInStatus.SignedIn)
                return wanted;
        }
        if (!await browser.SignInAsync(http, account, provedAt, methods))
            return await FailAsync(SignInStatus.CredentialsChanged, "the account was changed concurrently");
        StateProtector.DeleteCookie(http, Cookie);
        return SignInStatus.SignedIn;

        async Task<SignInStatus> FailAsync(SignInStatus step, string reason)
        {
            db.ChangeTracker.Clear();
            await failures.WriteAsync(account.Id, string.Join(' ', methods), reason);
            return step;
        }
    }

    /// <summary>
    /// Returns the sign-in that waits for its second step in this browser; null if there is none, or if the credentials
    /// changed since.
    /// </summary>
    public async Task<(Account Account, DateTimeOffset ProvedAt, string[] Methods)?> FindAsync(HttpContext http)
    {
        if (protector.ReadCookie<PendingSignIn>(http, Cookie) is not { } pending)
            return null;
        return
            await db.Accounts.SingleOrDefaultAsync(account =>
                account.Id == pending.AccountId && account.SecurityStamp == pending.SecurityStamp
            )
                is { } account
            ? (account, pending.ProvedAt, pending.Methods)
            : null;
    }

    sealed record PendingSignIn(Guid AccountId, string? SecurityStamp, DateTimeOffset ProvedAt, string[] Methods);
}
