using System.Data.Common;
using System.Net;
using System.Net.Http.Json;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

/// <summary>
/// Objects outside the caller's scope look like missing ones: same response bytes, same SQL statements.
/// </summary>
public class ScopeTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string?, string?> Calls =>
        new()
        {
            { "GET", "/api/v1/notes/{0}", null, null },
            { "PUT", "/api/v1/notes/{0}", """{"title":"Mine","body":""}""", "*" },
            { "PUT", "/api/v1/notes/{0}", """{"title":"Mine","body":""}""", null },
            { "DELETE", "/api/v1/notes/{0}", null, "*" },
            { "DELETE", "/api/v1/notes/{0}", null, null },
            { "PUT", "/api/v1/notes/{0}/archived", null, "\"1\"" },
            { "DELETE", "/api/v1/notes/{0}/pinned", null, null },
            { "GET", "/api/v1/notes/{0}/shares", null, null },
            { "POST", "/api/v1/notes/{0}/shares", """{"address":"x@example.com"}""", null },
        };

    [Theory]
    [MemberData(nameof(Calls))]
    [Trait("Check", "R06")]
    public async Task Foreign_and_missing_objects_are_indistinguishable(
        string method,
        string path,
        string? body,
        string? ifMatch
    )
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var foreign = (await ada.WriteAsync("Secret"))[^36..];
        var differs = await DiffersAsync(api, bob, method, path, body, ifMatch, foreign);
        differs.ShouldBeNull();
        (await ada.GetAsync($"/api/v1/notes/{foreign}")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/leaks/by-status/{0}")]
    [InlineData("/leaks/by-word/{0}")]
    [InlineData("/leaks/by-work/{0}")]
    public async Task Leaking_endpoint_is_detected(string path)
    {
        await using var leaky = new ApiUnderTest(api.Server) { Extend = Leaks };
        await leaky.InitializeAsync();
        var (ada, bob) = (await leaky.SignInAsync("ada"), await leaky.SignInAsync("bob"));
        var foreign = (await ada.WriteAsync("Secret"))[^36..];
        (await DiffersAsync(leaky, bob, "GET", path, null, null, foreign)).ShouldNotBeNull();
    }

    /// <summary>Each loads without the scope and then denies, as a manual check might.</summary>
    static void Leaks(IApplicationBuilder app) =>
        app.Use(
            async (context, next) =>
            {
                if (!context.Request.Path.StartsWithSegments("/leaks", out var rest))
                {
                    await next(context);
                    return;
                }
                var (kind, id) = (rest.Value!.Split('/')[1], Guid.Parse(rest.Value!.Split('/')[2]));
                await using var db = LightningDbFactory.Connect(
                    new Npgsql.NpgsqlConnectionStringBuilder(
                        context.RequestServices.GetRequiredService<Microsoft.Extensions.Configuration.IConfiguration>()[
                            "Owner"
                        ]
                    ).ConnectionString
                );
                var isThere = await db.Notes.AnyAsync(note => note.Id == id);
                if (isThere && kind == "by-work")
                    await db.NoteShares.AnyAsync(share => share.NoteId == id);
                context.Response.StatusCode = isThere && kind == "by-status" ? 403 : 404;
                await context.Response.WriteAsJsonAsync(
                    new { title = isThere && kind == "by-word" ? "Not yours" : "Not found", traceId = "" },
                    (System.Text.Json.JsonSerializerOptions?)null,
                    "application/problem+json"
                );
            }
        );

    static async Task<string?> DiffersAsync(
        ApiUnderTest service,
        Person caller,
        string method,
        string path,
        string? body,
        string? ifMatch,
        string foreign
    )
    {
        // Warm up.
        await service.WaitForSessionCacheAsync();
        foreach (var id in new[] { Guid.NewGuid().ToString(), foreign })
            await SendAsync(id);
        var (one, other) = (await SendAsync(Guid.CreateVersion7().ToString()), await SendAsync(foreign));
        one.Statements.Count.ShouldBeGreaterThan(0);
        if (one.Answer.StatusCode != HttpStatusCode.NotFound)
            return $"{one.Answer.StatusCode}";
        var (first, second) = (await one.Answer.WithoutTraceAsync(), await other.Answer.WithoutTraceAsync());
        if (first != second)
            return $"{first}\nand\n{second}";
        return one.Statements.SequenceEqual(other.Statements)
            ? null
            : $"{string.Join('\n', one.Statements)}\nand\n{string.Join('\n', other.Statements)}";

        Task<(HttpResponseMessage Answer, IReadOnlyList<string> Statements)> SendAsync(string id)
        {
            var request = new HttpRequestMessage(
                new(method),
                string.Format(System.Globalization.CultureInfo.InvariantCulture, path, id)
            )
            {
                Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
            };
            if (ifMatch is not null)
                request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
            return RequestStatements.HearAsync(caller.Client, request, Cancellation);
        }
    }

    [Fact]
    public async Task Denied_write_is_403_before_preconditions()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var note = await ada.WriteAsync("Ours");
        await ada.ShareAsync(note, bob);
        foreach (var ifMatch in new[] { null, "\"0\"", "*" })
            (await bob.CallAsync(HttpMethod.Delete, note, ifMatch: ifMatch)).StatusCode.ShouldBe(
                HttpStatusCode.Forbidden
            );
    }

    /// <summary>In the same round trip as each query; a separate statement only when a transaction begins.</summary>
    [Fact]
    public async Task Actor_is_set_in_the_same_round_trip()
    {
        await api.WaitForSessionCacheAsync();
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("One");
        await ada.GetAsync(note);
        foreach (
            var (method, path, body, journeys) in new (HttpMethod, string, object?, int?)[]
            {
                (HttpMethod.Get, note, null, 1),
                (HttpMethod.Get, "/api/v1/notes", null, 1),
                (HttpMethod.Get, $"{note}/shares", null, 2),
                (HttpMethod.Get, "/api/v1/me", null, 1),
                (HttpMethod.Put, note, new { title = "Two", body = "" }, null),
                (HttpMethod.Post, $"{note}/shares", new { address = "y@example.com" }, null),
                (HttpMethod.Post, "/api/v1/notes", new { title = "Three" }, null),
            }
        )
        {
            using var request = new HttpRequestMessage(method, path)
            {
                Content = body is null ? null : JsonContent.Create(body),
            };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            var (answer, statements) = await RequestStatements.HearAsync(ada.Client, request, Cancellation);
            answer.EnsureSuccessStatusCode();
            var heard = $"{method} {path}\n{string.Join('\n', statements)}";
            statements
                .Count(sql =>
                    sql.Contains("lightning.actor", StringComparison.Ordinal)
                    && !sql.Contains(';', StringComparison.Ordinal)
                )
                .ShouldBe(journeys is null ? 1 : 0, heard);
            if (journeys is not { } expected)
                continue;
            statements.ShouldAllBe(sql => sql.Contains("lightning.actor", StringComparison.Ordinal), heard);
            statements.Count.ShouldBe(expected, heard);
        }
    }

    [Fact]
    public async Task Pooled_context_does_not_keep_the_actor()
    {
        await using var own = new ApiUnderTest(api.Server) { Pool = 1 };
        await own.InitializeAsync();
        var (ada, bob) = (await own.SignInAsync("ada"), await own.SignInAsync("bob"));
        var (adas, bobs) = (await ada.WriteAsync("Ada's"), await bob.WriteAsync("Bob's"));
        await ada.TitlesAsync();
        await ada.GetAsync(adas);
        own.Services.GetRequiredService<CompiledQueries>()
            .Count.ShouldBe(2, "compiled queries must not keep the rows of the first caller");
        for (var i = 0; i < 20; i++)
        {
            (await ada.TitlesAsync()).ShouldBe(["Ada's"]);
            (await bob.TitlesAsync()).ShouldBe(["Bob's"]);
            // Fails in the middle of the request.
            (await ada.GetAsync(bobs)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await bob.PutAsync(bobs, new { title = "Bob's", body = "" }, "\"0\"")).StatusCode.ShouldBe(
                HttpStatusCode.PreconditionFailed
            );
            await using var scope = own.Services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
            (await db.Notes.CountAsync(Cancellation)).ShouldBe(0, "there is no actor");
        }
    }

    /// <summary>
    /// One pooled connection and context, and an endpoint without scope: the actor must be set for each request, or
    /// rows leak.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Row_security_covers_an_endpoint_without_scope(bool isBroken)
    {
        await using var own = new ApiUnderTest(api.Server)
        {
            Pool = 1,
            Configure = services =>
            {
                if (isBroken)
                    services.ConfigureDbContext<LightningDb>(options =>
                        options.AddInterceptors(new FirstActorForever())
                    );
            },
            Extend = app =>
                app.Use(
                    async (context, next) =>
                    {
                        if (context.Request.Path != "/forgotten")
                        {
                            await next(context);
                            return;
                        }
                        var authentication = await context.AuthenticateAsync("Bearer");
                        authentication.Succeeded.ShouldBeTrue();
                        await context.Response.WriteAsJsonAsync(
                            await context
                                .RequestServices.GetRequiredService<LightningDb>()
                                .Notes.Select(note => note.Title)
                                .ToListAsync()
                        );
                    }
                ),
        };
        await own.InitializeAsync();
        var (ada, bob) = (await own.SignInAsync("ada"), await own.SignInAsync("bob"));
        await using (var db = own.Database.Connect())
        {
            foreach (var person in new[] { ada, bob })
                db.Notes.Add(
                    new Data.Notes.Note
                    {
                        OwnerId = person.User.Id,
                        Title = $"{person.User.Name[..3]}'s",
                        Body = "",
                        CreatedAt = DateTimeOffset.UtcNow,
                        UpdatedAt = DateTimeOffset.UtcNow,
                    }
                );
            await db.SaveChangesAsync(Cancellation);
        }
        for (var i = 0; i < 5; i++)
        {
            (await ada.Client.GetFromJsonAsync<string[]>("/forgotten", Cancellation)).ShouldBe(["ada's"]);
            (await bob.Client.GetFromJsonAsync<string[]>("/forgotten", Cancellation)).ShouldBe([
                isBroken ? "ada's" : "bob's",
            ]);
        }
    }

    /// <summary>
    /// Sets the actor of the first request only, as a broken interceptor on a pooled context would.
    /// </summary>
    sealed class FirstActorForever : DbCommandInterceptor
    {
        object? first;

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default
        )
        {
            if (
                command
                    .Parameters.Cast<Npgsql.NpgsqlParameter>()
                    .SingleOrDefault(parameter => parameter.ParameterName == "lightning_actor") is
                { Value: not "" } said
            )
                said.Value = first ??= said.Value;
            return new(result);
        }
    }

    [Fact]
    public void Endpoint_without_a_rule_fails_at_start()
    {
        var app = WebApplication.CreateBuilder().Build();
        app.MapGet("/silent", () => "").RequireAuthorization();
        Should
            .Throw<ConfigurationException>(() => app.ValidateRequiredRules())
            .Message.ShouldBe("HTTP: GET /silent requires no rule: add .Requires<…>(Verb.…) where it is mapped.");
    }

    [Fact]
    public void Rule_without_a_policy_fails_at_start()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddSingleton<Policy<Data.Audit.AuditEntry>>(new Data.Audit.AuditPolicy());
        var app = builder.Build();
        app.MapGet("/unknown", () => "")
            .RequireAuthorization()
            .Requires<Lightning.Sessions.Model.OutboxMessage>(Verb.Read);
        Should
            .Throw<ConfigurationException>(() => app.ValidateRequiredRules())
            .Message.ShouldContain("requires a rule of OutboxMessage, which has no policy");
        var second = WebApplication.CreateBuilder();
        second.Services.AddSingleton<Policy<Data.Audit.AuditEntry>>(new Data.Audit.AuditPolicy());
        var forbidden = second.Build();
        forbidden.MapGet("/forbidden", () => "").RequireAuthorization().Requires<Data.Audit.AuditEntry>(Verb.Delete);
        Should
            .Throw<ConfigurationException>(() => forbidden.ValidateRequiredRules())
            .Message.ShouldContain("which its policy never allows");
    }
}
