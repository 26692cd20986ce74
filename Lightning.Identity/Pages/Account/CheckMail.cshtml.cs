using Lightning.Identity.Accounts;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Secrets;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>What the mail is for.</summary>
enum MailPurpose
{
    /// <summary>A new account.</summary>
    Register,

    /// <summary>A new password.</summary>
    ResetPassword,

    /// <summary>The address of an upstream provider's user.</summary>
    Upstream,
}

/// <summary>A mail that the user has requested.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Address">The address as the user typed it.</param>
/// <param name="Name">The name that the user typed; empty if none.</param>
sealed record SentMail(MailPurpose Purpose, string Address, string Name);

/// <summary>
/// Names the address of a requested mail and sends it again. Known and unknown addresses look alike (ASVS 5.0, 6.3.8).
/// </summary>
sealed class CheckMailModel(AccountLinkMailer links, AccountRateLimits limits, StateProtector protector) : AccountPage
{
    const string Purpose = "check-mail";
    static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>The protected mail. It is encrypted, so that the URL holds no address.</summary>
    [BindProperty(SupportsGet = true)]
    public string? State { get; set; }

    /// <summary>Whether the user has just sent it again.</summary>
    [BindProperty(SupportsGet = true, Name = "again")]
    public bool IsSentAgain { get; set; }

    /// <summary>The mail; null if it is not known.</summary>
    public SentMail? Sent { get; private set; }

    /// <summary>This page's URL.</summary>
    public string SentUrl => QueryHelpers.AddQueryString(WithReturnUrl(Paths.CheckMail), "state", State ?? "");

    /// <summary>Where the user enters another address.</summary>
    public string BackUrl =>
        WithReturnUrl(
            Sent!.Purpose switch
            {
                MailPurpose.Register => Paths.Register,
                MailPurpose.ResetPassword => Paths.ForgotPassword,
                _ => Paths.Upstream,
            }
        );

    /// <summary>The page's URL for a mail.</summary>
    public static string CreateUrl(StateProtector protector, SentMail mail, string? returnUrl) =>
        QueryHelpers.AddQueryString(
            Paths.CheckMail,
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["returnUrl"] = returnUrl,
                ["state"] = protector.Protect(Purpose, mail, Lifetime),
            }
        );

    public void OnGet() => Read();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Read();
        if (Sent is null or { Purpose: MailPurpose.Upstream })
            return Page();
        if (!limits.MayAsk(HttpContext, Sent.Address))
            return TooManyAttempts();
        await (
            Sent.Purpose == MailPurpose.Register
                ? links.SendRegistrationLinkAsync(Sent.Address, Sent.Name, ReturnUrl, cancellationToken)
                : links.SendPasswordResetLinkAsync(Sent.Address, ReturnUrl, cancellationToken)
        );
        return new SeeOther(QueryHelpers.AddQueryString(SentUrl, "again", "true"));
    }

    void Read()
    {
        ModelState.Clear();
        Sent = protector.Unprotect<SentMail>(Purpose, State);
    }
}
