using System.Net;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Identity with two upstream providers: one whose word on addresses counts, and one whose word does not.</summary>
public class IdentityWithUpstream(PostgresServer server) : IdentityUnderTest(server), IAsyncLifetime
{
    public const string AppAtUpstream = "app-at-upstream";

    public FakeProvider Upstream { get; private set; } = null!;

    public FakeProvider Other { get; private set; } = null!;

    protected override IEnumerable<(string Key, string Value)> Settings =>
    [
        .. Provider("Sky", Upstream), ("Identity:Upstream:Sky:AcceptedAudiences:0", AppAtUpstream),
        .. Provider("Sea", Other), ("Identity:Upstream:Sea:TrustsVerifiedEmail", "false"),
        ("Identity:Clients:Native:ClientId", "another-app"), ("Identity:Clients:Native:IsPublic", "true"),
        ("Identity:Clients:Native:Scopes:0", "openid"), ("Identity:Clients:Native:GrantTypes:0", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("Identity:SecondFactor:RequiredFor", "Administrators"),
    ];

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        (Upstream, Other) = (await FakeProvider.StartAsync(), await FakeProvider.StartAsync());
        Upstream.Clock = Other.Clock = Clock;
        await InitializeAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await Upstream.DisposeAsync();
        await Other.DisposeAsync();
    }

    /// <summary>A person at the provider, whom it has never named before.</summary>
    public static Guid Newcomer(FakeProvider provider, string? email, bool verified = true)
    {
        provider.Subject = Guid.NewGuid();
        provider.IdToken = claims =>
        {
            claims["email_verified"] = verified;
            if (email is null) claims.Remove("email");
            else claims["email"] = email;
        };
        return provider.Subject;
    }

    /// <summary>Presses the provider's button, and goes there and back as far as the callback's answer.</summary>
    public static async Task<HttpResponseMessage> GoAsync(Visitor visitor, string provider = "sky", string page = "/account/sign-in", params (string Name, string Value)[] fields)
    {
        using var leaving = await LeaveAsync(visitor, provider, page, fields);
        return await GoOnAsync(visitor, leaving);
    }

    /// <summary>Follows a page that leads to the provider, there and back as far as the callback's answer.</summary>
    public static async Task<HttpResponseMessage> GoOnAsync(Visitor visitor, HttpResponseMessage leaving)
    {
        using var there = await visitor.GetAsync(Destination(leaving));
        return await visitor.GetAsync(there.Headers.Location!.ToString());
    }

    /// <summary>Where a page leads on to, at the provider.</summary>
    public static string Destination(HttpResponseMessage leaving)
    {
        leaving.StatusCode.ShouldBe(HttpStatusCode.OK);
        return leaving.Headers.GetValues("Refresh").Single().Split("url=", 2)[1];
    }

    /// <summary>Presses the provider's button.</summary>
    public static Task<HttpResponseMessage> LeaveAsync(Visitor visitor, string provider = "sky", string page = "/account/sign-in", params (string Name, string Value)[] fields) =>
        visitor.SubmitToAsync(page, "/account/upstream?handler=begin", [("Provider", provider), .. fields]);

    /// <summary>Whoever comes back from the provider is not signed in, and has no account.</summary>
    public async Task NobodyIsSignedInAsync(HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        await using var db = Database.Connect();
        var before = await db.Accounts.CountAsync();
        var visitor = Visitor();
        var response = await GoAsync(visitor);
        if (response.Headers.Location is { } location) response = await visitor.GetAsync(location.ToString());
        response.StatusCode.ShouldBe(status);
        (await IsSignedInAsync(visitor)).ShouldBeFalse();
        (await db.Accounts.CountAsync()).ShouldBe(before);
    }

    public static async Task<bool> IsSignedInAsync(Visitor visitor) => (await visitor.GetAsync("/")).StatusCode == HttpStatusCode.OK;

    static IEnumerable<(string Key, string Value)> Provider(string name, FakeProvider provider) =>
    [
        ($"Identity:Upstream:{name}:Authority", provider.Issuer),
        ($"Identity:Upstream:{name}:ClientId", FakeProvider.ClientId),
        ($"Identity:Upstream:{name}:ClientSecret", FakeProvider.ClientSecret),
        ($"Identity:Upstream:{name}:Title", name),
    ];
}
