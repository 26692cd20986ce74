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
        .Select(uri => new Uri(uri)).Select(uri => uri.Scheme is "http" or "https" ? uri.GetLeftPart(UriPartial.Authority) : $"{uri.Scheme}:")
        .Distinct(StringComparer.Ordinal);
}
