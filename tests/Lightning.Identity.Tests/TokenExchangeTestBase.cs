using System.Net;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Exchanges tokens of the fake upstream provider as the native app.</summary>
public abstract class TokenExchangeTestBase(IdentityWithUpstream identity)
    : IClassFixture<IdentityWithUpstream>,
        IDisposable
{
    protected IdentityWithUpstream Identity => identity;

    protected const string TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected FakeProvider Upstream => identity.Upstream;

    protected RelyingParty App => identity.Native(identity.Visitor());

    protected async Task IsRefusedAsync(string token, string? why = null)
    {
        await using var db = identity.Database.Connect();
        var before = (await db.Sessions.CountAsync(Cancellation), await db.Accounts.CountAsync(Cancellation));
        var answer = await ExchangeAsync(token);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.Error.ShouldBe("invalid_request");
        if (why is not null)
            answer["error_description"]!.ShouldContain(why);
        (await db.Sessions.CountAsync(Cancellation), await db.Accounts.CountAsync(Cancellation)).ShouldBe(before);
    }

    protected async Task<string> TokenAsync() =>
        Upstream.NewIdToken(await NonceAsync(), audience: IdentityWithUpstream.AppAtUpstream);

    protected async Task<string> NonceAsync(string clientId = "lightning-public") =>
        (await App.PostAsync("/connect/nonce", ("client_id", clientId)))["nonce"]!;

    protected Task<Answer> ExchangeAsync(string token, params (string Name, string? Value)[] changes) =>
        App.PostAsync(
            "/connect/token",
            [
                ("grant_type", TokenExchange),
                ("subject_token", token),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
                ("scope", RelyingParty.FullScope),
                .. changes,
            ]
        );

    /// <summary>Resets the fake provider for the next test.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        (Upstream.WithoutSignature, Upstream.Signer) = (false, null);
    }
}
