using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages;

sealed class IndexModel(ClientRegistry clients) : PageModel
{
    public string Name { get; private set; } = "";

    public string Email { get; private set; } = "";

    /// <summary>The clients that the page links to.</summary>
    public IEnumerable<Client> Apps => clients.All.Where(client => client is { Start: not null, Title: not null });

    public IActionResult OnGet()
    {
        if (HttpContext.BrowserSession() is not { } session)
            return new SeeOther(Paths.SignIn);
        Name = session.Name;
        Email = session.Email;
        return Page();
    }
}
