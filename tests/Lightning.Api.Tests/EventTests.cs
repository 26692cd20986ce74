using System.Diagnostics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Lightning.Testing;

namespace Lightning.Api.Tests;

public class EventTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_reach_only_users_who_can_see_the_note()
    {
        var (ada, bob, eve) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("eve", isAdmin: true)
        );
        await using var adas = await Listening.BeginAsync(ada.Client);
        await using var bobs = await Listening.BeginAsync(bob.Client);
        await using var eves = await Listening.BeginAsync(eve.Client);

        var note = await ada.WriteAsync("Secret words");
        await adas.HearsAsync("changed", note);
        var share = await ada.ShareAsync(note, bob);
        await bobs.HearsAsync("changed", note);
        (await ada.PutAsync(note, new { title = "Other words", body = "" })).EnsureSuccessStatusCode();
        await bobs.HearsAsync("changed", note);
        (await ada.DeleteAsync(share)).EnsureSuccessStatusCode();
        await bobs.HearsAsync("gone", note);
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();
        await adas.HearsAsync("gone", note);
        // Eve is an administrator, but only receives events for her own notes.
        var hers = await eve.WriteAsync("Eve's");
        (await eves.NextAsync()).ShouldBe(("changed", hers[^36..]));
        foreach (var all in new[] { adas, bobs, eves })
            all.Text.ShouldNotContain("words");
    }

    [Fact]
    public async Task Events_of_an_organization_reach_its_members_only()
    {
        var (ada, bob, eve) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("eve")
        );
        var organization = await ada.CreateOrganizationAsync("Events");
        await api.AddMemberAsync(organization, bob);
        await using var bobs = await Listening.BeginAsync(bob.Client);
        await using var eves = await Listening.BeginAsync(eve.Client);

        var note = await ada.WriteInAsync(organization, "Secret words");
        await bobs.HearsAsync("changed", note);
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();
        await bobs.HearsAsync("gone", note);

        var hers = await eve.WriteAsync("Eve's");
        (await eves.NextAsync()).ShouldBe(("changed", hers[^36..]));
    }

    [Fact]
    [Trait("Timing", "Alone")]
    public async Task Stream_is_closed_when_a_membership_ends()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Removal");
        var bobs = await api.AddMemberAsync(organization, bob);
        await using var listening = await Listening.BeginAsync(bob.Client);

        (await ada.DeleteAsync($"/api/v1/members/{bobs}")).EnsureSuccessStatusCode();

        (await listening.EndsAsync()).ShouldBeLessThan(TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task Claimed_share_sends_an_event_to_the_recipient_only()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var note = await ada.WriteAsync("Waiting");
        (await ada.PostAsync($"{note}/shares", new { address = $"new-{bob.User.Email}" })).EnsureSuccessStatusCode();
        await using var adas = await Listening.BeginAsync(ada.Client);
        await using var bobs = await Listening.BeginAsync(bob.Client);
        // Pending events from before the subscription come first.
        await adas.HearsAsync("changed", await ada.WriteAsync("Last"));
        await api.Database.ExecuteAsync(
            $"UPDATE app.users SET email = 'new-{bob.User.Email}' WHERE id = '{bob.User.Id}'"
        );
        await bobs.HearsAsync("changed", note);
        var next = await ada.WriteAsync("Next");
        (await adas.NextAsync()).ShouldBe(("changed", next[^36..]));
    }

    [Fact]
    [Trait("Check", "R08")]
    [Trait("Timing", "Alone")]
    public async Task Stream_is_closed_when_its_session_ends()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        await using var adas = await Listening.BeginAsync(ada.Client);
        await using var bobs = await Listening.BeginAsync(bob.Client);
        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");
        (await adas.EndsAsync()).ShouldBeLessThan(TimeSpan.FromSeconds(4));
        await bobs.HearsAsync("changed", await bob.WriteAsync("Still here"));
        (await ada.GetAsync("/api/v1/notes/events")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Stream_stays_open_without_the_session_notification()
    {
        await using var own = new ApiUnderTest(api.Server);
        await own.InitializeAsync();
        await own.Database.ExecuteAsync(
            """
DO $do$ BEGIN
EXECUTE regexp_replace(pg_get_functiondef('identity.end_session'::regproc), 'PERFORM pg_notify[^;]*;', '');
END $do$
"""
        );
        var ada = await own.SignInAsync("ada");
        await using var adas = await Listening.BeginAsync(ada.Client);
        await own.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");
        await Should.ThrowAsync<TimeoutException>(() => adas.EndsAsync(TimeSpan.FromSeconds(4)));
    }

    [Fact]
    public async Task Stream_holds_no_connection_and_ends_with_its_client()
    {
        await using var own = new ApiUnderTest(api.Server) { Pool = 2 };
        await own.InitializeAsync();
        var ada = await own.SignInAsync("ada");
        var feed = (Events.NoteFeed)own.Services.GetService(typeof(Events.NoteFeed))!;
        var streams = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Listening.BeginAsync(ada.Client)));
        feed.Count.ShouldBe(10);
        // Ten streams share two connections.
        var note = await ada.WriteAsync("Served");
        foreach (var stream in streams)
            await stream.HearsAsync("changed", note);
        foreach (var stream in streams)
            await stream.DisposeAsync();
        await Wait.UntilAsync(() => feed.Count == 0);
    }

    [Fact]
    public async Task Stream_abort_logs_no_warning()
    {
        await using var own = new ApiUnderTest(api.Server) { IsOnSocket = true };
        await own.InitializeAsync();
        var ada = await own.SignInAsync("ada");
        var feed = (Events.NoteFeed)own.Services.GetService(typeof(Events.NoteFeed))!;
        using var spans = new RequestSpans();
        var trace = ActivityTraceId.CreateRandom();
        ada.Client.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");

        // Some clients disconnect while idle, others during an event.
        var streams = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Listening.BeginAsync(ada.Client)));
        foreach (var stream in streams.Take(5))
            await stream.DisposeAsync();
        await ada.WriteAsync("On its way");
        foreach (var stream in streams.Skip(5))
            await stream.DisposeAsync();

        await spans.PathsOfAsync(trace.ToHexString(), streams.Length, "/api/v1/notes/events");
        own.Log.All.ShouldAllBe(line => line.StartsWith("Information", StringComparison.Ordinal));
    }

    /// <summary>An open event stream.</summary>
    sealed class Listening : IAsyncDisposable
    {
        readonly HttpResponseMessage response;
        readonly IAsyncEnumerator<SseItem<string>> items;
        readonly List<string> heard = [];

        Listening(HttpResponseMessage response, Stream stream)
        {
            this.response = response;
            items = SseParser.Create(stream).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        }

        public string Text => string.Concat(heard);

        public static async Task<Listening> BeginAsync(HttpClient client)
        {
            var response = (
                await client.GetAsync("/api/v1/notes/events", HttpCompletionOption.ResponseHeadersRead, Cancellation)
            ).EnsureSuccessStatusCode();
            response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
            var listening = new Listening(response, await response.Content.ReadAsStreamAsync(Cancellation));
            (await listening.NextAsync()).ShouldBe(("anything", ""));
            return listening;
        }

        public async Task<(string Kind, string Id)> NextAsync()
        {
            (await items.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancellation)).ShouldBeTrue();
            heard.Add(items.Current.Data);
            Contract.OfTheApi.CheckEvent(items.Current.Data);
            return (
                items.Current.EventType,
                JsonDocument.Parse(items.Current.Data).RootElement.GetProperty("id").GetString() ?? ""
            );
        }

        /// <summary>Waits for an event, and also collects those before it.</summary>
        public async Task HearsAsync(string kind, string note)
        {
            while (await NextAsync() != (kind, note[^36..])) { }
        }

        public async Task<TimeSpan> EndsAsync(TimeSpan? within = null)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while (await items.MoveNextAsync().AsTask().WaitAsync(within ?? TimeSpan.FromSeconds(10), Cancellation)) { }
            return clock.Elapsed;
        }

        public ValueTask DisposeAsync()
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
