using System.Net;
using Lightning.Data;
using Lightning.Testing;

namespace Lightning.Api.Tests;

/// <summary>Limits of open streams per session and user. Each test counts streams, so it has its own API.</summary>
public sealed class StreamLimitTests(PostgresServer server) : IAsyncLifetime
{
    const string Events = "/api/v1/notes/events";

    readonly List<IDisposable> open = [];
    ApiUnderTest api = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        open.ForEach(stream => stream.Dispose());
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Stream_beyond_twenty_of_the_session_is_429()
    {
        await StartAsync();
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        for (var i = 0; i < 20; i++)
            (await OpenAsync(ada)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var refused = await OpenAsync(ada);

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.ToString().ShouldBe("60");
        var problem = await refused.JsonAsync();
        problem.GetProperty("type").GetString().ShouldBe("/problems/too-many-requests");
        problem
            .GetProperty("detail")
            .GetString()
            .ShouldBe("This session has reached its limit of open streams. Close one, or try again in a minute.");
        (await OpenAsync(bob)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ada.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Stream_beyond_the_users_limit_is_429_in_every_session()
    {
        await StartAsync(perSession: 2, perUser: 3);
        var ada = await api.SignInAsync("ada");
        var again = await SignInAgainAsync(ada);
        var last = await OpenAsync(ada);
        (await OpenAsync(ada)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(again)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await OpenAsync(again)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        last.Dispose();
        await OpensAsync(again);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_frees_its_place_when_the_client_leaves(bool isOnSocket)
    {
        await StartAsync(perSession: 1, isOnSocket: isOnSocket);
        var ada = await api.SignInAsync("ada");
        var stream = await OpenAsync(ada);
        (await OpenAsync(ada)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        stream.Dispose();

        await OpensAsync(ada);
    }

    [Fact]
    public async Task Stream_frees_its_place_when_its_session_ends()
    {
        await StartAsync(perSession: 1, perUser: 1);
        var ada = await api.SignInAsync("ada");
        var again = await SignInAgainAsync(ada);
        (await OpenAsync(ada)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(again)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");

        await OpensAsync(again);
    }

    [Fact]
    public async Task Stream_frees_its_place_when_it_fails()
    {
        // On a socket: the test server does not complete a response that failed.
        await StartAsync(perSession: 1, isOnSocket: true);
        var ada = await api.SignInAsync("ada");
        (await OpenAsync(ada)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.Database.ExecuteAsync("REVOKE SELECT ON app.notes FROM lightning_api");

        await Wait.UntilAsync(async () =>
        {
            await api.Database.ExecuteAsync($"SELECT pg_notify('lightning_notes', '{Guid.NewGuid()} {ada.User.Id}')");
            return (await OpenAsync(ada)).StatusCode == HttpStatusCode.OK;
        });

        api.Log.All.ShouldContain(line => line.Contains("permission denied", StringComparison.Ordinal));
    }

    async Task StartAsync(int? perSession = null, int? perUser = null, bool isOnSocket = false)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        if (perSession is not null)
            settings["Sessions:StreamsPerSession"] = $"{perSession}";
        if (perUser is not null)
            settings["Sessions:StreamsPerUser"] = $"{perUser}";
        api = new ApiUnderTest(server) { Settings = settings, IsOnSocket = isOnSocket };
        await api.InitializeAsync();
    }

    async Task<Person> SignInAgainAsync(Person person)
    {
        await using var db = api.Database.Connect();
        var session = await db.AddSessionAsync(person.User);
        return new Person(person.User, session, api.With(ApiUnderTest.Token(person.User, session)));
    }

    async Task<HttpResponseMessage> OpenAsync(Person person)
    {
        var response = await person.Client.GetAsync(Events, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        open.Add(response);
        return response;
    }

    /// <summary>Opens a stream as soon as there is a place.</summary>
    Task<TimeSpan> OpensAsync(Person person) =>
        Wait.UntilAsync(async () => (await OpenAsync(person)).StatusCode == HttpStatusCode.OK);
}
