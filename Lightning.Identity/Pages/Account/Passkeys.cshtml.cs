using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Factors;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

sealed class PasskeysModel(
    LightningDb db,
    UserManager<Data.Accounts.Account> accounts,
    Passkeys passkeys,
    AccountChanges changes,
    TimeProvider clock
) : SignedInPage(db, clock, Reauthentication.Required)
{
    public IList<UserPasskeyInfo> All { get; private set; } = [];

    /// <summary>The error to show; null if there is none.</summary>
    public string? Error { get; private set; }

    public bool IsFull => All.Count >= Passkeys.MaxPerAccount;

    public static string IdOf(UserPasskeyInfo passkey) => WebEncoders.Base64UrlEncode(passkey.CredentialId);

    /// <summary>The name to show in the form: the posted one if it was not saved.</summary>
    public string NameOf(UserPasskeyInfo passkey) =>
        HttpMethods.IsPost(Request.Method) && Request.Form["id"] == IdOf(passkey) && Request.Form["name"] is [{ } typed]
            ? typed
            : passkey.Name ?? "";

    public async Task OnGetAsync() => All = await accounts.GetPasskeysAsync(CurrentAccount);

    /// <summary>The options for creating a passkey, for the script.</summary>
    public async Task<IActionResult> OnPostOptionsAsync() =>
        Content(await passkeys.CreationAsync(HttpContext, CurrentAccount), "application/json");

    public async Task<IActionResult> OnPostAsync(string? credential, bool endOthers)
    {
        await OnGetAsync();
        if (IsFull)
            return ShowError(
                $"Your account has the maximum of {Passkeys.MaxPerAccount} passkeys. Remove one to add another."
            );
        if (
            credential is not { Length: <= Passkeys.MaxCredentialLength }
            || await passkeys.ReadAsync(HttpContext, CurrentAccount, credential) is not { } passkey
        )
            return ShowError(
                "The passkey could not be added. Try again; your device must ask for your fingerprint, your face or "
                    + "its PIN."
            );
        passkey.Name = Device.Describe(Request.Headers.UserAgent);
        return await changes.AddPasskeyAsync(HttpContext, CurrentAccount, passkey, endOthers)
            ? new SeeOther(Paths.Passkeys)
            : ShowError("Your account was changed at the same time, so nothing was saved. Try again.");
    }

    public async Task<IActionResult> OnPostRenameAsync(string? id, string? name)
    {
        await OnGetAsync();
        if (name is not { Length: > 0 and <= Passkeys.NameLength })
            return ShowError($"Enter a name of 1 to {Passkeys.NameLength} characters.");
        if (PersonName.Validate(name) is { } error)
            return ShowError(error);
        return
            Find(id) is { } passkey
            && await changes.RenamePasskeyAsync(HttpContext, CurrentAccount, passkey.CredentialId, name.Trim())
            ? new SeeOther(Paths.Passkeys)
            : ShowError("This passkey was removed.");
    }

    public async Task<IActionResult> OnPostRemoveAsync(string? id, bool endOthers)
    {
        await OnGetAsync();
        // Removed in another tab: the list no longer shows it.
        if (Find(id) is not { } passkey)
            return new SeeOther(Paths.Passkeys);
        return await changes.RemovePasskeyAsync(HttpContext, CurrentAccount, passkey.CredentialId, endOthers)
            ? new SeeOther(Paths.Passkeys)
            : ShowError("Your account was changed at the same time, so nothing was removed. Try again.");
    }

    UserPasskeyInfo? Find(string? id) => All.FirstOrDefault(passkey => IdOf(passkey) == id);

    PageResult ShowError(string sentence)
    {
        Error = sentence;
        return Page();
    }
}
