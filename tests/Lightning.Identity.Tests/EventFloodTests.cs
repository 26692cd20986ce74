using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

public sealed class IdentityWithLowFormLimit(PostgresServer server) : IdentityWithUpstream(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [.. base.Settings, ("Identity:FormsPerMinute", "3")];
}

/// <summary>Failures that need no form are limited like forms.</summary>
public class EventFloodTests(IdentityWithLowFormLimit identity) : IClassFixture<IdentityWithLowFormLimit>
{
    [Fact, Trait("Check", "O01")]
    public async Task ForgedProviderResponses_FillTheAuditLogOnlyUpToALimit()
    {
        for (var attempt = 0; attempt < 10; attempt++)
            (
                await identity.Visitor().GetAsync("/account/upstream/sky?error=made_up&state=made_up")
            ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (
            await identity.Database.ExecuteAsync("SELECT count(*) FROM audit.entries WHERE action = 'sign-in-failed'")
        ).ShouldBe(3L);
    }
}
