using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Clients;

/// <summary>The clients that this provider knows.</summary>
sealed class ClientRegistry(IOptions<ProviderOptions> options)
{
    readonly Dictionary<string, Client> clients =
        options.Value.Clients.Values.Select(client => new Client(client)).ToDictionary(client => client.Id, StringComparer.Ordinal);

    public IEnumerable<Client> All => clients.Values;

    /// <summary>The client of this id, or null.</summary>
    public Client? Find(string? id) => id is null ? null : clients.GetValueOrDefault(id);

    /// <summary>Where the pages' forms may lead: browsers apply <c>form-action</c> to the redirects that follow a post.</summary>
    public IEnumerable<string> Origins => All
        .SelectMany(client => client.RedirectUris.Concat(client.PostLogoutRedirectUris))
        .Select(uri => new Uri(uri))
        // Content Security Policy has no words for an IPv6 address (CSP Level 3, 2.3.1).
        .Where(uri => uri.HostNameType != UriHostNameType.IPv6).Select(FormAction)
        .Distinct(StringComparer.Ordinal);

    /// <summary>Whether a public client's scripts call from this origin, compared character by character.</summary>
    public bool IsOrigin(string origin) => All.Any(client => client.IsPublic && client.Origins.Contains(origin));

    static string FormAction(Uri uri) => uri.Scheme switch
    {
        // A native app's address, whose port is chosen anew each time.
        "http" when uri.IsDefaultPort && WebOrigin.IsLoopbackLiteral(uri) => $"{uri.GetLeftPart(UriPartial.Authority)}:*",
        "http" or "https" => uri.GetLeftPart(UriPartial.Authority),
        _ => $"{uri.Scheme}:",
    };
}
