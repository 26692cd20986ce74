using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Bff.Tests;

public sealed class ReplicaTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Fact]
    [Trait("Check", "O04")]
    public async Task RollingRestart_UnderLoad_LosesNoSession()
    {
        var people = new List<SignedIn>();
        for (var i = 0; i < 5; i++)
            people.Add(await bff.SignInAsync());
        var serving = new ConcurrentDictionary<Uri, bool>
        {
            [bff.Address] = true,
            [bff.Start()] = true,
            [bff.Start()] = true,
        };
        using var done = new CancellationTokenSource();
        var (answers, busy) = (new ConcurrentBag<HttpStatusCode>(), new ConcurrentDictionary<Uri, int>());
        var load = people
            .Select(person =>
                Task.Run(async () =>
                {
                    while (!done.IsCancellationRequested)
                    {
                        // Like a load balancer: any running replica, and never one that is shutting down.
                        var address = Random.Shared.GetItems([.. serving.Keys], 1)[0];
                        busy.AddOrUpdate(address, 1, (_, count) => count + 1);
                        if (serving.ContainsKey(address))
                        {
                            using var browser = bff.NewBrowser(address);
                            browser.SetCookie(
                                BffUnderTest.SessionCookie,
                                person.Browser.Cookie(BffUnderTest.SessionCookie)!
                            );
                            using var answer = await browser.FetchAsync(HttpMethod.Get, "/api/v1/notes");
                            answers.Add(answer.StatusCode);
                        }
                        busy.AddOrUpdate(address, 0, (_, count) => count - 1);
                    }
                })
            )
            .ToArray();

        foreach (var old in serving.Keys.ToArray())
        {
            serving[bff.Start()] = true;
            await bff.Database.ExecuteAsync("UPDATE web.sessions SET token_expires_at = clock_timestamp()");
            var count = answers.Count;
            await Wait.UntilAsync(() => answers.Count > count + 20, TimeSpan.FromSeconds(30));
            serving.TryRemove(old, out _);
            await Wait.UntilAsync(() => busy.GetValueOrDefault(old) == 0, TimeSpan.FromSeconds(30));
            await bff.StopAsync(old);
        }
        await done.CancelAsync();
        await Task.WhenAll(load);

        answers.ShouldAllBe(status => status == HttpStatusCode.OK);
        bff.Provider.Refreshes.Count.ShouldBe(3 * people.Count);
        foreach (var person in people)
            person.Dispose();
    }

    [Fact]
    [Trait("Check", "O03")]
    public async Task Metrics_CountTheEventsOfASession()
    {
        var counted = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        var scope = bff.ServicesOf(bff.Address).GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, me) =>
        {
            if (instrument.Meter.Name == "Lightning.Sessions" && ReferenceEquals(instrument.Meter.Scope, scope))
                me.EnableMeasurementEvents(instrument);
        };
        void Count(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = $"{name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}".Trim();
            counted.AddOrUpdate(key, value, (_, sum) => sum + value);
        }
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Count(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => Count($"{instrument.Name}{(value < 60 ? "" : " absurd")}", 1, tags)
        );
        listener.Start();

        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();
        await Wait.UntilAsync(() => counted.ContainsKey("lightning.sessions.propagation"));
        await ada.StatusOfAsync();
        await ada.StatusOfAsync();
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE web.sessions SET token_expires_at = clock_timestamp() - interval '1 minute'
                WHERE sid = '{bob.Session.Id}'
            """
        );
        await bob.StatusOfAsync("/api/v1/notes");
        bff.Provider.BeforeRefresh = () =>
            Task.FromResult<Microsoft.AspNetCore.Http.IResult?>(
                Microsoft.AspNetCore.Http.Results.Json(new { error = "invalid_grant" }, statusCode: 400)
            );
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE web.sessions SET token_expires_at = clock_timestamp() - interval '1 minute'
                WHERE sid = '{bob.Session.Id}'
            """
        );
        await Wait.UntilAsync(async () => await bob.StatusOfAsync("/api/v1/notes") == HttpStatusCode.Unauthorized);
        (await ada.Browser.GetAsync("/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (
            await bff.ServicesOf(bff.Address)
                .GetRequiredService<ExpiredSessionCleanup>()
                .RemoveAsync(TestContext.Current.CancellationToken)
        ).ShouldBe(1);
        listener.RecordObservableInstruments();
        await ada.Browser.FetchAsync(HttpMethod.Post, "/bff/logout");

        counted["lightning.sessions.started app=bff"].ShouldBe(2);
        counted["lightning.sessions.ended reason=signed-out"].ShouldBe(1);
        counted["lightning.sessions.ended reason=refresh-refused"].ShouldBe(1);
        counted["lightning.sessions.refresh.duration outcome=ok"].ShouldBe(1);
        counted["lightning.sessions.refresh.duration outcome=invalid_grant"].ShouldBe(1);
        counted["lightning.sessions.lookups memory=web outcome=hit"].ShouldBeGreaterThanOrEqualTo(1);
        counted["lightning.sessions.lookups memory=web outcome=miss"].ShouldBeGreaterThanOrEqualTo(2);
        counted["lightning.sessions.remembered.web"].ShouldBeGreaterThanOrEqualTo(1);
        counted["lightning.csrf.refused"].ShouldBe(1);
        counted["lightning.sessions.active"].ShouldBe(1, "Ada's; Bob's was ended by the provider");
        counted["lightning.sessions.ended reason=expired"].ShouldBe(1);
        counted["lightning.sessions.propagation"].ShouldBeGreaterThanOrEqualTo(1);
    }
}
