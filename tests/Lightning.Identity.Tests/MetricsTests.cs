using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public sealed class MetricsTests : IClassFixture<IdentityUnderTest>, IDisposable
{
    readonly IdentityUnderTest identity;
    readonly MeterListener listener = new();
    readonly ConcurrentBag<string> counted = [];

    public MetricsTests(IdentityUnderTest identity)
    {
        this.identity = identity;
        // Only this host: other tests run at the same time.
        var meters = identity.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == ProviderMetrics.MeterName && instrument.Meter.Scope == meters)
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, count, tags, _) =>
            {
                for (; count > 0; count--)
                    counted.Add($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}");
            }
        );
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    [Trait("Check", "O01")]
    [Trait("Check", "O03")]
    public async Task SignInsAndGrants_AreCountedByMethodAndOutcome()
    {
        var user = await identity.AddAccountAsync("ada");
        var visitor = identity.Visitor();
        await visitor.SignInAsync(user.Email, "not the password");
        await visitor.SignInAsync(user.Email);
        var tokens = await identity.Bff(visitor).TokensAsync();
        await identity.Bff(visitor).RefreshAsync(tokens["refresh_token"]!);
        await identity.Bff(visitor).RefreshAsync(tokens["refresh_token"]!);

        counted
            .Order()
            .ShouldBe([
                "lightning.identity.events refresh-token-reused",
                "lightning.identity.events refreshed",
                "lightning.identity.events sign-in-failed",
                "lightning.identity.events signed-in",
                "lightning.identity.grants authorization_code granted",
                "lightning.identity.grants refresh_token granted",
                "lightning.identity.grants refresh_token invalid_grant",
                "lightning.identity.sessions_ended refresh-token-reuse",
                "lightning.identity.sign_ins pwd failed",
                "lightning.identity.sign_ins pwd succeeded",
            ]);
    }
}
