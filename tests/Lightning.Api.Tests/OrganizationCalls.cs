using System.Text.Json;
using Lightning.Testing;

namespace Lightning.Api.Tests;

/// <summary>Helpers for requests about organizations.</summary>
static class OrganizationCalls
{
    /// <summary>Creates an organization.</summary>
    /// <returns>Its id.</returns>
    public static async Task<string> CreateOrganizationAsync(this Person person, string name) =>
        (await (await person.PostAsync("/api/v1/organizations", new { name })).EnsureSuccessStatusCode().JsonAsync())
            .GetProperty("id")
            .GetString()!;

    /// <summary>Invites an address.</summary>
    /// <returns>The invitation's id.</returns>
    public static async Task<string> InviteAsync(
        this Person person,
        string organization,
        string address,
        string role = "member"
    ) =>
        (
            await (await person.PostAsync($"/api/v1/organizations/{organization}/invitations", new { address, role }))
                .EnsureSuccessStatusCode()
                .JsonAsync()
        )
            .GetProperty("id")
            .GetString()!;

    /// <summary>Invites a person, who accepts.</summary>
    public static async Task JoinAsync(
        this Person person,
        Person inviter,
        string organization,
        string role = "member"
    ) =>
        (
            await person.PostAsync(
                $"/api/v1/invitations/{await inviter.InviteAsync(organization, person.User.Email, role)}/accept",
                null
            )
        ).EnsureSuccessStatusCode();

    /// <summary>Adds a member, and waits until the API knows.</summary>
    /// <returns>The membership's id.</returns>
    public static async Task<string> AddMemberAsync(
        this ApiUnderTest api,
        string organization,
        Person person,
        string role = "member"
    )
    {
        var id = Guid.NewGuid().ToString();
        await api.Database.ExecuteAsync(
            $"""
            INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
            VALUES ('{id}', '{organization}', '{person.User.Id}', '{role}', now())
            """
        );
        await Wait.UntilAsync(async () =>
            (await person.GetAsync($"/api/v1/organizations/{organization}")).IsSuccessStatusCode
        );
        return id;
    }

    /// <summary>The id of a person's membership.</summary>
    public static async Task<string> MembershipAsync(this Person person, string organization) =>
        (await person.ReadAsync($"/api/v1/organizations/{organization}/members?limit=100"))
            .GetProperty("items")
            .EnumerateArray()
            .Single(member => member.GetProperty("isYou").GetBoolean())
            .GetProperty("id")
            .GetString()!;

    /// <summary>Creates a note in an organization.</summary>
    /// <returns>The path of the note.</returns>
    public static async Task<string> WriteInAsync(this Person person, string organization, string title) =>
        (await person.PostAsync($"/api/v1/notes?organization={organization}", new { title, body = "" }))
            .EnsureSuccessStatusCode()
            .Headers.Location!.ToString();

    /// <summary>The items of a list.</summary>
    public static async Task<JsonElement[]> ItemsAsync(this Person person, string path) =>
        [.. (await person.ReadAsync(path)).GetProperty("items").EnumerateArray()];
}
