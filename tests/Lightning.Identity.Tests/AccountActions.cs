using System.Net;
using System.Text.RegularExpressions;
using Lightning.Identity.Factors;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Actions of users on their accounts, shared by several tests.</summary>
static partial class AccountActions
{
    /// <summary>Connects an authenticator app.</summary>
    /// <returns>The app's key and the recovery codes.</returns>
    public static async Task<(byte[] Key, string[] RecoveryCodes)> AddAuthenticatorAsync(
        this IdentityUnderTest identity,
        Visitor visitor
    )
    {
        var page = await visitor.ReadAsync("/account/authenticator");
        var key = Key(page);
        using var answer = await visitor.Browser.SendAsync(
            HttpMethod.Post,
            "/account/authenticator",
            new FormUrlEncodedContent(
                new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["__RequestVerificationToken"] = Token().Match(page).Groups["value"].Value,
                    ["Key"] = SealedKey().Match(page).Groups["value"].Value,
                    ["Code"] = identity.CodeOf(key),
                    ["EndOthers"] = "false",
                }
            )
        );
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var codes = RecoveryCode()
            .Matches(await answer.Content.ReadAsStringAsync())
            .Select(match => match.Groups["value"].Value)
            .ToArray();
        codes.Length.ShouldBe(10);
        // Move to the next code.
        identity.Clock.Advance(TimeSpan.FromSeconds(30));
        return (key, codes);
    }

    /// <summary>The secret that a page shows for typing.</summary>
    public static byte[] Key(string page)
    {
        var text = Secret().Match(page).Groups["value"].Value.Replace(" ", "", StringComparison.Ordinal);
        text.Length.ShouldBe(32);
        var bits = string.Concat(
            text.Select(letter =>
                Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter), 2).PadLeft(5, '0')
            )
        );
        return [.. bits.Chunk(8).Select(part => Convert.ToByte(new string(part), 2))];
    }

    /// <summary>What the app shows now.</summary>
    public static string CodeOf(this IdentityUnderTest identity, byte[] key) =>
        Totp.Code(key, Totp.StepAt(identity.Clock.GetUtcNow()));

    public static async Task<string[]> AuditAsync(this IdentityUnderTest identity, Guid userId)
    {
        await using var db = identity.Database.Connect();
        return await db
            .AuditEntries.Where(entry => entry.UserId == userId)
            .OrderBy(entry => entry.Id)
            .Select(entry => entry.Action)
            .ToArrayAsync();
    }

    public static async Task<string[]> SubjectsAsync(this IdentityUnderTest identity, string address) =>
        [.. (await identity.MailsAsync(address)).Select(mail => mail.Subject)];

    [GeneratedRegex(
        """<code class="secret">(?<value>[A-Z2-7 ]+)</code>""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Secret();

    [GeneratedRegex(
        """name="Key" value="(?<value>[^"]+)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex SealedKey();

    [GeneratedRegex(
        """name="__RequestVerificationToken" type="hidden" value="(?<value>[^"]+)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();

    [GeneratedRegex(
        "<li><code>(?<value>[0-9A-Z-]{29})</code>",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex RecoveryCode();
}
