using System.Net;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>
/// Identity with two upstream providers: one is trusted to verify email addresses, the other is not.
/// </summary>
public class IdentityWithUpstream(PostgresServer server) : IdentityUnderTest(server), IAsyncLifetime
{
    public const string AppAtUpstream = "app-at-upstream";

    public FakeProvider Upstream { get; private set; } = null!;

    public FakeProvider Other { get; private set; } = null!;

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            .. Provider("Sky", Upstream),
            ("Identity:Upstream:Sky:AcceptedAudiences:0", AppAtUpstream),
            .. Provider("Sea", Other),
            ("Identity:Upstream:Sea:TrustsVerifiedEmail", "false"),
            ("Identity:Clients:Native:ClientId", "another-app"),
            ("Identity:Clients:Native:IsPublic", "true"),
            ("Identity:Clients:Native:Scopes:0", "openid"),
            ("Identity:Clients:Native:GrantTypes:0", "urn:ietf:params:oauth:grant-type:token-exchange"),
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

    /// <summary>Switches the provider to a new user.</summary>
    public static Guid Newcomer(FakeProvider provider, string? email, bool verified = true)
    {
        provider.Subject = Guid.NewGuid();
        provider.IdToken = claims =>
        {
            claims["email_verified"] = verified;
            if (email is null)
                claims.Remove("email");
            else
                claims["email"] = email;
        };
        return provider.Subject;
    }

    /// <summary>Presses the provider's button and follows the redirects up to the callback's response.</summary>
    public static async Task<HttpResponseMessage> GoAsync(
        Visitor visitor,
        string provider = "sky",
        string page = "/account/sign-in",
        params (string Name, string Value)[] fields
    )
    {
        using var leaving = await LeaveAsync(visitor, provider, page, fields);
        return await ContinueAsync(visitor, leaving);
    }

    /// <summary>Follows the redirects from a page to the provider and back, up to the callback's response.</summary>
    public static async Task<HttpResponseMessage> ContinueAsync(Visitor visitor, HttpResponseMessage leaving)
    {
        using var there = await visitor.GetAsync(Destination(leaving));
        return await visitor.GetAsync(there.Headers.Location!.ToString());
    }

    /// <summary>The provider's URL to which a page redirects.</summary>
    public static string Destination(HttpResponseMessage leaving)
    {
        leaving.StatusCode.ShouldBe(HttpStatusCode.OK);
        return leaving.Headers.GetValues("Refresh").Single().Split("url=", 2)[1];
    }

    /// <summary>Presses the provider's button.</summary>
    public static Task<HttpResponseMessage> LeaveAsync(
        Visitor visitor,
        string provider = "sky",
        string page = "/account/sign-in",
        params (string Name, string Value)[] fields
    ) => visitor.SubmitToAsync(page, "/account/upstream?handler=begin", [("Provider", provider), .. fields]);

    /// <summary>Checks that the returning user is refused, not signed in, and has no account.</summary>
    public async Task ShouldRefuseSignInAsync(HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        await using var db = Database.Connect();
        var before = await db.Accounts.CountAsync();
        var visitor = Visitor();
        var response = await GoAsync(visitor);
        if (response.Headers.Location is { } location)
            response = await visitor.GetAsync(location.ToString());
        response.StatusCode.ShouldBe(status);
        (await IsSignedInAsync(visitor)).ShouldBeFalse();
        (await db.Accounts.CountAsync()).ShouldBe(before);
    }

    /// <summary>Registers a new user of the provider.</summary>
    public async Task<(Guid Id, Visitor Visitor)> RegisterAsync(string address)
    {
        Newcomer(Upstream, address);
        var visitor = await ArriveAsync();
        await using var db = Database.Connect();
        return (
            await db
                .Accounts.Where(account => account.Email == address)
                .Select(account => account.Id)
                .SingleAsync(TestContext.Current.CancellationToken),
            visitor
        );
    }

    /// <summary>A new browser that is signed in as the provider's current user.</summary>
    public async Task<Visitor> ArriveAsync()
    {
        var visitor = Visitor();
        await GoAsync(visitor);
        (await visitor.GetAsync("/account/upstream")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await IsSignedInAsync(visitor)).ShouldBeTrue();
        return visitor;
    }

    public static async Task<bool> IsSignedInAsync(Visitor visitor) =>
        (await visitor.GetAsync("/")).StatusCode == HttpStatusCode.OK;

    static IEnumerable<(string Key, string Value)> Provider(string name, FakeProvider provider) =>
        [
            ($"Identity:Upstream:{name}:Authority", provider.Issuer),
            ($"Identity:Upstream:{name}:ClientId", FakeProvider.ClientId),
            ($"Identity:Upstream:{name}:ClientSecret", FakeProvider.ClientSecret),
            ($"Identity:Upstream:{name}:Title", name),
        ];
}
