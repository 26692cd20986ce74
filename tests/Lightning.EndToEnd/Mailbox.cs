using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Lightning.EndToEnd;

/// <summary>Reads the development mailbox.</summary>
public sealed partial class Mailbox(HttpClient client)
{
    static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Waits for a mail to an address and returns the first link in the newest one.</summary>
    public async Task<string> WaitForLinkAsync(string address, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(WaitTimeout);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        do
        {
            var mails = await client.GetFromJsonAsync<JsonElement>("/api/email", timeout.Token);
            foreach (var mail in mails.EnumerateArray().Reverse())
                if (
                    mail.GetProperty("to").EnumerateArray().Any(to => to.GetProperty("address").GetString() == address)
                    && await LinkAsync(mail.GetProperty("id").GetString()!, timeout.Token) is { } link
                )
                    return link;
        } while (await poll.WaitForNextTickAsync(timeout.Token));
        throw new TimeoutException($"No mail with a link was sent to {address}.");
    }

    async Task<string?> LinkAsync(string id, CancellationToken cancellationToken)
    {
        var mail = await client.GetFromJsonAsync<JsonElement>($"/api/email/{id}", cancellationToken);
        var match = Link().Match(mail.GetProperty("text").GetString() ?? "");
        return match.Success ? match.Value : null;
    }

    [GeneratedRegex(@"https?://\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
