using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

/// <summary>
/// Server-sent events and WebSockets through the proxy, to an API that sends until the connection closes.
/// </summary>
public sealed class StreamTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        bff.Api.Answer = context => context.WebSockets.IsWebSocketRequest ? EchoAsync(context) : SpeakAsync(context);
    }

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Theory]
    [InlineData("SELECT identity.end_session('{0}', 'test')")]
    [InlineData("SELECT identity.end_user_sessions('{1}', 'test')")]
    [InlineData("SELECT identity.end_all('test')")]
    [InlineData("DELETE FROM web.sessions")]
    [InlineData("UPDATE app.users SET disabled_at = now()")]
    [Trait("Check", "B26")]
    [Trait("Timing", "Alone")]
    public async Task Events_SessionEnds_AreAborted(string sql)
    {
        using var ada = await bff.SignInAsync();
        await using var events = await OpenEventsAsync(ada);
        (await events.NextAsync()).ShouldBe("data: tick");

        var clock = Stopwatch.StartNew();
        await bff.Database.ExecuteAsync(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, ada.Session.Id, ada.User.Id)
        );
        await events.EndAsync();

        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3));
        bff.Api.Requests.ShouldHaveSingleItem().Headers["Authorization"].ShouldBe("Bearer access-canary-1");
    }

    [Theory]
    [InlineData("/api/v1/events", true)]
    [InlineData("/api/v1/events", false)]
    [InlineData("/bff/watch", true)]
    [InlineData("/bff/watch", false)]
    public async Task Events_ClientLeavesOrSessionEnds_LogsNoWarning(string path, bool leaves)
    {
        using var ada = await bff.SignInAsync();
        using var spans = new RequestSpans();
        var trace = ActivityTraceId.CreateRandom();
        await using var events = await OpenEventsAsync(ada, path, trace);
        (await events.NextAsync()).ShouldNotBeNull();

        if (leaves)
            await events.DisposeAsync();
        else
            await bff.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");

        await spans.PathsOfAsync(trace.ToHexString(), 1, path);
        bff.Log.Of(trace).ShouldAllBe(line => line.StartsWith("Information", StringComparison.Ordinal));
        bff.Log.All.ShouldAllBe(line => !line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Events_BeforeTheFirstEvent_SendHeadersAtOnce()
    {
        using var ada = await bff.SignInAsync();
        bff.Api.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };

        // OpenAsync waits for the response headers.
        await using var events = await OpenEventsAsync(ada).WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Fact]
    [Trait("Check", "B26")]
    public async Task Events_OtherSessionEndsOrTokensChange_Continue()
    {
        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();
        await using var events = await OpenEventsAsync(ada);
        await using var others = await OpenEventsAsync(bob);

        await bff.Database.ExecuteAsync(
            $"UPDATE web.sessions SET token_expires_at = clock_timestamp() WHERE sid = '{ada.Session.Id}'"
        );
        await Wait.UntilAsync(async () =>
        {
            using var answer = await ada.FetchAsync("/api/v1/notes?short");
            return bff.Api.Requests.Last().Headers["Authorization"] == "Bearer access-canary-3";
        });
        await bff.Database.ExecuteAsync($"SELECT identity.end_session('{bob.Session.Id}', 'test')");
        await others.EndAsync();

        for (var i = 0; i < 20; i++)
            (await events.NextAsync()).ShouldBe("data: tick");
    }

    [Fact]
    [Trait("Check", "B26")]
    public async Task Events_SessionExpires_AreAborted()
    {
        using var ada = await bff.SignInAsync();
        await using var events = await OpenEventsAsync(ada);
        (await events.NextAsync()).ShouldBe("data: tick");

        // Longer than the idle timeout: an open stream does not count as use.
        bff.Clock.Advance(TimeSpan.FromHours(12.1));

        await events.EndAsync();
    }

    [Fact]
    [Trait("Check", "B26")]
    public async Task Events_FeedDownAndSessionEnds_AreAborted()
    {
        await using var wire = await Wire.StartAsync(bff.Database.ConnectionStringOf("bff"));
        using var ada = await bff.SignInAsync(bff.Start(("ConnectionStrings:lightning-feed", wire.ConnectionString)));
        await using var events = await OpenEventsAsync(ada);

        wire.Cut();
        (await events.NextAsync()).ShouldBe("data: tick");

        await bff.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");

        await events.EndAsync();
    }

    [Fact]
    [Trait("Check", "B26")]
    public async Task WebSocket_CarriesTheToken_AndIsAbortedWhenTheSessionEnds()
    {
        using var ada = await bff.SignInAsync();
        using var socket = Socket(ada, bff.Address.GetLeftPart(UriPartial.Authority));
        await socket.ConnectAsync(Events("ws"), Cancellation);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, Cancellation);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Cancellation);
        Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe("hello");
        bff.Api.Requests.ShouldHaveSingleItem().Headers["Authorization"].ShouldBe("Bearer access-canary-1");

        await bff.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await Should.ThrowAsync<WebSocketException>(() => socket.ReceiveAsync(buffer, limit.Token));
        socket.State.ShouldBe(WebSocketState.Aborted);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData(null)]
    [Trait("Check", "B26")]
    public async Task WebSocket_OfAnotherOrigin_IsRefused(string? origin)
    {
        using var ada = await bff.SignInAsync();
        using var socket = Socket(ada, origin);
        await Should.ThrowAsync<WebSocketException>(() => socket.ConnectAsync(Events("ws"), Cancellation));

        bff.Api.Requests.ShouldBeEmpty();
    }

    Uri Events(string scheme) => new UriBuilder(bff.Address) { Scheme = scheme, Path = "/api/v1/events" }.Uri;

    static ClientWebSocket Socket(SignedIn person, string? origin)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(
            "Cookie",
            $"{BffUnderTest.SessionCookie}={person.Browser.Cookie(BffUnderTest.SessionCookie)}"
        );
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        return socket;
    }

    static async Task<EventStream> OpenEventsAsync(
        SignedIn person,
        string path = "/api/v1/events",
        ActivityTraceId trace = default
    )
    {
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(person.Browser.Address, path))
        {
            Headers =
            {
                { "X-CSRF", "1" },
                { "Cookie", $"{BffUnderTest.SessionCookie}={person.Browser.Cookie(BffUnderTest.SessionCookie)}" },
            },
        };
        if (trace != default)
            request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new EventStream(client, new StreamReader(await answer.Content.ReadAsStreamAsync(Cancellation)));
    }

    static async Task SpeakAsync(HttpContext context)
    {
        if (context.Request.QueryString.HasValue)
            return;
        context.Response.ContentType = "text/event-stream";
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.WriteAsync("data: tick\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(20, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        try
        {
            while (
                await socket.ReceiveAsync(buffer, context.RequestAborted)
                    is { MessageType: not WebSocketMessageType.Close } received
            )
                await socket.SendAsync(
                    buffer.AsMemory(0, received.Count),
                    received.MessageType,
                    received.EndOfMessage,
                    context.RequestAborted
                );
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException)
        {
            // The connection was aborted, as expected.
        }
    }

    sealed class EventStream(HttpClient client, StreamReader reader) : IAsyncDisposable
    {
        public async Task<string?> NextAsync()
        {
            string? line;
            while ((line = await reader.ReadLineAsync(Cancellation)) is "") { }
            return line;
        }

        /// <summary>Reads to the end of the stream.</summary>
        public async Task EndAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                while (await reader.ReadLineAsync(limit.Token) is not null) { }
            }
            catch (Exception ex) when (ex is IOException or HttpRequestException)
            {
                // Aborted.
            }
        }

        public ValueTask DisposeAsync()
        {
            reader.Dispose();
            client.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
