using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Lightning.EndToEnd;
using Lightning.Identity.Mail;

namespace Lightning.Identity.Tests;

/// <summary>What each mail says and how it looks.</summary>
public sealed partial class MailContentTests(EndToEnd.Browser chromium)
{
    const string Hostile = "<script>alert(1)</script>\"'&<img src=https://evil.example/x.png>";
    const string Link = "https://id.example.com/account/password?token=" + LongToken + "&returnUrl=%2Fa%3Fb%3D%3Cc%3E";
    const string LongToken = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFy";

    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Every mail of the application, by the method that composes it.</summary>
    static readonly Dictionary<string, MethodInfo> Mails = typeof(AccountMails)
        .GetMethods(BindingFlags.Static | BindingFlags.Public)
        .ToDictionary(method => method.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Mails.Keys];

    [Fact]
    public void Mails_AreAllFound() => Mails.Count.ShouldBeGreaterThanOrEqualTo(13);

    [Theory]
    [MemberData(nameof(Names))]
    public void Html_HasTheWordsOfTheText_AndTheLink(string name)
    {
        var mail = Compose(name, "Example ID");

        var visible = Words(WebUtility.HtmlDecode(Tag().Replace(Body().Match(mail.Html).Value, " ")));
        Words(mail.Text).ShouldBe(visible);
        Href().Matches(mail.Html).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value)).ShouldContain(Link);
        mail.Text.Split('\n').ShouldContain(Link);
        mail.Text.ShouldContain(mail.Subject);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Html_EncodesValues_AndLoadsNothing(string name)
    {
        var mail = Compose(name, Hostile);

        mail.Html.ShouldNotContain("<script", Case.Insensitive);
        mail.Html.ShouldNotContain("<img", Case.Insensitive);
        Tag().Matches(mail.Html).ShouldAllBe(tag => !tag.Value.Contains(" src=", StringComparison.OrdinalIgnoreCase));
        mail.Html.ShouldNotContain("url(", Case.Insensitive);
        mail.Html.ShouldNotContain("@import", Case.Insensitive);
        mail.Subject.ShouldNotContain('\n');
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Html_AnySizeAndScheme_IsReadable(string name)
    {
        var mail = Compose(name, "Example ID");
        foreach (var phone in new[] { true, false })
        foreach (var dark in new[] { true, false })
        {
            await using var context = await chromium.OpenAsync(phone, dark, scripts: true);
            var page = await context.NewPageAsync();
            var requests = new List<string>();
            page.Request += (_, request) => requests.Add(request.Url);
            await page.SetContentAsync(mail.Html);

            var look = (phone ? "phone" : "wide") + (dark ? "-dark" : "");
            var issues = await page.FindIssuesAsync($"mail-{name}-{look}");

            // A mail is shown inside the page of a mail client, which has the landmarks.
            issues.Where(issue => !issue.Contains("landmark", StringComparison.OrdinalIgnoreCase)).ShouldBeEmpty();
            requests.ShouldBeEmpty();
        }
    }

    /// <summary>Composes a mail; text of a provider or a device is the given one.</summary>
    static OutgoingMail Compose(string name, string text)
    {
        var method = Mails[name];
        return (OutgoingMail)
            method.Invoke(
                null,
                [
                    .. method
                        .GetParameters()
                        .Select(parameter =>
                            parameter.ParameterType switch
                            {
                                var type when type == typeof(DateTimeOffset) => Now,
                                var type when type == typeof(int) => (object)10,
                                var type when type == typeof(AccountNotice) => new AccountNotice(
                                    "Your password was changed",
                                    "Your password was changed.",
                                    text,
                                    Now
                                ),
                                _ => parameter.Name switch
                                {
                                    "to" => "ada@example.com",
                                    "provider" => text,
                                    _ => Link,
                                },
                            }
                        ),
                ]
            )!;
    }

    /// <summary>The words; the text has a colon between a label and its link.</summary>
    static string[] Words(string text) =>
        [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => word.TrimEnd(':'))];

    [GeneratedRegex("<body.*</body>", RegexOptions.Singleline, 1000)]
    private static partial Regex Body();

    [GeneratedRegex("<[^>]*>", RegexOptions.None, 1000)]
    private static partial Regex Tag();

    [GeneratedRegex("href=\"([^\"]*)\"", RegexOptions.None, 1000)]
    private static partial Regex Href();
}
