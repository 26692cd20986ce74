using System.Net;
using System.Net.Http.Json;
using Lightning.Api.Access;
using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

/// <summary>What lies outside a caller's scope is the same to them as what is not there: byte for byte, and statement for statement.</summary>
public class ScopeTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string?, string?> Calls => new()
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
    public async Task Foreign_AndMissing_AreTheSameBytesAndTheSameStatements(string method, string path, string? body, string? ifMatch)
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
    public async Task Foreign_AndMissing_WhereAnEndpointLeaks_AreToldApart(string path)
    {
        await using var leaky = new ApiUnderTest(api.Server) { Extend = Leaks };
        await leaky.InitializeAsync();
        var (ada, bob) = (await leaky.SignInAsync("ada"), await leaky.SignInAsync("bob"));
        var foreign = (await ada.WriteAsync("Secret"))[^36..];
        (await DiffersAsync(leaky, bob, "GET", path, null, null, foreign)).ShouldNotBeNull();
    }

    /// <summary>Each loads past the scope and then refuses, as an endpoint written by hand might.</summary>
    static void Leaks(IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments("/leaks", out var rest)) { await next(context); return; }
        var (kind, id) = (rest.Value!.Split('/')[1], Guid.Parse(rest.Value!.Split('/')[2]));
        await using var db = LightningDbDesign.Connect(new Npgsql.NpgsqlConnectionStringBuilder(context.RequestServices.GetRequiredService<Microsoft.Extensions.Configuration.IConfiguration>()["Owner"]).ConnectionString);
        var isThere = await db.Notes.AnyAsync(note => note.Id == id);
        if (isThere && kind == "by-work") await db.NoteShares.AnyAsync(share => share.NoteId == id);
        context.Response.StatusCode = isThere && kind == "by-status" ? 403 : 404;
        await context.Response.WriteAsJsonAsync(new { title = isThere && kind == "by-word" ? "Not yours" : "Not found", traceId = "" }, (System.Text.Json.JsonSerializerOptions?)null, "application/problem+json");
    });

    static async Task<string?> DiffersAsync(ApiUnderTest service, Person caller, string method, string path, string? body, string? ifMatch, string foreign)
    {
        // Once before, so that nothing is done for the first time.
        await service.RemembersAsync();
        foreach (var id in new[] { Guid.NewGuid().ToString(), foreign }) await SendAsync(id);
        var (one, other) = (await SendAsync(Guid.CreateVersion7().ToString()), await SendAsync(foreign));
        one.Statements.Count.ShouldBeGreaterThan(0);
        if (one.Answer.StatusCode != HttpStatusCode.NotFound) return $"{one.Answer.StatusCode}";
        var (first, second) = (await one.Answer.WithoutTraceAsync(), await other.Answer.WithoutTraceAsync());
        if (first != second) return $"{first}\nand\n{second}";
        return one.Statements.SequenceEqual(other.Statements) ? null : $"{string.Join('\n', one.Statements)}\nand\n{string.Join('\n', other.Statements)}";

        Task<(HttpResponseMessage Answer, IReadOnlyList<string> Statements)> SendAsync(string id)
        {
            var request = new HttpRequestMessage(new(method), string.Format(System.Globalization.CultureInfo.InvariantCulture, path, id))
            {
                Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
            };
            if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
            return RequestStatements.HearAsync(caller.Client, request, Cancellation);
        }
    }

    [Fact]
    public async Task Refusal_InsideTheScope_ComesBeforeAnyPrecondition()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var note = await ada.WriteAsync("Ours");
        await ada.ShareAsync(note, bob);
        foreach (var ifMatch in new[] { null, "\"0\"", "*" })
            (await bob.CallAsync(HttpMethod.Delete, note, ifMatch: ifMatch)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>With each query, on the same journey; and by itself only where a transaction begins.</summary>
    [Fact]
    public async Task Actor_IsToldToTheDatabaseWithWhatIsAsked()
    {
        await api.RemembersAsync();
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("One");
        await ada.GetAsync(note);
        foreach (var (method, path, body, journeys) in new (HttpMethod, string, object?, int?)[]
        {
            (HttpMethod.Get, note, null, 1), (HttpMethod.Get, "/api/v1/notes", null, 1), (HttpMethod.Get, $"{note}/shares", null, 2), (HttpMethod.Get, "/api/v1/me", null, 1),
            (HttpMethod.Put, note, new { title = "Two", body = "" }, null), (HttpMethod.Post, $"{note}/shares", new { address = "y@example.com" }, null),
            (HttpMethod.Post, "/api/v1/notes", new { title = "Three" }, null),
        })
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            var (answer, statements) = await RequestStatements.HearAsync(ada.Client, request, Cancellation);
            answer.EnsureSuccessStatusCode();
            var heard = $"{method} {path}\n{string.Join('\n', statements)}";
            statements.Count(sql => sql.Contains("lightning.actor", StringComparison.Ordinal) && !sql.Contains(';', StringComparison.Ordinal)).ShouldBe(journeys is null ? 1 : 0, heard);
            if (journeys is not { } expected) continue;
            statements.ShouldAllBe(sql => sql.Contains("lightning.actor", StringComparison.Ordinal), heard);
            statements.Count.ShouldBe(expected, heard);
        }
    }

    [Fact]
    public async Task Actor_OnAPooledContext_IsForgottenBeforeTheNext()
    {
        await using var own = new ApiUnderTest(api.Server) { Pool = 1 };
        await own.InitializeAsync();
        var (ada, bob) = (await own.SignInAsync("ada"), await own.SignInAsync("bob"));
        var (adas, bobs) = (await ada.WriteAsync("Ada's"), await bob.WriteAsync("Bob's"));
        await ada.TitlesAsync();
        await ada.GetAsync(adas);
        own.Services.GetRequiredService<CompiledQueries>().Count.ShouldBe(2, "the list and the note, compiled for the first who asks: those after must not have that one's rows");
        for (var i = 0; i < 20; i++)
        {
            (await ada.TitlesAsync()).ShouldBe(["Ada's"]);
            (await bob.TitlesAsync()).ShouldBe(["Bob's"]);
            // Refused in the middle of what the request holds.
            (await ada.GetAsync(bobs)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await bob.PutAsync(bobs, new { title = "Bob's", body = "" }, "\"0\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
            await using var scope = own.Services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
            (await db.Notes.CountAsync(Cancellation)).ShouldBe(0, "nobody acts here");
        }
    }

    /// <summary>One connection and one context for everybody, and an endpoint that forgets the scope: the database is told anew, or leaks.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ForgottenScope_ReachesNothingButOnesOwn_UnlessTheActorIsThatOfTheOneBefore(bool isBroken)
    {
        await using var own = new ApiUnderTest(api.Server)
        {
            Pool = 1,
            Configure = services =>
            {
                if (isBroken) services.ConfigureDbContext<LightningDb>(options => options.AddInterceptors(new FirstActorForever()));
            },
            Extend = app => app.Use(async (context, next) =>
            {
                if (context.Request.Path != "/forgotten") { await next(context); return; }
                var authentication = await Microsoft.AspNetCore.Authentication.AuthenticationHttpContextExtensions.AuthenticateAsync(context, "Bearer");
                authentication.Succeeded.ShouldBeTrue();
                await context.Response.WriteAsJsonAsync(await context.RequestServices.GetRequiredService<LightningDb>().Notes.Select(note => note.Title).ToListAsync());
            }),
        };
        await own.InitializeAsync();
        var (ada, bob) = (await own.SignInAsync("ada"), await own.SignInAsync("bob"));
        await using (var db = own.Database.Connect())
        {
            foreach (var person in new[] { ada, bob })
                db.Notes.Add(new Data.Notes.Note { OwnerId = person.User.Id, Title = $"{person.User.Name[..3]}'s", Body = "", CreatedAt = DateTimeOffset.UtcNow, UpdatedAt = DateTimeOffset.UtcNow });
            await db.SaveChangesAsync(Cancellation);
        }
        for (var i = 0; i < 5; i++)
        {
            (await ada.Client.GetFromJsonAsync<string[]>("/forgotten", Cancellation)).ShouldBe(["ada's"]);
            (await bob.Client.GetFromJsonAsync<string[]>("/forgotten", Cancellation)).ShouldBe([isBroken ? "ada's" : "bob's"]);
        }
    }

    /// <summary>Tells the database of whoever came first, as something would that is made once for a context and used again with it.</summary>
    sealed class FirstActorForever : Microsoft.EntityFrameworkCore.Diagnostics.DbCommandInterceptor
    {
        object? first;

        public override ValueTask<Microsoft.EntityFrameworkCore.Diagnostics.InterceptionResult<System.Data.Common.DbDataReader>> ReaderExecutingAsync(
            System.Data.Common.DbCommand command, Microsoft.EntityFrameworkCore.Diagnostics.CommandEventData eventData,
            Microsoft.EntityFrameworkCore.Diagnostics.InterceptionResult<System.Data.Common.DbDataReader> result, CancellationToken cancellationToken = default)
        {
            if (command.Parameters.Cast<Npgsql.NpgsqlParameter>().SingleOrDefault(parameter => parameter.ParameterName == "lightning_actor") is { Value: not "" } said) said.Value = first ??= said.Value;
            return new(result);
        }
    }

    [Fact]
    public void Start_WithAnEndpointThatStatesNoRule_IsRefusedInASentence()
    {
        var app = WebApplication.CreateBuilder().Build();
        app.MapGet("/silent", () => "").RequireAuthorization();
        Should.Throw<ConfigurationException>(() => app.RequireStatedRules()).Message.ShouldBe("No rule is stated for HTTP: GET /silent: add .Requires<…>(Verb.…) where it is mapped.");
    }

    [Fact]
    public void Start_WithARuleThatNoPolicyHas_IsRefusedInASentence()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddSingleton<Policy<Data.Audit.AuditEntry>>(new Data.Audit.AuditPolicy());
        var app = builder.Build();
        app.MapGet("/unknown", () => "").RequireAuthorization().Requires<Data.Outbox.OutboxMessage>(Verb.Read);
        Should.Throw<ConfigurationException>(() => app.RequireStatedRules()).Message.ShouldContain("requires a rule of OutboxMessage, which has no policy");
        var second = WebApplication.CreateBuilder();
        second.Services.AddSingleton<Policy<Data.Audit.AuditEntry>>(new Data.Audit.AuditPolicy());
        var forbidden = second.Build();
        forbidden.MapGet("/forbidden", () => "").RequireAuthorization().Requires<Data.Audit.AuditEntry>(Verb.Delete);
        Should.Throw<ConfigurationException>(() => forbidden.RequireStatedRules()).Message.ShouldContain("which its policy allows nobody");
    }
}
