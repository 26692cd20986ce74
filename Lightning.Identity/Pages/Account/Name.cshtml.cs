using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class NameModel(LightningDb db, NameChange change, TimeProvider clock)
    : SignedInPage(db, clock, Reauthentication.NotRequired)
{
    [BindProperty]
    [Required(ErrorMessage = "Enter your name."), PersonName]
    public string? Name { get; set; }

    public void OnGet()
    {
        ModelState.Clear();
        Name ??= CurrentAccount.Name;
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (!ModelState.IsValid)
            return Page();
        if (await change.ChangeAsync(HttpContext, CurrentAccount, Name!.Trim()))
            return RedirectToAccount("name");
        ModelState.AddModelError("", "You are not allowed to change this name.");
        return Page();
    }
}
