using System.Diagnostics;
using System.Net;

namespace Lightning.Api.Tests;

/// <summary>Anybody can have a log filled who is written of when they are turned away; who is known is written of.</summary>
public class LogTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    [Fact]
    public async Task Request_OfSomebodyWhoIsNobody_IsNotWrittenOf_AndOfSomebodyWhoMayNotIs()
    {
        var (ada, bob, ended) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"), await api.SignInAsync("eve"));
        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Session.Id}', 'test')");
        var late = ApiUnderTest.Token(ada.User, ada.Session, token => (token.IssuedAt, token.NotBefore, token.Expires) = (DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddHours(-1)));
        foreach (var (client, who) in new[] { (api.Anonymous(), "no token"), (api.With("nonsense"), "no token at all"), (api.With(late), "too late"), (ended.Client, "session ended") })
            (await LinesAsync(client, HttpStatusCode.Unauthorized)).ShouldBeEmpty(who);

        var note = await ada.WriteAsync("Mine");
        await ada.ShareAsync(note, bob);
        (await LinesAsync(bob.Client, HttpStatusCode.Forbidden, note)).Single().ShouldStartWith("Information ");

        async Task<IReadOnlyList<string>> LinesAsync(HttpClient client, HttpStatusCode status, string path = "/api/v1/notes")
        {
            var trace = ActivityTraceId.CreateRandom();
            using var request = new HttpRequestMessage(status == HttpStatusCode.Forbidden ? HttpMethod.Delete : HttpMethod.Get, path) { Headers = { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } } };
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(status);
            return api.Log.Of(trace);
        }
    }
}
