using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

sealed class PasskeysModel(LightningDb db, UserManager<Data.Accounts.Account> accounts, Passkeys passkeys, AccountChanges changes, TimeProvider clock)
    : OwnPage(db, clock, Freshness.ToSee)
{
    public IList<UserPasskeyInfo> All { get; private set; } = [];

    /// <summary>What was not right, where something was not.</summary>
    public string? Fault { get; private set; }

    public bool IsFull => All.Count >= Passkeys.Most;

    public static string IdOf(UserPasskeyInfo passkey) => WebEncoders.Base64UrlEncode(passkey.CredentialId);

    public async Task OnGetAsync() => All = await accounts.GetPasskeysAsync(Mine);

    /// <summary>What a browser needs to make a passkey.</summary>
    public async Task<IActionResult> OnPostOptionsAsync() => Content(await passkeys.CreationAsync(HttpContext, Mine), "application/json");

    public async Task<IActionResult> OnPostAsync(string? credential, bool endOthers)
    {
        await OnGetAsync();
        if (IsFull) return Faulty($"An account has at most {Passkeys.Most} passkeys. Remove one first.");
        if (credential is not { Length: <= Passkeys.LongestAnswer } || await passkeys.ReadAsync(HttpContext, Mine, credential) is not { } passkey)
            return Faulty("This passkey was not made as it must be. Try again; your device must ask for its PIN, your finger or your face.");
        passkey.Name = Device.Name(Request.Headers.UserAgent);
        return await changes.AddPasskeyAsync(HttpContext, Mine, passkey, endOthers) ? new SeeOther(Paths.Passkeys) : Faulty("Your account was changed meanwhile, so nothing was done. Try again.");
    }

    public async Task<IActionResult> OnPostRenameAsync(string? id, string? name)
    {
        await OnGetAsync();
        if (string.IsNullOrWhiteSpace(name) || name.Length > Passkeys.NameLength || name.Any(char.IsControl)) return Faulty($"A name has 1 to {Passkeys.NameLength} characters.");
        return Find(id) is { } passkey && await changes.RenamePasskeyAsync(HttpContext, Mine, passkey.CredentialId, name.Trim()) ? new SeeOther(Paths.Passkeys) : NotFound();
    }

    public async Task<IActionResult> OnPostRemoveAsync(string? id, bool endOthers)
    {
        await OnGetAsync();
        return Find(id) is { } passkey && await changes.RemovePasskeyAsync(HttpContext, Mine, passkey.CredentialId, endOthers) ? new SeeOther(Paths.Passkeys) : NotFound();
    }

    UserPasskeyInfo? Find(string? id) => All.FirstOrDefault(passkey => IdOf(passkey) == id);

    PageResult Faulty(string sentence)
    {
        Fault = sentence;
        return Page();
    }
}
