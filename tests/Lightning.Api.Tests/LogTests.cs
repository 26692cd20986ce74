using System.Diagnostics;
using System.Net;

namespace Lightning.Api.Tests;

/// <summary>
/// Anonymous requests that are denied are not logged, so that they cannot flood the log.
/// </summary>
public class LogTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    [Fact]
    public async Task Denied_request_is_logged_only_for_authenticated_users()
    {
        var (ada, bob, ended) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("eve")
        );
        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Session.Id}', 'test')");
        var late = ApiUnderTest.Token(
            ada.User,
            ada.Session,
            token =>
                (token.IssuedAt, token.NotBefore, token.Expires) = (
                    DateTime.UtcNow.AddHours(-2),
                    DateTime.UtcNow.AddHours(-2),
                    DateTime.UtcNow.AddHours(-1)
                )
        );
        foreach (
            var (client, who) in new[]
            {
                (api.Anonymous(), "no token"),
                (api.With("nonsense"), "no token at all"),
                (api.With(late), "too late"),
                (ended.Client, "session ended"),
            }
        )
            (await LinesAsync(client, HttpStatusCode.Unauthorized)).ShouldBeEmpty(who);

        var note = await ada.WriteAsync("Mine");
        await ada.ShareAsync(note, bob);
        (await LinesAsync(bob.Client, HttpStatusCode.Forbidden, note)).Single().ShouldStartWith("Information ");

        async Task<IReadOnlyList<string>> LinesAsync(
            HttpClient client,
            HttpStatusCode status,
            string path = "/api/v1/notes"
        )
        {
            var trace = ActivityTraceId.CreateRandom();
            using var request = new HttpRequestMessage(
                status == HttpStatusCode.Forbidden ? HttpMethod.Delete : HttpMethod.Get,
                path
            )
            {
                Headers = { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } },
            };
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            response.StatusCode.ShouldBe(status);
            return api.Log.Of(trace);
        }
    }
}
