using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.Json.Nodes;
using Lightning.Api.Access;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

/// <summary>What bodies may hold is what policies let be written.</summary>
public class WrittenFieldsTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Field_ThatThePolicyLetsNobodyWrite_IsUnknown_IsNotInTheDocument_AndStaysAsItIs()
    {
        (await FieldsAsync(api)).ShouldBe(["title", "body"]);
        await using var own = new ApiUnderTest(api.Server) { Configure = services => services.AddSingleton<Policy<Note>, NotesWithoutText>() };
        await own.InitializeAsync();
        (await FieldsAsync(own)).ShouldBe(["title"]);

        var ada = await own.SignInAsync("ada");
        var made = await ada.PostAsync("/api/v1/notes", new { title = "One" });
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        var note = made.Headers.Location!.ToString();
        await own.Database.ExecuteAsync($"UPDATE app.notes SET body = 'kept' WHERE id = '{note[^36..]}'");
        foreach (var refused in new[] { await ada.PostAsync("/api/v1/notes", new { title = "Two", body = "lost" }), await ada.PutAsync(note, new { title = "Two", body = "lost" }) })
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await refused.JsonAsync()).GetProperty("errors").EnumerateObject().Single().Name.ShouldBe("body");
        }
        // The handler writes what its input holds, which for a text that nobody could send is an empty one.
        var changed = await ada.PutAsync(note, new { title = "Two" });
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await changed.JsonAsync()).GetProperty("body").GetString().ShouldBe("kept");
        (await ada.ReadAsync(note)).GetProperty("body").GetString().ShouldBe("kept");
        (await ada.TitlesAsync()).ShouldBe(["Two"]);
    }

    [Fact]
    public void Start_WithABodyThatDoesNotFitThePolicy_IsRefusedInASentence()
    {
        foreach (var (body, sentence) in new (Delegate Handler, string)[]
        {
            ((Unsaid body) => "", "Unsaid does not say what it writes: add [Writes<…>(Verb.…)] to it."),
            ((Homeless body) => "", "Homeless writes OutboxMessage, which has no policy: write a OutboxMessagePolicy beside it."),
            ((Both body) => "", "Both stands for Create and Update of NoteShare, by which NoteSharePolicy does not let the same fields be written: make a body for each."),
            ((Colour body) => "", "Colour.Paint is no property of User: name the one that it writes, [Field(nameof(User.…))], or say [NoField]."),
            ((Address body) => "", "Address.Email is required, and UserPolicy lets nobody write it by Update: add Email to the .Fields(…) there, or do not require it."),
            ((Demanded body) => "", "Demanded.Mail is required, and UserPolicy lets nobody write it by Update: add Email to the .Fields(…) there, or do not require it."),
            ((Positional body) => "", "Positional.Email is required, and UserPolicy lets nobody write it by Update: add Email to the .Fields(…) there, or do not require it."),
            ((Short body) => "", "NotePolicy lets Body be written by Create, and Short has no member for it: add one, or name it in Elsewhere of its [Writes<…>], or take it out of the .Fields(…) there."),
            ((Made body) => "", "HTTP: POST /made requires Update of User, which Made does not write by: name Verb.Update in its [Writes<…>], or take another body."),
        })
            Should.Throw<ConfigurationException>(() => Map(body)).Message.ShouldBe(sentence);
        foreach (var body in new Delegate[] { (Partly body) => "", (Renamed body) => "" }) Map(body);
    }

    static void Map(Delegate handler)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddSingleton<Policy<Note>, NotePolicy>().AddSingleton<Policy<NoteShare>, NoteSharePolicy>().AddSingleton<Policy<User>, UserPolicy>();
        var app = builder.Build();
        app.MapPost("/made", handler).RequireAuthorization().Requires<User>(Verb.Update);
        app.RequireStatedRules();
    }

    static async Task<string[]> FieldsAsync(ApiUnderTest api) =>
        [.. JsonNode.Parse(await api.Anonymous().GetStringAsync("/openapi/v1.json", Cancellation))!["components"]!["schemas"]!["NoteInput"]!["properties"]!.AsObject().Select(member => member.Key)];

    sealed class NotesWithoutText : Policy<Note>
    {
        public NotesWithoutText()
        {
            foreach (var verb in new[] { Verb.Read, Verb.Pin, Verb.Share, Verb.Delete }) Allow(verb, NotePolicy.Owner);
            foreach (var verb in new[] { Verb.Create, Verb.Update }) Allow(verb, NotePolicy.Owner).Fields(note => note.Title);
            Allow(Verb.Archive, NotePolicy.Owner).Fields(note => note.ArchivedAt);
        }
    }

    sealed record Unsaid(string Name);

    [Writes<Data.Outbox.OutboxMessage>(Verb.Create)]
    sealed record Homeless(string Kind);

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

    [Writes<Note>(Verb.Create, Elsewhere = [nameof(Note.Body)])]
    sealed record Partly(string Title, [property: NoField] Guid Draft);

    [Writes<User>(Verb.Update)]
    sealed record Renamed([property: Field(nameof(User.Name))] string Called);
}
