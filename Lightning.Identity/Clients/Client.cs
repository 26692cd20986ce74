using System.Security.Cryptography;
using System.Text;

namespace Lightning.Identity.Clients;

/// <summary>A registered client, ready to be asked.</summary>
sealed class Client
{
    readonly byte[]? secretHash;

    public Client(ClientOptions options)
    {
        Id = options.ClientId;
        (Home, Title) = (options.BaseUri, options.Title);
        RedirectUris = options.RedirectUris.Select(options.Absolute).ToHashSet(StringComparer.Ordinal);
        PostLogoutRedirectUris = options.PostLogoutRedirectUris.Select(options.Absolute).ToHashSet(StringComparer.Ordinal);
        Scopes = options.Scopes.ToHashSet(StringComparer.Ordinal);
        GrantTypes = options.GrantTypes.ToHashSet(StringComparer.Ordinal);
        IsResourceServer = options.IsResourceServer;
        if (options.BackChannelLogoutUri is { } logout) BackChannelLogoutUri = new Uri(options.Absolute(logout));
        if (!options.IsPublic) secretHash = Hash(options.Secret!);
    }

    public string Id { get; }

    /// <summary>Its start page, where it has one.</summary>
    public string? Home { get; }

    /// <summary>What people know it as.</summary>
    public string? Title { get; }

    public IReadOnlySet<string> RedirectUris { get; }

    public IReadOnlySet<string> PostLogoutRedirectUris { get; }

    public IReadOnlySet<string> Scopes { get; }

    public IReadOnlySet<string> GrantTypes { get; }

    /// <summary>Whether it may ask about every access token.</summary>
    public bool IsResourceServer { get; }

    /// <summary>Where it is told of the end of sessions; null where it need not be.</summary>
    public Uri? BackChannelLogoutUri { get; }

    public bool IsPublic => secretHash is null;

    /// <summary>Whether this is its secret; takes the same time for any.</summary>
    public bool Knows(string secret) => secretHash is not null && CryptographicOperations.FixedTimeEquals(secretHash, Hash(secret));

    static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
