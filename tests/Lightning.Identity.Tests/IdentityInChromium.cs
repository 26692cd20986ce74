using Lightning.EndToEnd;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Lightning.Identity.Tests;

/// <summary>Identity on a port, for a real browser.</summary>
public class IdentityInChromium(PostgresServer server) : IdentityUnderTest(server)
{
    readonly int port = Ports.Free();

    public string Origin => $"http://localhost:{port}";

    /// <summary>The logged events.</summary>
    public EventLog Log { get; } = new();

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Identity:Issuer", Origin), ("Logging:LogLevel:Lightning.Identity", "Information")];

    protected override void Configure(IServiceCollection services) => services.AddSingleton<ILoggerProvider>(Log);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Listen(port);
    }

    /// <summary>Adds a virtual authenticator (WebAuthn, 11).</summary>
    /// <param name="page">The page.</param>
    /// <param name="verifiesUser">Whether it verifies its user.</param>
    /// <param name="offers">Whether it also responds to conditional mediation: it never waits for a click.</param>
    public static async Task<ICDPSession> AddAuthenticatorAsync(
        IPage page,
        bool verifiesUser = true,
        bool offers = false
    )
    {
        if (!offers)
            await page.AddInitScriptAsync("PublicKeyCredential.isConditionalMediationAvailable = async () => false;");
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync(
            "WebAuthn.addVirtualAuthenticator",
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["options"] = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["protocol"] = "ctap2",
                    ["transport"] = verifiesUser ? "internal" : "usb",
                    ["hasResidentKey"] = true,
                    ["hasUserVerification"] = verifiesUser,
                    ["isUserVerified"] = verifiesUser,
                    ["automaticPresenceSimulation"] = true,
                },
            }
        );
        return devtools;
    }

    public async Task SignInAsync(IPage page, string address, string? returnUrl = null)
    {
        await page.GotoAsync(
            $"{Origin}/account/sign-in{(returnUrl is null ? "" : $"?returnUrl={Uri.EscapeDataString(returnUrl)}")}"
        );
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.WaitToLeaveAsync("/account/sign-in");
    }
}
