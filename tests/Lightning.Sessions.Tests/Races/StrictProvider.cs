using System.Collections.Concurrent;
using System.Globalization;
using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Lightning.Testing;

namespace Lightning.Sessions.Tests.Races;

/// <summary>
/// A provider without a grace period: refresh tokens are <c>session.number</c>, and only the latest is valid.
/// </summary>
sealed class StrictProvider : IOpenIdConnectUserTokenEndpoint
{
    /// <summary>The random delays, from the caller's seed.</summary>
    public static readonly AsyncLocal<Random?> Pauses = new();

    readonly ConcurrentDictionary<string, int> last = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, int> calls = new(StringComparer.Ordinal);

    public int CallsFor(Guid sid) => calls.GetValueOrDefault(sid.ToString());

    public async Task<TokenResult<UserToken>> RefreshAccessTokenAsync(
        UserRefreshToken userToken,
        UserTokenRequestParameters parameters,
        CancellationToken ct = default
    )
    {
        var parts = userToken.RefreshToken.ToString().Split('.');
        var (sid, number) = (parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture));
        calls.AddOrUpdate(sid, 1, (_, count) => count + 1);
        if (Pauses.Value is { } random)
            await Interleavings.PauseAsync(random);
        if (!last.TryUpdate(sid, number + 1, number) && !(number == 0 && last.TryAdd(sid, 1)))
            return TokenResult.Failure("invalid_grant");
        if (Pauses.Value is { } again)
            await Interleavings.PauseAsync(again);
        return new UserToken
        {
            AccessToken = AccessToken.Parse($"access-{sid}-{number + 1}"),
            AccessTokenType = AccessTokenType.Parse("Bearer"),
            Expiration = DateTimeOffset.UtcNow.AddMinutes(5),
            ClientId = ClientId.Parse("lightning-bff"),
            RefreshToken = RefreshToken.Parse($"{sid}.{number + 1}"),
        };
    }

    public Task RevokeRefreshTokenAsync(
        UserRefreshToken userToken,
        UserTokenRequestParameters parameters,
        CancellationToken ct = default
    ) => Task.CompletedTask;
}
