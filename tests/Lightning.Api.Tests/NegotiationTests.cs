using System.Net;
using Lightning.Testing;

namespace Lightning.Api.Tests;

/// <summary>Errors as pages or JSON, and HEAD.</summary>
public sealed class NegotiationTests(PostgresServer server) : IAsyncLifetime
{
    readonly ApiUnderTest api = new(server) { IsOnSocket = true };

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => api.InitializeAsync();

    public ValueTask DisposeAsync() => api.DisposeAsync();

    [Theory]
    [InlineData("/unknown", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/notes", HttpStatusCode.Unauthorized)]
    [InlineData("/api/v1/me", HttpStatusCode.Unauthorized)]
    public async Task Error_is_a_page_for_browsers_and_JSON_for_programs(string path, HttpStatusCode status)
    {
        using var client = Client();
        await ShouldNegotiateAsync(client, path, status);
    }

    [Theory]
    [InlineData("/api/v1/notes/0198c0de-7a11-7000-8000-00000000c0de", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/notes?limit=many", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/notes?unknown=1", HttpStatusCode.BadRequest)]
    public async Task Error_of_an_operation_is_a_page_for_browsers(string path, HttpStatusCode status)
    {
        var ada = await api.SignInAsync("ada");
        using var client = Client(ada);
        await ShouldNegotiateAsync(client, path, status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Head_answers_like_get_at_every_endpoint(bool isSignedIn)
    {
        var ada = await api.SignInAsync("ada");

        using var client = Client(isSignedIn ? ada : null);

        var (differences, answered) = await HeadAndGet.CompareAsync(client, HeadAndGet.PathsOf(api.Services));

        differences.ShouldBeEmpty();
        answered.ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task Head_of_a_stream_does_not_keep_it_open()
    {
        var ada = await api.SignInAsync("ada");

        // More than a session may have open.
        for (var i = 0; i < 30; i++)
        {
            using var head = await ada.Client.SendAsync(
                new HttpRequestMessage(HttpMethod.Head, "/api/v1/notes/events"),
                Cancellation
            );
            head.StatusCode.ShouldBe(HttpStatusCode.OK);
            head.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        }

        (await ada.GetAsync("/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>A client that accepts pages, which the API's document does not have.</summary>
    HttpClient Client(Person? person = null)
    {
        using var checking = api.Anonymous();
        var client = new HttpClient { BaseAddress = checking.BaseAddress };
        client.DefaultRequestHeaders.Authorization = person?.Client.DefaultRequestHeaders.Authorization;
        return client;
    }

    static async Task ShouldNegotiateAsync(HttpClient client, string path, HttpStatusCode status)
    {
        foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (accept.Length > 0)
                request.Headers.TryAddWithoutValidation("Accept", accept);
            using var answer = await client.SendAsync(request, Cancellation);

            answer.StatusCode.ShouldBe(status, accept);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(
                AcceptHeaders.Pages.Contains(accept) ? "text/html" : "application/problem+json",
                $"{path} for {accept}"
            );
        }
    }
}
