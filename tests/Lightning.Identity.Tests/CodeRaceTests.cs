using System.Text.Json;
using Lightning.Data.Authorizations;
using Lightning.Data.Sessions;
using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Secrets;
using Lightning.Identity.Tokens;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>
/// Two clients redeem one code in all interleavings: at most one gets tokens, and the second use revokes them.
/// </summary>
public sealed class CodeRaceTests(PostgresServer server) : IAsyncLifetime
{
    const string RedirectUri = IdentityUnderTest.App + "/bff/signin-oidc";
    readonly IdentityUnderTest identity = new(server);
    readonly string verifier = Secret.Create();
    (string Code, Guid Sid)[] codes = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await identity.InitializeAsync();
        var user = await identity.AddAccountAsync("ada");
        var now = identity.Clock.GetUtcNow();
        codes = [.. Enumerable.Range(0, Interleavings.Count).Select(_ => (Secret.Create(), Guid.CreateVersion7()))];
        var parameters = JsonSerializer.Serialize(
            new Dictionary<string, string>
            {
                ["redirect_uri"] = RedirectUri,
                ["scope"] = RelyingParty.FullScope,
                ["code_challenge"] = Secret.Fingerprint(verifier),
            }
        );
        await using var db = identity.Database.Connect();
        foreach (var (code, sid) in codes)
        {
            db.Sessions.Add(
                new Session
                {
                    Id = sid,
                    Issuer = user.Issuer,
                    UserId = user.Id,
                    CreatedAt = now,
                    AuthTime = now,
                    LastSeenAt = now,
                    EndsAt = now.AddDays(1),
                    Methods = ["pwd"],
                }
            );
            db.AuthorizationHandles.Add(
                new AuthorizationHandle
                {
                    HandleHash = Secret.Hash(code),
                    Kind = AuthorizationKind.Code,
                    ClientId = "lightning-bff",
                    Parameters = parameters,
                    SessionId = sid,
                    UserId = user.Id,
                    CreatedAt = now,
                    ExpiresAt = now.AddMinutes(1),
                }
            );
        }
        await db.SaveChangesAsync();
    }

    public ValueTask DisposeAsync() => identity.DisposeAsync();

    [Fact]
    [Trait("Check", "A06")]
    public async Task Code_RedeemedTwiceInAnyInterleaving_GivesTokensOnceThenRevokesThem() =>
        (await WrongAsync()).ShouldBeEmpty();

    [Fact]
    [Trait("Check", "A06")]
    public async Task Code_UseNotStored_IsCaughtByTheRaceTest()
    {
        await identity.Database.ExecuteAsync(
            """
            CREATE FUNCTION identity.forget_use() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.used_at := NULL;
            RETURN NEW; END $$;
            CREATE TRIGGER forget_use BEFORE UPDATE ON identity.authorizations
                FOR EACH ROW EXECUTE FUNCTION identity.forget_use();
            """
        );
        (await WrongAsync()).ShouldNotBeEmpty();
    }

    /// <summary>The codes that did not give tokens exactly once, or whose tokens are still active.</summary>
    async Task<List<string>> WrongAsync()
    {
        var wrong = new List<string>();
        var client = identity.Services.GetRequiredService<ClientRegistry>().Find("lightning-bff")!;
        var posted = new Parameters(
            new Dictionary<string, string> { ["redirect_uri"] = RedirectUri, ["code_verifier"] = verifier }
        );
        await Interleavings.RunAsync(
            codes,
            async (one, random) =>
            {
                var grants = await Task.WhenAll(
                    new[] { new Random(random.Next()), new Random(random.Next()) }.Select(pauses =>
                        Task.Run(async () =>
                        {
                            await Interleavings.PauseAsync(pauses);
                            await using var scope = identity.Services.CreateAsyncScope();
                            return (
                                await scope
                                    .ServiceProvider.GetRequiredService<AuthorizationCodes>()
                                    .RedeemAsync(client, posted, one.Code)
                            ).Grant;
                        })
                    )
                );
                if (grants.Count(grant => grant?.RefreshToken is not null) == 1)
                    return;
                lock (wrong)
                    wrong.Add($"{one.Sid}: {grants.Count(grant => grant is not null)} grants");
            }
        );
        await using var db = identity.Database.Connect();
        wrong.AddRange(
            (
                await db
                    .Sessions.Where(session => session.EndReason != "authorization-code-reuse")
                    .Select(session => session.Id)
                    .ToListAsync(Cancellation)
            ).Select(sid => $"{sid} lives")
        );
        wrong.AddRange(
            (
                await db
                    .RefreshTokens.Where(token => token.RevokedAt == null)
                    .Select(token => token.SessionId)
                    .ToListAsync(Cancellation)
            ).Select(sid => $"a token of {sid} lives")
        );
        return wrong;
    }
}
