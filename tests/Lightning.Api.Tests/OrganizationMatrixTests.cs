using System.Net;
using System.Text;
using Lightning.Api.Access;
using Lightning.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

/// <summary>
/// The authorization matrix of an organization's callers. For everyone who is not a member, an organization and
/// everything in it is missing: byte for byte, and with the same statements.
/// </summary>
public class OrganizationMatrixTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    const string Secret = "Organization secret",
        Text = """{"title":"Changed","body":"too"}""";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// The status codes for an owner, an administrator and a member of the organization. {note} was created by another
    /// member, {own} by the caller.
    /// </summary>
    internal sealed record Row(string Method, string Path, string? Body, int Owner, int Admin, int Member)
    {
        /// <summary>The status code for the invited person, who is no member yet.</summary>
        public int Invited { get; init; } = 404;
    }

    static readonly Dictionary<string, Row> Rows = new(StringComparer.Ordinal)
    {
        ["GetOrganization"] = new("GET", "/api/v1/organizations/{organization}", null, 200, 200, 200),
        ["UpdateOrganization"] = new(
            "PUT",
            "/api/v1/organizations/{organization}",
            """{"name":"Changed"}""",
            200,
            200,
            403
        ),
        ["GetOrganizationContents"] = new("GET", "/api/v1/organizations/{organization}/contents", null, 200, 403, 403),
        ["DeleteOrganization"] = new("DELETE", "/api/v1/organizations/{organization}", null, 204, 403, 403),
        ["ListMembers"] = new("GET", "/api/v1/organizations/{organization}/members", null, 200, 200, 200),
        ["GetMember"] = new("GET", "/api/v1/members/{member}", null, 200, 200, 200),
        ["UpdateMember"] = new("PUT", "/api/v1/members/{member}", """{"role":"admin"}""", 200, 200, 403),
        ["UpdateMember to owner"] = new("PUT", "/api/v1/members/{member}", """{"role":"owner"}""", 200, 403, 403),
        ["UpdateMember of an owner"] = new("PUT", "/api/v1/members/{co-owner}", """{"role":"admin"}""", 200, 403, 403),
        ["RemoveMember"] = new("DELETE", "/api/v1/members/{member}", null, 204, 204, 403),
        ["RemoveMember of an owner"] = new("DELETE", "/api/v1/members/{co-owner}", null, 204, 403, 403),
        ["ListInvitations"] = new("GET", "/api/v1/organizations/{organization}/invitations", null, 200, 200, 403),
        ["CreateInvitation"] = new(
            "POST",
            "/api/v1/organizations/{organization}/invitations",
            """{"address":"matrix@example.com","role":"admin"}""",
            201,
            201,
            403
        ),
        ["GetInvitation"] = new("GET", "/api/v1/invitations/{invitation}", null, 200, 200, 404) { Invited = 200 },
        ["ResendInvitation"] = new("POST", "/api/v1/invitations/{invitation}/resend", null, 200, 200, 404)
        {
            Invited = 403,
        },
        ["AcceptInvitation"] = new("POST", "/api/v1/invitations/{invitation}/accept", null, 403, 403, 404)
        {
            Invited = 200,
        },
        ["DeleteInvitation"] = new("DELETE", "/api/v1/invitations/{invitation}", null, 204, 204, 404) { Invited = 204 },
        ["ListNotes"] = new("GET", "/api/v1/notes?organization={organization}", null, 200, 200, 200),
        ["ListNotes with search"] = new(
            "GET",
            "/api/v1/notes?organization={organization}&q=secret",
            null,
            200,
            200,
            200
        ),
        ["CreateNote"] = new("POST", "/api/v1/notes?organization={organization}", Text, 201, 201, 201),
        ["GetNote"] = new("GET", "/api/v1/notes/{note}", null, 200, 200, 200),
        ["UpdateNote"] = new("PUT", "/api/v1/notes/{note}", Text, 200, 200, 200),
        ["ArchiveNote"] = new("PUT", "/api/v1/notes/{note}/archived", null, 200, 200, 200),
        ["UnarchiveNote"] = new("DELETE", "/api/v1/notes/{note}/archived", null, 200, 200, 200),
        ["PinNote"] = new("PUT", "/api/v1/notes/{note}/pinned", null, 200, 200, 200),
        ["UnpinNote"] = new("DELETE", "/api/v1/notes/{note}/pinned", null, 200, 200, 200),
        ["DeleteNote"] = new("DELETE", "/api/v1/notes/{note}", null, 204, 204, 403),
        ["ListShares"] = new("GET", "/api/v1/notes/{note}/shares", null, 200, 200, 200),
        ["CreateShare"] = new(
            "POST",
            "/api/v1/notes/{note}/shares",
            """{"address":"matrix@example.com"}""",
            403,
            403,
            403
        ),
        ["ListTrash"] = new("GET", "/api/v1/notes/trash?organization={organization}", null, 200, 200, 200),
        ["RestoreNote"] = new("POST", "/api/v1/notes/{deleted}/restore", null, 200, 200, 403),
        ["DeleteNotePermanently"] = new("DELETE", "/api/v1/notes/trash/{deleted}", null, 204, 204, 403),
    };

    /// <summary>Operations that name no object of an organization, or one that belongs to none.</summary>
    static readonly string[] Elsewhere =
    [
        "ArchiveNotes",
        "ListenToNotes",
        "GetShare",
        "UpdateShare",
        "DeleteShare",
        "GetMe",
        "ExportMe",
        "ListUsers",
        "GetUser",
        "UpdateUser",
        "DeleteUser",
        "ListOrganizations",
        "CreateOrganization",
        "ListOwnInvitations",
    ];

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Fact]
    public void Every_endpoint_is_in_the_matrix_or_elsewhere() =>
        api
            .Services.GetRequiredService<EndpointDataSource>()
            .Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<RequiredRule>() is not null)
            .Select(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName)
            .ShouldBe(Rows.Keys.Select(name => name.Split(' ')[0]).Distinct().Concat(Elsewhere), ignoreOrder: true);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Endpoint_responds_to_each_caller_as_the_matrix_says(string name)
    {
        var row = Rows[name];
        var (owner, admin, member, former, invited, stranger) = (
            await api.SignInAsync("owner"),
            await api.SignInAsync("admin"),
            await api.SignInAsync("member"),
            await api.SignInAsync("former"),
            await api.SignInAsync("invited"),
            await api.SignInAsync("stranger")
        );
        await stranger.WriteInAsync(await stranger.CreateOrganizationAsync("Elsewhere"), "Other note");
        foreach (
            var (caller, expected, who) in new[]
            {
                (stranger, 404, "member of another organization"),
                (former, 404, "former member"),
                (invited, row.Invited, "invited"),
                (member, row.Member, "member"),
                (admin, row.Admin, "admin"),
                (owner, row.Owner, "owner"),
            }
        )
        {
            var ids = await BeginAsync(owner, admin, member, former, invited);
            var before = await StateAsync(ids["organization"]);

            using var response = await SendAsync(caller, row, ids);

            ((int)response.StatusCode).ShouldBe(expected, $"{name} by {who}");
            if (expected is >= 400)
                (await StateAsync(ids["organization"])).ShouldBe(before, $"{name} by {who}");
            if (expected != 404)
                continue;
            (await response.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("secret", Case.Insensitive);
            // Like what does not exist.
            using var missing = await SendAsync(
                caller,
                row,
                ids.ToDictionary(id => id.Key, _ => Guid.NewGuid().ToString(), StringComparer.Ordinal)
            );
            (await response.WithoutTraceAsync()).ShouldBe(await missing.WithoutTraceAsync(), $"{name} by {who}");
        }
    }

    async Task<IReadOnlyDictionary<string, string>> BeginAsync(
        Person owner,
        Person admin,
        Person member,
        Person former,
        Person invited
    )
    {
        var organization = await owner.CreateOrganizationAsync(Secret);
        var (colleague, other) = (await api.SignInAsync("colleague"), await api.SignInAsync("co-owner"));
        await api.AddMemberAsync(organization, admin, "admin");
        await api.AddMemberAsync(organization, member);
        var formerly = await api.AddMemberAsync(organization, former);
        var colleagues = await api.AddMemberAsync(organization, colleague);
        var others = await api.AddMemberAsync(organization, other, "owner");
        var invitation = await owner.InviteAsync(organization, invited.User.Email);
        await api.Database.ExecuteAsync(
            $"UPDATE app.invitations SET expires_at = expires_at - interval '1 hour' WHERE id = '{invitation}'"
        );
        var note = await colleague.WriteInAsync(organization, Secret);
        // What a former member created stays.
        var deleted = await former.WriteInAsync(organization, Secret);
        (await former.DeleteAsync(deleted)).EnsureSuccessStatusCode();
        (await owner.DeleteAsync($"/api/v1/members/{formerly}")).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () =>
            (await former.GetAsync($"/api/v1/organizations/{organization}")).StatusCode == HttpStatusCode.NotFound
        );
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["organization"] = organization,
            ["member"] = colleagues,
            ["co-owner"] = others,
            ["invitation"] = invitation,
            ["note"] = note[^36..],
            ["deleted"] = deleted[^36..],
        };
    }

    static async Task<HttpResponseMessage> SendAsync(Person caller, Row row, IReadOnlyDictionary<string, string> ids)
    {
        var path = ids.Aggregate(
            row.Path,
            (filled, id) => filled.Replace($"{{{id.Key}}}", id.Value, StringComparison.Ordinal)
        );
        using var request = new HttpRequestMessage(new(row.Method), path);
        if (row.Body is not null)
            request.Content = new StringContent(row.Body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        return await caller.Client.SendAsync(request, Cancellation);
    }

    async Task<string> StateAsync(string organization) =>
        (string)
            (
                await api.Database.ExecuteAsync(
                    $"""
                    SELECT (SELECT concat(name, xmin, deleted_at) FROM app.organizations WHERE id = '{organization}')
                        || (SELECT string_agg(id::text || xmin, ',' ORDER BY id) FROM app.memberships
                            WHERE organization_id = '{organization}')
                        || (SELECT coalesce(string_agg(id::text || xmin, ',' ORDER BY id), '') FROM app.invitations
                            WHERE organization_id = '{organization}')
                        || (SELECT string_agg(id::text || xmin, ',' ORDER BY id) FROM app.notes
                            WHERE organization_id = '{organization}')
                        || (SELECT string_agg(id::text || xmin, ',' ORDER BY id) FROM app.deleted_notes
                            WHERE organization_id = '{organization}')
                    """
                )
            )!;
}
