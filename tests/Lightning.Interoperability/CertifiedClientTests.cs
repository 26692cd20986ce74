namespace Lightning.Interoperability;

/// <summary>
/// The certified relying party <c>openid-client</c> against Lightning.Identity: each test runs a scenario of
/// <c>node/client.mjs</c>.
/// </summary>
public sealed class CertifiedClientTests(IdentityService identity, NodePackages packages)
    : IClassFixture<IdentityService>
{
    [Theory]
    [InlineData("code")]
    [InlineData("pushed")]
    [InlineData("native")]
    [InlineData("tampered")]
    [InlineData("revocation")]
    [InlineData("service")]
    [InlineData("logout")]
    [InlineData("exchange")]
    [Trait("Check", "A20")]
    public async Task CertifiedClient_Scenario_Succeeds(string scenario)
    {
        using var script = packages.Run("client.mjs", identity.Describe(scenario));
        var (output, errors) = (
            script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            script.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
        );
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await script.WaitForExitAsync(timeout.Token);
        script.ExitCode.ShouldBe(0, $"{await output}{await errors}");
        (await output).ShouldContain($"{scenario}: passed");
    }
}
