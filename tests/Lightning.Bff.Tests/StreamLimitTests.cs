using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

/// <summary>
/// Limits of open streams per session and user. Each test counts streams, so it has its own BFF.
/// </summary>
public sealed class StreamLimitTests(PostgresServer server) : IAsyncLifetime
{
    const string Watch = "/bff/watch",
        Events = "/api/v1/events";

    readonly BffUnderTest bff = new(server);
    readonly HttpClient client = new(new SocketsHttpHandler { UseCookies = false });
    readonly List<IDisposable> open = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        bff.Api.Answer = SendEventAsync;
    }

    public async ValueTask DisposeAsync()
    {
        open.ForEach(stream => stream.Dispose());
        client.Dispose();
        await bff.DisposeAsync();
    }

    [Theory]
    [InlineData(Watch, Watch)]
    [InlineData(Events, Events)]
    [InlineData(Watch, Events)]
    public async Task Stream_BeyondTwentyOfTheSession_Is429(string first, string second)
    {
        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();
        for (var i = 0; i < 20; i++)
            (await OpenAsync(ada, i % 2 == 0 ? first : second)).StatusCode.ShouldBe(HttpStatusCode.OK);

        foreach (var path in new[] { first, second })
        {
            using var refused = await OpenAsync(ada, path);
            refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            refused.Headers.RetryAfter!.ToString().ShouldBe("60");
            refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
            var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
            problem.GetProperty("type").GetString().ShouldBe("/problems/too-many-requests");
            problem.GetProperty("detail").GetString()!.ShouldContain("open streams");
        }
        (await OpenAsync(bob, first)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task WebSocket_BeyondTheSessionsLimit_Is429()
    {
        var replica = bff.Start(("Sessions:StreamsPerSession", "1"));
        using var ada = await bff.SignInAsync(replica);
        (await OpenAsync(ada, Watch)).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Cookie", CookieOf(ada));
        socket.Options.SetRequestHeader("Origin", replica.GetLeftPart(UriPartial.Authority));

        await Should.ThrowAsync<WebSocketException>(() =>
            socket.ConnectAsync(new UriBuilder(replica) { Scheme = "ws", Path = Events }.Uri, Cancellation)
        );

        socket.HttpStatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Stream_BeyondTheUsersLimit_Is429InEverySession()
    {
        var replica = bff.Start(("Sessions:StreamsPerSession", "2"), ("Sessions:StreamsPerUser", "3"));
        using var ada = await bff.SignInAsync(replica);
        using var again = await bff.SignInAgainAsync(ada.User, replica);
        using var last = await OpenAsync(ada, Watch);
        (await OpenAsync(ada, Events)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(again, Watch)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await OpenAsync(again, Watch)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        last.Dispose();
        await OpensAsync(again, Watch);
    }

    [Theory]
    [InlineData(Watch)]
    [InlineData(Events)]
    public async Task Stream_ClientLeaves_FreesItsPlace(string path)
    {
        var replica = bff.Start(("Sessions:StreamsPerSession", "1"));
        using var ada = await bff.SignInAsync(replica);
        using var stream = await OpenAsync(ada, path);
        (await OpenAsync(ada, path)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        stream.Dispose();

        await OpensAsync(ada, path);
    }

    [Theory]
    [InlineData(Watch)]
    [InlineData(Events)]
    public async Task Stream_SessionEnds_FreesItsPlace(string path)
    {
        var replica = bff.Start(("Sessions:StreamsPerSession", "1"), ("Sessions:StreamsPerUser", "1"));
        using var ada = await bff.SignInAsync(replica);
        using var again = await bff.SignInAgainAsync(ada.User, replica);
        (await OpenAsync(ada, path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(again, path)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        await bff.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");

        await OpensAsync(again, path);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_ServiceEndsOrBreaksIt_FreesItsPlace(bool breaks)
    {
        var replica = bff.Start(("Sessions:StreamsPerSession", "1"));
        using var ada = await bff.SignInAsync(replica);
        var end = new TaskCompletionSource();
        bff.Api.Answer = async context =>
        {
            await StartAsync(context);
            await end.Task;
            if (breaks)
                context.Abort();
        };
        (await OpenAsync(ada, Events)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(ada, Watch)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        end.SetResult();

        await OpensAsync(ada, Watch);
    }

    [Fact]
    public async Task Stream_CheckOfTheSessionFails_FreesItsPlace()
    {
        var replica = bff.Start(("Sessions:StreamsPerSession", "1"));
        using var ada = await bff.SignInAsync(replica);
        bff.Api.Answer = async context =>
        {
            // Between the request's authentication and the stream's registration.
            await bff.Database.ExecuteAsync("REVOKE SELECT ON web.sessions FROM lightning_bff");
            await bff.Database.ExecuteAsync("SELECT pg_notify('lightning', 'all')");
            await Wait.UntilAsync(async () => await ada.StatusOfAsync() >= HttpStatusCode.InternalServerError);
            await StartAsync(context);
        };
        (await OpenAsync(ada, Events)).StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        bff.Api.Answer = SendEventAsync;

        await bff.Database.ExecuteAsync("GRANT SELECT ON web.sessions TO lightning_bff");

        (await OpenAsync(ada, Events)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    async Task<HttpResponseMessage> OpenAsync(SignedIn person, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(person.Browser.Address, path))
        {
            Headers = { { "X-CSRF", "1" }, { "Cookie", CookieOf(person) } },
        };
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        open.Add(response);
        return response;
    }

    /// <summary>Opens a stream as soon as there is a place.</summary>
    Task<TimeSpan> OpensAsync(SignedIn person, string path) =>
        Wait.UntilAsync(async () => (await OpenAsync(person, path)).StatusCode == HttpStatusCode.OK);

    static string CookieOf(SignedIn person) =>
        $"{BffUnderTest.SessionCookie}={person.Browser.Cookie(BffUnderTest.SessionCookie)}";

    static async Task StartAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("data: tick\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    static async Task SendEventAsync(HttpContext context)
    {
        await StartAsync(context);
        await Task.Delay(Timeout.Infinite, context.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
