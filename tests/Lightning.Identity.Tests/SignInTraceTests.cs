using System.Net;
using Lightning.Identity.Requests;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Tests;

/// <summary>A relying party's push and the browser's requests for it are one trace.</summary>
public class SignInTraceTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>
{
    const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Fact]
    public async Task SignIn_FromThePushToTheCode_IsOneTrace()
    {
        using var spans = new RequestSpans();
        var user = await identity.AddAccountAsync("ada");
        var visitor = identity.Visitor();
        using var redirected = await visitor.GetAsync(await PushAsync(Trace));
        var page = redirected.Headers.Location!.ToString();
        using var signedIn = await visitor.SignInAsync(user.Email, page: page);
        using var answered = await visitor.GetAsync(signedIn.Headers.Location!.ToString());
        RelyingParty.Callback(answered).ShouldContainKey("code");

        (await spans.PathsOfAsync(Trace, 5)).ShouldBe([
            "/connect/par",
            "/connect/authorize",
            "/account/sign-in",
            "/account/sign-in",
            "/connect/authorize",
        ]);
    }

    [Fact]
    public async Task SignIn_WithUpstreamProvider_IsOneTrace()
    {
        const string trace = "a3ce929d0e0e47364bf92f3577b34da6";
        using var spans = new RequestSpans();
        IdentityWithUpstream.Newcomer(identity.Upstream, "traced@example.org");
        var visitor = identity.Visitor();
        using var redirected = await visitor.GetAsync(await PushAsync(trace));
        using var leaving = await visitor.SubmitFormAsync(
            redirected.Headers.Location!.ToString(),
            "handler=begin",
            ("Provider", "sky")
        );
        using var back = await IdentityWithUpstream.ContinueAsync(visitor, leaving);
        using var signedIn = await visitor.GetAsync(back.Headers.Location!.ToString());
        using var answered = await visitor.GetAsync(signedIn.Headers.Location!.ToString());
        RelyingParty.Callback(answered).ShouldContainKey("code");

        (await spans.PathsOfAsync(trace, 7, "/connect", "/account")).ShouldBe([
            "/connect/par",
            "/connect/authorize",
            "/account/sign-in",
            "/account/upstream",
            "/account/upstream/sky",
            "/account/upstream",
            "/connect/authorize",
        ]);
        // Identity's own requests to the provider belong to it too.
        (await spans.PathsOfAsync(trace, 2, "/par", "/token")).ShouldBe(["/par", "/token"]);
    }

    [Fact]
    public async Task RequestUri_WithChangedTrace_IsRefused()
    {
        var address = await PushAsync("0af7651916cd43dd8448eb211c80319c");
        using var altered = await identity
            .Visitor()
            .GetAsync(address.Replace("0af7651916cd43dd8448eb211c80319c", Trace, StringComparison.Ordinal));
        altered.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var asPushed = await identity.Visitor().GetAsync(address);
        asPushed.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Theory]
    [InlineData("/connect/authorize?request_uri=urn:ietf:params:oauth:request_uri:x.{trace}", true)]
    [InlineData(
        "/account/sign-in?returnUrl=%2Fconnect%2Fauthorize%3Fclient_id%3Da"
            + "%26request_uri%3Durn%253Aietf%253Aparams"
            + "%253Aoauth%253Arequest_uri%253AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + ".{trace}",
        true
    )]
    [InlineData("/account/sign-in?returnUrl=https%3A%2F%2Fevil.example%2F.{trace}", false)]
    [InlineData("/account/sign-in?returnUrl=/account.{trace}", false)]
    [InlineData("/connect/authorize?request_uri={trace}", false)]
    [InlineData("/connect/token?request_uri=x.{trace}", false)]
    [InlineData("/account/sign-in", false)]
    public void Trace_IsReadOnlyFromPendingRequestUrls(string address, bool named)
    {
        const string trace = $"00-{Trace}-00f067aa0ba902b7-01";
        var parts = address.Replace("{trace}", trace, StringComparison.Ordinal).Split('?', 2);
        var http = new DefaultHttpContext
        {
            Request = { Path = parts[0], QueryString = new QueryString(parts.Length > 1 ? $"?{parts[1]}" : "") },
        };
        PendingRequests.TraceOf(http.Request).ShouldBe(named ? trace : null);
    }

    async Task<string> PushAsync(string trace)
    {
        var bff = identity.Bff(identity.Visitor());
        using var client = identity.BackChannel();
        client.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        using var content = new FormUrlEncodedContent(
            bff.Request(("client_secret", IdentityUnderTest.BffSecret))
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value!))
        );
        using var pushed = await client.PostAsync("/connect/par", content);
        pushed.StatusCode.ShouldBe(HttpStatusCode.Created);
        var body = System.Text.Json.JsonDocument.Parse(await pushed.Content.ReadAsStringAsync()).RootElement;
        return QueryHelpers.AddQueryString(
            "/connect/authorize",
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["client_id"] = bff.ClientId,
                ["request_uri"] = body.GetProperty("request_uri").GetString(),
            }
        );
    }
}
