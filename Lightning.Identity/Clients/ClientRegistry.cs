using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Clients;

/// <summary>The registered clients.</summary>
sealed class ClientRegistry(IOptions<ProviderOptions> options)
{
    readonly Dictionary<string, Client> clients = options
        .Value.Clients.Values.Select(client => new Client(client))
        .ToDictionary(client => client.Id, StringComparer.Ordinal);

    public IEnumerable<Client> All => clients.Values;

    /// <summary>The client with this id; null if it is not registered.</summary>
    public Client? Find(string? id) => id is null ? null : clients.GetValueOrDefault(id);

    /// <summary>
    /// The origins that forms may redirect to, because browsers apply <c>form-action</c> to redirects after a post.
    /// </summary>
    public IEnumerable<string> Origins =>
        All.SelectMany(client => client.RedirectUris.Concat(client.PostLogoutRedirectUris))
            .Select(uri => new Uri(uri))
            // CSP cannot express an IPv6 address (CSP Level 3, 2.3.1).
            .Where(uri => uri.HostNameType != UriHostNameType.IPv6)
            .Select(FormAction)
            .Distinct(StringComparer.Ordinal);

    /// <summary>Whether the origin is registered for a public client, compared exactly.</summary>
    public bool IsOrigin(string origin) => All.Any(client => client.IsPublic && client.Origins.Contains(origin));

    static string FormAction(Uri uri) =>
        uri.Scheme switch
        {
            // A native app chooses its loopback port at runtime.
            "http" when uri.IsDefaultPort && WebOrigin.IsLoopbackLiteral(uri) =>
                $"{uri.GetLeftPart(UriPartial.Authority)}:*",
            "http" or "https" => uri.GetLeftPart(UriPartial.Authority),
            _ => $"{uri.Scheme}:",
        };
}
