using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lightning.Api.Access;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Data.Users;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

/// <summary>
/// The authorization matrix: every endpoint with every kind of caller. An endpoint without a row fails.
/// </summary>
public class MatrixTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// The status codes for the owner of the note, another user, a reader, an editor and an administrator; and for an
    /// impersonator of the owner with write access, if it differs from the owner's. One without is refused by every
    /// endpoint that writes.
    /// </summary>
    internal sealed record Row(
        string Method,
        string Path,
        string? Body,
        int Owner,
        int Other,
        int Reader,
        int Editor,
        int Admin,
        int? Impersonator = null
    )
    {
        /// <summary>Whether the note is to be deleted first.</summary>
        public bool IsOfTrash => Path.Contains("{deleted}", StringComparison.Ordinal);

        /// <summary>The status code for an impersonator without write access.</summary>
        public int ReadOnlyImpersonator => Method == "GET" ? Impersonator ?? Owner : 403;
    }

    const string Text = """{"title":"Changed","body":"too"}""";

    internal static readonly Dictionary<string, Row> Rows = new(StringComparer.Ordinal)
    {
        ["ListNotes"] = new("GET", "/api/v1/notes?after=", null, 200, 200, 200, 200, 200),
        ["CreateNote"] = new("POST", "/api/v1/notes", Text, 201, 201, 201, 201, 201),
        ["GetNote"] = new("GET", "/api/v1/notes/{note}", null, 200, 404, 200, 200, 200),
        ["UpdateNote"] = new("PUT", "/api/v1/notes/{note}", Text, 200, 404, 403, 200, 403),
        ["DeleteNote"] = new("DELETE", "/api/v1/notes/{note}", null, 204, 404, 403, 403, 403),
        ["ArchiveNotes"] = new(
            "POST",
            "/api/v1/notes/archive",
            """{"ids":["{note}"],"archived":true}""",
            200,
            200,
            200,
            200,
            200
        ),
        ["ArchiveNote"] = new("PUT", "/api/v1/notes/{note}/archived", null, 200, 404, 403, 403, 403),
        ["UnarchiveNote"] = new("DELETE", "/api/v1/notes/{note}/archived", null, 200, 404, 403, 403, 403),
        ["PinNote"] = new("PUT", "/api/v1/notes/{note}/pinned", null, 200, 404, 403, 403, 403),
        ["UnpinNote"] = new("DELETE", "/api/v1/notes/{note}/pinned", null, 200, 404, 403, 403, 403),
        ["ListTrash"] = new("GET", "/api/v1/notes/trash", null, 200, 200, 200, 200, 200),
        // {deleted} is the note after its owner has deleted it.
        ["RestoreNote"] = new("POST", "/api/v1/notes/{deleted}/restore", null, 200, 404, 404, 404, 404),
        ["DeleteNotePermanently"] = new("DELETE", "/api/v1/notes/trash/{deleted}", null, 204, 404, 404, 404, 404),
        ["ListenToNotes"] = new("GET", "/api/v1/notes/events", null, 200, 200, 200, 200, 200),
        ["ListShares"] = new("GET", "/api/v1/notes/{note}/shares", null, 200, 404, 200, 200, 200),
        ["CreateShare"] = new(
            "POST",
            "/api/v1/notes/{note}/shares",
            """{"address":"matrix@example.com","canEdit":true}""",
            201,
            404,
            403,
            403,
            403,
            Impersonator: 403
        ),
        // The share of the reader: the editor has a separate one and cannot see it.
        ["GetShare"] = new("GET", "/api/v1/shares/{share}", null, 200, 404, 200, 404, 200),
        ["UpdateShare"] = new(
            "PUT",
            "/api/v1/shares/{share}",
            """{"canEdit":true}""",
            200,
            404,
            403,
            404,
            403,
            Impersonator: 403
        ),
        ["DeleteShare"] = new("DELETE", "/api/v1/shares/{share}", null, 204, 404, 204, 404, 403),
        ["GetMe"] = new("GET", "/api/v1/me", null, 200, 200, 200, 200, 200),
        ["ExportMe"] = new("GET", "/api/v1/me/export", null, 200, 200, 200, 200, 200, Impersonator: 403),
        ["ListUsers"] = new("GET", "/api/v1/users", null, 200, 200, 200, 200, 200),
        // The owner's user, requested by the owner and by others.
        ["GetUser"] = new("GET", "/api/v1/users/{user}", null, 200, 404, 404, 404, 200),
        ["UpdateUser"] = new(
            "PUT",
            "/api/v1/users/{user}",
            """{"name":"Changed"}""",
            200,
            404,
            404,
            404,
            200,
            Impersonator: 403
        ),
        ["DeleteUser"] = new("DELETE", "/api/v1/users/{user}", null, 403, 404, 404, 404, 204),
        // The owner of the organization; the others are no members. OrganizationMatrixTests has its members.
        ["ListOrganizations"] = new("GET", "/api/v1/organizations", null, 200, 200, 200, 200, 200),
        ["CreateOrganization"] = new(
            "POST",
            "/api/v1/organizations",
            """{"name":"Created","slug":"{slug}"}""",
            201,
            201,
            201,
            201,
            201,
            Impersonator: 403
        ),
        ["GetOrganization"] = new("GET", "/api/v1/organizations/{organization}", null, 200, 404, 404, 404, 200),
        ["UpdateOrganization"] = new(
            "PUT",
            "/api/v1/organizations/{organization}",
            """{"name":"Changed"}""",
            200,
            404,
            404,
            404,
            403
        ),
        ["GetOrganizationContents"] = new(
            "GET",
            "/api/v1/organizations/{organization}/contents",
            null,
            200,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        ["DeleteOrganization"] = new(
            "DELETE",
            "/api/v1/organizations/{organization}",
            null,
            204,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        ["ListMembers"] = new("GET", "/api/v1/organizations/{organization}/members", null, 200, 404, 404, 404, 200),
        ["GetMember"] = new("GET", "/api/v1/members/{member}", null, 200, 404, 404, 404, 200),
        ["UpdateMember"] = new(
            "PUT",
            "/api/v1/members/{member}",
            """{"role":"member"}""",
            200,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        ["RemoveMember"] = new("DELETE", "/api/v1/members/{member}", null, 204, 404, 404, 404, 403, Impersonator: 403),
        ["ListInvitations"] = new(
            "GET",
            "/api/v1/organizations/{organization}/invitations",
            null,
            200,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        ["CreateInvitation"] = new(
            "POST",
            "/api/v1/organizations/{organization}/invitations",
            """{"address":"matrix@example.com","role":"member"}""",
            201,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        ["ListOwnInvitations"] = new("GET", "/api/v1/invitations", null, 200, 200, 200, 200, 200),
        ["GetInvitation"] = new("GET", "/api/v1/invitations/{invitation}", null, 200, 404, 404, 404, 200),
        ["ResendInvitation"] = new(
            "POST",
            "/api/v1/invitations/{invitation}/resend",
            null,
            200,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        // {received} is an invitation of the owner to another organization.
        ["AcceptInvitation"] = new(
            "POST",
            "/api/v1/invitations/{received}/accept",
            null,
            200,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
        ["DeleteInvitation"] = new(
            "DELETE",
            "/api/v1/invitations/{invitation}",
            null,
            204,
            404,
            404,
            404,
            403,
            Impersonator: 403
        ),
    };

    /// <summary>The public endpoints; below <c>/docs</c>, the page and its files.</summary>
    static readonly string[] Public =
    [
        "/health/live",
        "/health/ready",
        "/openapi/{documentName}.json",
        "/problems",
        "/problems/{slug}",
        "/docs/{documentName?}",
        "/docs/scalar.js",
        "/docs/scalar.aspnetcore.js",
        "/docs/favicon.svg",
        "/docs/docs.js",
        "/docs/docs.css",
        "/docs/tokens.css",
        "/docs/icon.svg",
        "/docs/callback.html",
        "/docs/callback.js",
    ];

    IEnumerable<RouteEndpoint> Endpoints =>
        api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Fact]
    public void Every_endpoint_is_in_the_matrix_or_public()
    {
        var stated = Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<RequiredRule>() is not null).ToArray();
        stated
            .Select(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName)
            .ShouldBe(Rows.Keys, ignoreOrder: true);
        Endpoints.Except(stated).Select(endpoint => endpoint.RoutePattern.RawText).ShouldBe(Public, ignoreOrder: true);
        Endpoints.Except(stated).ShouldAllBe(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() != null);
        foreach (var endpoint in stated)
        {
            var row = Rows[endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName];
            endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.ShouldBe([row.Method]);
            (
                row.Path.Contains("/{", StringComparison.Ordinal)
                == endpoint.Metadata.GetMetadata<RequiredRule>()!.HasTarget
            ).ShouldBeTrue(row.Path);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Check", "R06")]
    public async Task Endpoint_responds_to_each_caller_as_the_matrix_says(string name)
    {
        var row = Rows[name];
        var (owner, other, shared, editor, admin) = (
            await api.SignInAsync("owner"),
            await api.SignInAsync("other"),
            await api.SignInAsync("shared"),
            await api.SignInAsync("editor"),
            await api.SignInAsync("admin", isAdmin: true)
        );
        var disabled = await api.SignInAsync("disabled");
        await api.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{disabled.User.Id}'");
        foreach (
            var (caller, expected, who) in new (Person, int, string)[]
            {
                (disabled, 401, "disabled"),
                (owner with { Client = api.Anonymous() }, 401, "anonymous"),
                (other, row.Other, "other"),
                (shared, row.Reader, "reader"),
                (editor, row.Editor, "editor"),
                (owner, row.Owner, "owner"),
                (await api.ImpersonateAsync(admin, owner), row.Impersonator ?? row.Owner, "acting"),
                (
                    await api.ImpersonateAsync(admin, owner, mayWrite: false),
                    row.ReadOnlyImpersonator,
                    "acting read-only"
                ),
                (admin, row.Admin, "admin"),
            }
        )
        {
            var scene = await Scene.BeginAsync(api, row, owner, shared, editor);
            string Fill(string text) => scene.Fill(text);
            var before = await StateAsync(owner.User.Id);

            using var request = new HttpRequestMessage(new(row.Method), Fill(row.Path));
            if (row.Body is not null)
                request.Content = new StringContent(Fill(row.Body), System.Text.Encoding.UTF8, "application/json");
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            using var response = await caller.Client.SendAsync(
                request,
                HttpCompletionOption.ResponseHeadersRead,
                Cancellation
            );
            ((int)response.StatusCode).ShouldBe(expected, $"{name} by {who}");
            var isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
            var text = isStream ? "" : await response.Content.ReadAsStringAsync(Cancellation);
            if (who is "other" or "disabled" or "anonymous")
                text.ShouldNotContain("Matrix secret");
            // A denied request, or one with ids of another user, changes nothing.
            if (expected >= 400 || who == "other")
                (await StateAsync(owner.User.Id)).ShouldBe(before, $"{name} by {who}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Unknown_query_parameter_is_400_and_named(string name)
    {
        var (row, owner, other) = (Rows[name], await api.SignInAsync("owner"), await api.SignInAsync("other"));
        var scene = await Scene.BeginAsync(api, row, owner, other);
        var before = await StateAsync(owner.User.Id);
        foreach (
            var (caller, query) in new[]
            {
                (owner, $"ownerId={owner.User.Id}"),
                (other, $"userId={owner.User.Id}"),
                (other, scene.Fill("id={note}&shareId={share}")),
                (other, "Can=true"),
            }
        )
        {
            var path = scene.Fill(row.Path);
            var response = await caller.CallAsync(
                new(row.Method),
                $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}",
                row.Body is null ? null : JsonNode.Parse(scene.Fill(row.Body)),
                "*"
            );
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, $"{name} {query}");
            (await response.JsonAsync())
                .GetProperty("errors")
                .EnumerateObject()
                .Select(error => error.Name)
                .ShouldBe(query.Split('&').Select(pair => pair.Split('=')[0]));
        }
        (await StateAsync(owner.User.Id)).ShouldBe(before);
    }

    /// <summary>All rows of the owner in the database.</summary>
    async Task<string> StateAsync(Guid owner) =>
        (string)
            (
                await api.Database.ExecuteAsync(
                    $"""
                    SELECT (SELECT coalesce(string_agg(note.id || ':' || note.xmin, ',' ORDER BY note.id), '')
                        FROM app.notes AS note WHERE owner_id = '{owner}')
                        || (SELECT coalesce(string_agg(share.id || ':' || share.xmin, ',' ORDER BY share.id), '')
                            FROM app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id
                            WHERE note.owner_id = '{owner}')
                        || (SELECT coalesce(string_agg(note.id || ':' || note.xmin, ',' ORDER BY note.id), '')
                            FROM app.deleted_notes AS note WHERE owner_id = '{owner}')
                        || (SELECT coalesce(string_agg(concat_ws(':', place.id, place.xmin, place.deleted_at,
                                member.id, member.xmin, invitation.id, invitation.xmin), ','
                                ORDER BY place.id, member.id, invitation.id), '')
                            FROM app.memberships AS own
                            JOIN app.organizations AS place ON place.id = own.organization_id
                            JOIN app.memberships AS member ON member.organization_id = place.id
                            LEFT JOIN app.invitations AS invitation ON invitation.organization_id = place.id
                            WHERE own.user_id = '{owner}')
                        || (SELECT name || xmin FROM app.users WHERE id = '{owner}')
                    """
                )
            )!;

    public static TheoryData<string> Writers =>
        [.. Rows.Where(row => row.Value.Body is not null).Select(row => row.Key)];

    [Theory]
    [MemberData(nameof(Writers))]
    public async Task Body_with_an_unexpected_entity_property_is_400(string name)
    {
        var owner = await api.SignInAsync("owner");
        var (row, endpoint) = (
            Rows[name],
            Endpoints.Single(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName == name)
        );
        var scene = await Scene.BeginAsync(api, row, owner, await api.SignInAsync("shared"));
        string Fill(string text) => scene.Fill(text);
        var asked = endpoint
            .Metadata.GetMetadata<IAcceptsMetadata>()!
            .RequestType!.GetProperties()
            .Select(property => property.Name)
            .ToHashSet();
        await using var scope = api.Services.CreateAsyncScope();
        var model = scope.ServiceProvider.GetRequiredService<LightningDb>().Model;
        var others = new[] { typeof(Note), typeof(NoteShare), typeof(DeletedNote), typeof(User), typeof(Membership) }
            .SelectMany(entity =>
                model
                    .FindEntityType(entity)!
                    .GetProperties()
                    .Select(property => property.Name)
                    .Concat(model.FindEntityType(entity)!.GetNavigations().Select(navigation => navigation.Name))
            )
            .Distinct()
            .Where(property => !asked.Contains(property))
            .ToArray();
        others.Length.ShouldBeGreaterThan(10);
        var before = await StateAsync(owner.User.Id);
        foreach (var property in others)
        {
            var body = JsonNode.Parse(Fill(row.Body!))!.AsObject();
            body[JsonNamingPolicy.CamelCase.ConvertName(property)] = property.EndsWith("Id", StringComparison.Ordinal)
                ? JsonValue.Create(Guid.NewGuid())
                : JsonValue.Create(true);
            var response = await owner.CallAsync(new(row.Method), Fill(row.Path), body, "*");
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, $"{name} {property}");
            (await response.JsonAsync())
                .GetProperty("errors")
                .EnumerateObject()
                .Single()
                .Name.ShouldBe(JsonNamingPolicy.CamelCase.ConvertName(property));
        }
        (await StateAsync(owner.User.Id)).ShouldBe(before);
        // Without it, the request succeeds.
        (
            (int)
                (
                    await owner.CallAsync(new(row.Method), Fill(row.Path), JsonNode.Parse(Fill(row.Body!)), "*")
                ).StatusCode
        ).ShouldBe(row.Owner);
    }
}
