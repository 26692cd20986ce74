using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Lightning.Testing;

namespace Lightning.EndToEnd.Faults;

/// <summary>
/// Failures of real processes: no user is signed out by them, and no ended session stays valid.
/// </summary>
[Collection(SerialCollection.Name)]
public sealed class FaultTests(Cluster cluster) : IClassFixture<Cluster>
{
    const string Feeds = "pg_stat_activity WHERE application_name = 'lightning-feed'";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Check", "R09")]
    public async Task Feed_recovers_from_cut_connections_without_wrong_responses()
    {
        var (ada, bob) = (await cluster.SignInAsync("feed-ada"), await cluster.SignInAsync("feed-bob"));
        var token = await cluster.AccessTokenAsync(ada.Person);
        foreach (var bff in cluster.Bffs)
            (await ada.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.OK);
        foreach (var api in cluster.Apis)
            (await Cluster.CallAsync(api, token)).ShouldBe(HttpStatusCode.OK);

        var cut = (long)
            (
                await cluster.Postgres.ExecuteAsync(
                    $"WITH feeds AS MATERIALIZED (SELECT pid FROM {Feeds}) SELECT count(*) FROM feeds WHERE "
                        + $"pg_terminate_backend(pid)"
                )
            )!;
        cut.ShouldBe(cluster.Bffs.Length + cluster.Apis.Length + 1);
        await EndAsync(ada);
        var clock = Stopwatch.StartNew();

        // Active sessions are not affected. Ended ones are rejected within three seconds, the maximum age of the cache.
        foreach (var bff in cluster.Bffs)
        {
            await Wait.UntilAsync(
                async () => await ada.StatusAsync(bff.Address) == HttpStatusCode.Unauthorized,
                TimeSpan.FromSeconds(3.5)
            );
            (await bob.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.OK);
        }
        foreach (var api in cluster.Apis)
            await Wait.UntilAsync(
                async () => await Cluster.CallAsync(api, token) == HttpStatusCode.Unauthorized,
                TimeSpan.FromSeconds(3.5)
            );
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(4));
        await Wait.UntilAsync(async () =>
            (long)(await cluster.Postgres.ExecuteAsync($"SELECT count(*) FROM {Feeds}"))! == cut
        );
    }

    [Fact]
    [Trait("Check", "O09")]
    public async Task Postgres_restart_is_503_and_keeps_sessions()
    {
        var ada = await cluster.SignInAsync("postgres-ada");
        var token = await cluster.AccessTokenAsync(ada.Person);
        (await ada.StatusAsync(cluster.Front.Address)).ShouldBe(HttpStatusCode.OK);
        await cluster.Postgres.StopAsync();
        var stopped = Stopwatch.StartNew();
        var seen = new ConcurrentBag<HttpStatusCode>();
        foreach (var bff in cluster.Bffs)
            await Wait.UntilAsync(async () =>
            {
                var began = Stopwatch.StartNew();
                using var answer = await ada.SendAsync(bff.Address, "/bff/user");
                began.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
                seen.Add(answer.StatusCode);
                // No response deletes the cookie.
                answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                    return false;
                answer.Headers.RetryAfter.ShouldNotBeNull();
                return true;
            });
        stopped.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        foreach (var api in cluster.Apis)
            await Wait.UntilAsync(async () => await Cluster.CallAsync(api, token) == HttpStatusCode.ServiceUnavailable);
        ServiceProcess[] services = [cluster.Identity, cluster.Admin, .. cluster.Bffs, .. cluster.Apis];
        foreach (var service in services)
        {
            (await service.StatusAsync("/health/live")).ShouldBe(HttpStatusCode.OK);
            (await service.StatusAsync("/health/ready")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        await cluster.Postgres.StartAsync();

        foreach (var bff in cluster.Bffs)
            await Wait.UntilAsync(async () =>
            {
                var status = await ada.StatusAsync(bff.Address);
                seen.Add(status);
                return status == HttpStatusCode.OK;
            });
        foreach (var api in cluster.Apis)
            await Wait.UntilAsync(async () => await Cluster.CallAsync(api, token) == HttpStatusCode.OK);
        foreach (var service in services)
            await Wait.UntilAsync(async () => await service.StatusAsync("/health/ready") == HttpStatusCode.OK);
        seen.Distinct().Order().ShouldBe([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
    }

    [Fact]
    [Trait("Check", "B11")]
    public async Task Killed_identity_keeps_sessions_and_sign_in_reports_it()
    {
        var (ada, bob) = (await cluster.SignInAsync("identity-ada"), await cluster.SignInAsync("identity-bob"));
        // The APIs have already loaded the provider's keys.
        var token = await cluster.AccessTokenAsync(ada.Person);
        foreach (var api in cluster.Apis)
            (await Cluster.CallAsync(api, token)).ShouldBe(HttpStatusCode.OK);

        await cluster.Identity.KillAsync();
        try
        {
            // One token is close to its expiry and still valid; the other has expired.
            await cluster.Postgres.ExecuteAsync(
                $"UPDATE web.sessions SET token_expires_at = now() + interval '40 seconds', refresh_lease_owner = "
                    + $"NULL WHERE sid = '{ada.Sid}'"
            );
            await cluster.Postgres.ExecuteAsync(
                $"UPDATE web.sessions SET token_expires_at = now() - interval '1 second', refresh_lease_owner = NULL "
                    + $"WHERE sid = '{bob.Sid}'"
            );

            foreach (var bff in cluster.Bffs)
            {
                (await ada.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.OK);
                using var away = await bob.SendAsync(bff.Address, "/api/v1/notes");
                away.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
                away.Headers.RetryAfter.ShouldNotBeNull();
                (await bob.StatusAsync(bff.Address, "/bff/user?slide=false")).ShouldBe(HttpStatusCode.OK);
            }

            using var stranger = new Person();
            var page = await stranger.OpenAsync(new Uri(cluster.Front.Address, "/bff/login").ToString());
            page.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            page.Html.ShouldContain("The sign-in service does not answer");
            page.Html.ShouldContain("Nothing was changed. Try again in a few seconds.");
        }
        finally
        {
            await cluster.Identity.StartAsync();
        }

        foreach (var person in new[] { ada, bob })
            await Wait.UntilAsync(async () =>
            {
                var status = await person.StatusAsync(cluster.Front.Address);
                status.ShouldNotBe(HttpStatusCode.Unauthorized);
                return status == HttpStatusCode.OK;
            });
        (await AliveAsync(ada, bob)).ShouldBe(2);
    }

    [Fact]
    [Trait("Check", "O04")]
    public async Task Killed_BFF_is_replaced_by_other_replicas()
    {
        var ada = await cluster.SignInAsync("killed-ada");
        foreach (var bff in cluster.Bffs)
            (await ada.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.OK);
        // With expired tokens, so that the other replicas must refresh them too.
        await cluster.Postgres.ExecuteAsync(
            $"UPDATE web.sessions SET token_expires_at = now() - interval '1 second' WHERE sid = '{ada.Sid}'"
        );

        await cluster.Bffs[0].KillAsync();
        (await cluster.Bffs[0].StatusAsync("/health/live")).ShouldBeNull();
        for (var i = 0; i < 30; i++)
            (await ada.StatusAsync(cluster.App)).ShouldBe(HttpStatusCode.OK);

        await cluster.Bffs[0].StartAsync();
        (await ada.StatusAsync(cluster.Bffs[0].Address)).ShouldBe(HttpStatusCode.OK);

        (await AliveAsync(ada)).ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "T04")]
    public async Task Bff_killed_after_token_rotation_ends_only_that_session()
    {
        var (ada, bob) = (await cluster.SignInAsync("half-ada"), await cluster.SignInAsync("half-bob"));
        await cluster.Postgres.ExecuteAsync(
            $"UPDATE web.sessions SET token_expires_at = now() - interval '1 second' WHERE sid = '{ada.Sid}'"
        );
        // Identity waits for a lock; when it continues, the BFF that called it is frozen.
        await using (
            await cluster.Postgres.HoldAsync($"SELECT FROM identity.sessions WHERE id = '{ada.Sid}' FOR UPDATE")
        )
        {
            _ = Should.ThrowAsync<HttpRequestException>(ada.StatusAsync(cluster.Bffs[0].Address));
            await Wait.UntilAsync(async () =>
                (long)
                    (
                        await cluster.Postgres.ExecuteAsync(
                            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'lightning_identity' AND "
                                + "wait_event_type = 'Lock'"
                        )
                    )! > 0
            );
            await cluster.Bffs[0].FreezeAsync();
        }

        await Wait.UntilAsync(async () =>
            (long)
                (
                    await cluster.Postgres.ExecuteAsync(
                        $"SELECT count(*) FROM identity.refresh_tokens WHERE sid = '{ada.Sid}'"
                    )
                )! == 2
        );
        await cluster.Bffs[0].KillAsync();
        await cluster.Bffs[0].StartAsync();
        // As if the lease of the killed replica had expired, which takes half a minute.
        await cluster.Postgres.ExecuteAsync(
            $"UPDATE web.sessions SET refresh_lease_until = now() WHERE sid = '{ada.Sid}'"
        );

        foreach (var bff in cluster.Bffs)
        {
            (await ada.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.Unauthorized);
            (await bob.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.OK);
        }
        (
            await cluster.Postgres.ExecuteAsync($"SELECT end_reason FROM identity.sessions WHERE id = '{ada.Sid}'")
        ).ShouldBe("refresh-token-reuse");
    }

    [Fact]
    [Trait("Check", "B15")]
    public async Task Aborted_request_during_refresh_loses_no_token()
    {
        var ada = await cluster.SignInAsync("gone-ada");
        await cluster.Postgres.ExecuteAsync(
            $"UPDATE web.sessions SET token_expires_at = now() - interval '1 second' WHERE sid = '{ada.Sid}'"
        );
        await cluster.Identity.FreezeAsync();
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, cluster.Bffs[1].Port, Cancellation);
            var request = Encoding.ASCII.GetBytes(
                $"GET /api/v1/notes HTTP/1.1\r\nHost: {cluster.Bffs[1].Address.Authority}\r\nX-CSRF: 1\r\nCookie: "
                    + $"__Host-lightning={ada.Cookie}\r\n\r\n"
            );
            await Wait.UntilAsync(async () =>
            {
                // A request before the notification is served from the cache and refreshes nothing.
                await client.GetStream().WriteAsync(request, Cancellation);
                return (bool)
                    (
                        await cluster.Postgres.ExecuteAsync(
                            $"SELECT refresh_lease_owner IS NOT NULL FROM web.sessions WHERE sid = '{ada.Sid}'"
                        )
                    )!;
            });
            // A TCP reset, as a closed browser tab sends it.
            client.LingerState = new LingerOption(true, 0);
        }
        finally
        {
            await cluster.Identity.ThawAsync();
        }

        (await ada.StatusAsync(cluster.Bffs[2].Address)).ShouldBe(HttpStatusCode.OK);
        // The first one and its replacement, which is unused.
        (
            await cluster.Postgres.ExecuteAsync($"SELECT count(*) FROM identity.refresh_tokens WHERE sid = '{ada.Sid}'")
        ).ShouldBe(2L);
        (await AliveAsync(ada)).ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "O04")]
    public async Task Rolling_restart_keeps_all_sessions()
    {
        var people = new List<Session>();
        for (var i = 0; i < 3; i++)
            people.Add(await cluster.SignInAsync($"rolling-{i}"));
        var answers = new ConcurrentDictionary<HttpStatusCode, int>();
        var errors = 0;
        using var done = new CancellationTokenSource();
        var load = people
            .Select(person =>
                Task.Run(
                    async () =>
                    {
                        while (!done.IsCancellationRequested)
                        {
                            try
                            {
                                answers.AddOrUpdate(
                                    await person.StatusAsync(cluster.Front.Address),
                                    1,
                                    (_, count) => count + 1
                                );
                            }
                            catch (HttpRequestException)
                            {
                                // The balancer had connected before the replica stopped listening.
                                Interlocked.Increment(ref errors);
                            }
                            // Leaves processor time for the starts.
                            await Task.Delay(5, Cancellation);
                        }
                    },
                    Cancellation
                )
            )
            .ToArray();

        foreach (var (services, balancer) in new[] { (cluster.Bffs, cluster.Front), (cluster.Apis, cluster.Back) })
        foreach (var old in services)
        {
            balancer.Drain(old);
            await old.StopAsync();
            await cluster.Postgres.ExecuteAsync(
                "UPDATE web.sessions SET token_expires_at = now() - interval '1 second'"
            );
            await old.StartAsync();
            balancer.Add(old);
            var count = answers.GetValueOrDefault(HttpStatusCode.OK);
            await Wait.UntilAsync(
                () => answers.GetValueOrDefault(HttpStatusCode.OK) > count + 20,
                TimeSpan.FromSeconds(30)
            );
        }
        await done.CancelAsync();
        await Task.WhenAll(load);

        var counts = string.Join(", ", answers.Select(answer => $"{answer.Key}: {answer.Value}"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{counts}; connection errors: {errors}");
        answers.Keys.ShouldBe([HttpStatusCode.OK]);
        errors.ShouldBe(0);
        (await AliveAsync([.. people])).ShouldBe(people.Count);
    }

    [Fact]
    [Trait("Check", "A27")]
    [Trait("Check", "L08")]
    public async Task Back_channel_logout_reaches_a_BFF_that_was_down()
    {
        var ada = await cluster.SignInAsync("back-ada");
        const string used = "SELECT count(*) FROM identity.seen_tokens",
            waiting = "SELECT count(*) FROM identity.outbox WHERE kind = 'logout'";
        foreach (var bff in cluster.Bffs)
            cluster.Front.Remove(bff);
        long before;
        try
        {
            var page = await ada.Person.OpenAsync($"{cluster.Provider}account/sign-out");
            await ada.Person.SubmitAsync(page);
            (await ada.StatusAsync(cluster.Bffs[0].Address, "/bff/user")).ShouldBe(HttpStatusCode.Unauthorized);
            // The notification has failed and will be retried.
            await Wait.UntilAsync(async () =>
                (await cluster.Postgres.ExecuteAsync("SELECT max(attempts) FROM identity.outbox WHERE kind = 'logout'"))
                    is > 0
            );
            (await cluster.Postgres.ExecuteAsync(waiting)).ShouldBe(1L);
            before = (long)(await cluster.Postgres.ExecuteAsync(used))!;
        }
        finally
        {
            foreach (var bff in cluster.Bffs)
                cluster.Front.Add(bff);
        }

        await cluster.Postgres.ExecuteAsync("UPDATE identity.outbox SET due_at = now() WHERE kind = 'logout'");
        await Wait.UntilAsync(async () => (long)(await cluster.Postgres.ExecuteAsync(waiting))! == 0);

        // The BFF has accepted the token and rejects its reuse.
        (await cluster.Postgres.ExecuteAsync(used)).ShouldBe(before + 1);
    }

    [Fact]
    [Trait("Check", "L11")]
    [Trait("Check", "R08")]
    public async Task Administrator_ends_sessions_on_all_replicas_in_time()
    {
        var (ada, bob) = (await cluster.SignInAsync("admin-ada"), await cluster.SignInAsync("admin-bob"));
        var token = await cluster.AccessTokenAsync(ada.Person);
        using var root = await cluster.RegisterAsync("root", isAdmin: true);
        await root.OpenAsync($"{cluster.AdminSite}login?returnUrl=/health/live");
        foreach (var bff in cluster.Bffs)
            (await ada.StatusAsync(bff.Address)).ShouldBe(HttpStatusCode.OK);
        foreach (var api in cluster.Apis)
            (await Cluster.CallAsync(api, token)).ShouldBe(HttpStatusCode.OK);
        var question = await root.OpenAsync($"{cluster.AdminSite}sessions/end/{ada.Sid}");
        question.Status.ShouldBe(HttpStatusCode.OK);

        await root.SubmitFormAsync(question, "of this user");
        var clock = Stopwatch.StartNew();

        foreach (var bff in cluster.Bffs)
            await Wait.UntilAsync(
                async () => await ada.StatusAsync(bff.Address, "/bff/user") == HttpStatusCode.Unauthorized,
                TimeSpan.FromSeconds(3)
            );
        foreach (var api in cluster.Apis)
            await Wait.UntilAsync(
                async () => await Cluster.CallAsync(api, token) == HttpStatusCode.Unauthorized,
                TimeSpan.FromSeconds(3)
            );
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Known everywhere, and asked five times, after {clock.Elapsed.TotalMilliseconds:0} ms."
        );
        (await bob.StatusAsync(cluster.Front.Address)).ShouldBe(HttpStatusCode.OK);
        (
            await cluster.Postgres.ExecuteAsync(
                $"SELECT count(*) FROM audit.entries WHERE action = 'sessions-ended-by-admin' AND subject_id = "
                    + $"'{ada.UserId}'"
            )
        ).ShouldBe(1L);
    }

    Task<object?> EndAsync(Session session) =>
        cluster.Postgres.ExecuteAsync($"SELECT identity.end_session('{session.Sid}', 'test')");

    async Task<long> AliveAsync(params Session[] sessions) =>
        (long)
            (
                await cluster.Postgres.ExecuteAsync(
                    $"SELECT count(*) FROM identity.sessions WHERE ended_at IS NULL AND id IN "
                        + $"({string.Join(", ", sessions.Select(session => $"'{session.Sid}'"))})"
                )
            )!;
}
