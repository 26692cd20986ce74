using Lightning.Sessions.Cookies.Provider;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Cookies.BackChannel;

/// <summary>
/// The provider's signing keys. An unknown key id triggers a refresh of the metadata, at most once a minute, so that
/// made-up key ids cannot flood the provider.
/// </summary>
sealed class ProviderKeys(IOptionsMonitor<OpenIdConnectOptions> schemes, TimeProvider clock) : IDisposable
{
    static readonly TimeSpan MinRefreshInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Providers wait a few seconds for the response. Keys that arrive later are there when the provider retries.
    /// </summary>
    static readonly TimeSpan RefreshTimeout = TimeSpan.FromSeconds(2);

    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    readonly SemaphoreSlim refreshing = new(1, 1);
    long? refreshedAt;

    /// <summary>All known keys, after a refresh if none has the key id.</summary>
    /// <param name="keyId">The token's <c>kid</c>; null if it has none.</param>
    /// <param name="cancellationToken">Cancels the wait for the metadata.</param>
    public async Task<IEnumerable<SecurityKey>> FindAsync(string? keyId, CancellationToken cancellationToken)
    {
        var manager = schemes.Get(Schemes.Provider).ConfigurationManager!;
        var metadata = await manager.GetConfigurationAsync(cancellationToken);
        if (string.IsNullOrEmpty(keyId) || Has(metadata, keyId))
            return metadata.SigningKeys;

        await refreshing.WaitAsync(cancellationToken);
        try
        {
            metadata = await manager.GetConfigurationAsync(cancellationToken);
            if (
                !Has(metadata, keyId)
                && (refreshedAt is not { } then || clock.GetElapsedTime(then) >= MinRefreshInterval)
            )
            {
                refreshedAt = clock.GetTimestamp();
                metadata = await RefreshAsync(manager, metadata, cancellationToken);
            }
            return metadata.SigningKeys;
        }
        finally
        {
            refreshing.Release();
        }
    }

    /// <summary>Polls, because the manager refreshes in the background and does not signal when it is done.</summary>
    async Task<OpenIdConnectConfiguration> RefreshAsync(
        IConfigurationManager<OpenIdConnectConfiguration> manager,
        OpenIdConnectConfiguration metadata,
        CancellationToken cancellationToken
    )
    {
        manager.RequestRefresh();
        while (true)
        {
            var current = await manager.GetConfigurationAsync(cancellationToken);
            if (!ReferenceEquals(current, metadata) || clock.GetElapsedTime(refreshedAt!.Value) >= RefreshTimeout)
                return current;
            await Task.Delay(PollInterval, clock, cancellationToken);
        }
    }

    static bool Has(OpenIdConnectConfiguration metadata, string keyId) =>
        metadata.SigningKeys.Any(key => string.Equals(key.KeyId, keyId, StringComparison.Ordinal));

    public void Dispose() => refreshing.Dispose();
}
