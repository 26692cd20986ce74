using System.Globalization;
using System.Text.RegularExpressions;
using Lightning.Identity.Mail;

namespace Lightning.Identity.Organizations;

/// <summary>The mail of an invitation to an organization.</summary>
static partial class InvitationMail
{
    /// <summary>Creates the mail.</summary>
    /// <param name="to">The invited address.</param>
    /// <param name="inviter">The verified address of the user who invites.</param>
    /// <param name="organization">The organization's name, which users choose.</param>
    /// <param name="link">The page with the invitation. It holds no secret: only the address's owner can
    /// accept.</param>
    /// <param name="expiresAt">When the invitation expires (UTC).</param>
    public static OutgoingMail Create(
        string to,
        string inviter,
        string organization,
        string link,
        DateTimeOffset expiresAt
    ) =>
        new MailContent(
            "You are invited to an organization",
            $"{inviter} invites you to {Describe(organization)}. Sign in with this email address, or create an account "
                + "with it, to accept.",
            ("View the invitation", link),
            string.Create(
                CultureInfo.InvariantCulture,
                $"The invitation expires on {expiresAt:d MMMM yyyy}. If you do not know the sender, ignore this email: "
                    + $"you join nothing unless you accept."
            )
        ).To(to, expiresAt);

    /// <summary>A name that mail clients could make a link of is left out: anyone can send it to any address.</summary>
    static string Describe(string organization) =>
        LinkPattern().IsMatch(organization) ? "their organization" : $"the organization \"{organization}\"";

    [GeneratedRegex(@"[/@\\]|[^\s.]\.[^\s.]|^www\b", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LinkPattern();
}
