using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.Json.Nodes;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Users;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

/// <summary>Request bodies have the fields that the policies allow to write.</summary>
public class WritableFieldsTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Field_that_the_policy_denies_is_unknown_undocumented_and_kept()
    {
        (await FieldsAsync(api)).ShouldBe(["title", "body"]);

        await using var own = new ApiUnderTest(api.Server)
        {
            Configure = services => services.AddSingleton<Policy<Note>, NotesWithoutText>(),
        };
        await own.InitializeAsync();
        (await FieldsAsync(own)).ShouldBe(["title"]);

        var ada = await own.SignInAsync("ada");
        var made = await ada.PostAsync("/api/v1/notes", new { title = "One" });
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        var note = made.Headers.Location!.ToString();
        await own.Database.ExecuteAsync($"UPDATE app.notes SET body = 'kept' WHERE id = '{note[^36..]}'");
        foreach (
            var refused in new[]
            {
                await ada.PostAsync("/api/v1/notes", new { title = "Two", body = "lost" }),
                await ada.PutAsync(note, new { title = "Two", body = "lost" }),
            }
        )
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await refused.JsonAsync()).GetProperty("errors").EnumerateObject().Single().Name.ShouldBe("body");
        }
        // The body has no text, so the handler sets it to the default: it must be restored.
        var changed = await ada.PutAsync(note, new { title = "Two" });
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await changed.JsonAsync()).GetProperty("body").GetString().ShouldBe("kept");
        (await ada.ReadAsync(note)).GetProperty("body").GetString().ShouldBe("kept");
        (await ada.TitlesAsync()).ShouldBe(["Two"]);
    }

    [Fact]
    public void Body_that_does_not_match_the_policy_fails_at_start()
    {
        foreach (
            var (body, message) in new (Delegate Handler, string Message)[]
            {
                ((Unmarked body) => "", "Unmarked does not state what it writes: add [Writes<…>(Verb.…)] to it."),
                (
                    (WithoutPolicy body) => "",
                    "WithoutPolicy writes OutboxMessage, which has no policy: add a OutboxMessagePolicy."
                ),
                (
                    (Both body) => "",
                    "Both is the body of Create and Update of NoteShare, for which NoteSharePolicy allows different "
                        + "fields: add a body for each."
                ),
                (
                    (Colour body) => "",
                    "Colour.Paint is not a property of User: add [Field(nameof(User.…))] with the one that it "
                        + "writes, or [NoField]."
                ),
                (
                    (Address body) => "",
                    "Address.Email is required, but UserPolicy does not allow Update to write it: add Email to "
                        + "its .Fields(…), or make the property optional."
                ),
                (
                    (Demanded body) => "",
                    "Demanded.Mail is required, but UserPolicy does not allow Update to write it: add Email to "
                        + "its .Fields(…), or make the property optional."
                ),
                (
                    (Positional body) => "",
                    "Positional.Email is required, but UserPolicy does not allow Update to write it: add Email to "
                        + "its .Fields(…), or make the property optional."
                ),
                (
                    (Short body) => "",
                    "NotePolicy allows Create to write Body, but Short has no such property: add it, list it in "
                        + "NotInApi of [Writes<…>], or remove it from .Fields(…)."
                ),
                (
                    (Made body) => "",
                    "HTTP: POST /made requires Update of User, but Made does not list that verb: add Verb.Update to "
                        + "its [Writes<…>], or use another body type."
                ),
            }
        )
            Should.Throw<ConfigurationException>(() => Map(body)).Message.ShouldBe(message);
        foreach (var body in new Delegate[] { (Partly body) => "", (Renamed body) => "" })
            Map(body);
    }

    static void Map(Delegate handler)
    {
        var builder = WebApplication.CreateBuilder();
        builder
            .Services.AddSingleton<Policy<Note>, NotePolicy>()
            .AddSingleton<Policy<NoteShare>, NoteSharePolicy>()
            .AddSingleton<Policy<User>, UserPolicy>();
        var app = builder.Build();
        app.MapPost("/made", handler).RequireAuthorization().Requires<User>(Verb.Update);
        app.ValidateRequiredRules();
    }

    static async Task<string[]> FieldsAsync(ApiUnderTest api) =>
        [
            .. JsonNode.Parse(await api.Anonymous().GetStringAsync("/openapi/v1.json", Cancellation))!["components"]![
                "schemas"
            ]!["NoteInput"]!["properties"]!
                .AsObject()
                .Select(member => member.Key),
        ];

    sealed class NotesWithoutText : Policy<Note>
    {
        public NotesWithoutText()
        {
            foreach (var verb in new[] { Verb.Read, Verb.Pin, Verb.Share, Verb.Delete })
                Allow(verb, NotePolicy.Owner);
            foreach (var verb in new[] { Verb.Create, Verb.Update })
                Allow(verb, NotePolicy.Owner).Fields(note => note.Title);
            Allow(Verb.Archive, NotePolicy.Owner).Fields(note => note.ArchivedAt);
        }
    }

    sealed record Unmarked(string Name);

    [Writes<Lightning.Sessions.Model.OutboxMessage>(Verb.Create)]
    sealed record WithoutPolicy(string Kind);

    [Writes<NoteShare>(Verb.Create, Verb.Update)]
    sealed record Both(string Address, bool CanEdit);

    [Writes<User>(Verb.Update)]
    sealed record Colour(string Name, string Paint);

    [Writes<User>(Verb.Update)]
    sealed record Address(string Name)
    {
        public required string Email { get; init; }
    }

    [Writes<User>(Verb.Update)]
    sealed record Demanded(string Name)
    {
        [Required]
        [Field(nameof(User.Email))]
        public string? Mail { get; init; }
    }

    [Writes<User>(Verb.Update)]
    sealed record Positional(string Name, string Email);

    [Writes<Note>(Verb.Create)]
    sealed record Short(string Title);

    [Writes<User>(Verb.Create)]
    sealed record Made;

    [Writes<Note>(Verb.Create, NotInApi = [nameof(Note.Body)])]
    sealed record Partly(string Title, [property: NoField] Guid Draft);

    [Writes<User>(Verb.Update)]
    sealed record Renamed([property: Field(nameof(User.Name))] string Called);
}
