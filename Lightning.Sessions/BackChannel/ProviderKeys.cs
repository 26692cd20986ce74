using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.BackChannel;

/// <summary>The provider's signing keys. One that is not known yet is asked for, but whoever makes up names of keys gets the provider asked once a minute.</summary>
sealed class ProviderKeys(IOptionsMonitor<OpenIdConnectOptions> schemes, TimeProvider clock) : IDisposable
{
    static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    /// <summary>Providers wait a few seconds for an answer; what comes after that is known by the time they try again.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(50);
    readonly SemaphoreSlim asking = new(1, 1);
    long? askedAt;

    /// <summary>The keys, among them the one of that name if the provider has it.</summary>
    public async Task<IEnumerable<SecurityKey>> FindAsync(string? keyId, CancellationToken cancellationToken)
    {
        var metadata = schemes.Get(Schemes.Provider).ConfigurationManager!;
        var known = await metadata.GetConfigurationAsync(cancellationToken);
        if (string.IsNullOrEmpty(keyId) || Has(known, keyId)) return known.SigningKeys;

        await asking.WaitAsync(cancellationToken);
        try
        {
            known = await metadata.GetConfigurationAsync(cancellationToken);
            if (!Has(known, keyId) && (askedAt is not { } then || clock.GetElapsedTime(then) >= AskAgainAfter))
            {
                askedAt = clock.GetTimestamp();
                known = await AskAsync(metadata, known, cancellationToken);
            }
            return known.SigningKeys;
        }
        finally
        {
            asking.Release();
        }
    }

    /// <summary>The manager refreshes behind our back and says nothing of when it is done.</summary>
    async Task<OpenIdConnectConfiguration> AskAsync(
        IConfigurationManager<OpenIdConnectConfiguration> metadata, OpenIdConnectConfiguration known, CancellationToken cancellationToken)
    {
        metadata.RequestRefresh();
        while (true)
        {
            var current = await metadata.GetConfigurationAsync(cancellationToken);
            if (!ReferenceEquals(current, known) || clock.GetElapsedTime(askedAt!.Value) >= Patience) return current;
            await Task.Delay(LookAgainAfter, clock, cancellationToken);
        }
    }

    static bool Has(OpenIdConnectConfiguration metadata, string keyId) => metadata.SigningKeys.Any(key => string.Equals(key.KeyId, keyId, StringComparison.Ordinal));

    public void Dispose() => asking.Dispose();
}
