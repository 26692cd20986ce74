using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lightning.Api.Tests;

public class OrganizationTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Creator_is_the_owner_at_once()
    {
        var ada = await api.SignInAsync("ada");

        var response = await ada.PostAsync("/api/v1/organizations", new { name = "Ada & Söhne" }, key: "once");

        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        var created = await response.JsonAsync();
        created.GetProperty("role").GetString().ShouldBe("owner");
        created.GetProperty("slug").GetString().ShouldStartWith("ada-s");
        created.GetProperty("can").GetProperty("delete").GetBoolean().ShouldBeTrue();
        var organization = created.GetProperty("id").GetString()!;
        // The next request has the new membership.
        (await ada.ReadAsync(response.Headers.Location!.ToString()))
            .ToString()
            .ShouldBe(created.ToString());
        (await ada.ItemsAsync("/api/v1/organizations")).Single().ToString().ShouldBe(created.ToString());
        var member = (await ada.ItemsAsync($"/api/v1/organizations/{organization}/members")).Single();
        member.GetProperty("email").GetString().ShouldBe(ada.User.Email);
        member.GetProperty("isYou").GetBoolean().ShouldBeTrue();
        // A retry creates nothing.
        (await (await ada.PostAsync("/api/v1/organizations", new { name = "Ada & Söhne" }, key: "once")).JsonAsync())
            .GetProperty("id")
            .GetString()
            .ShouldBe(organization);
    }

    [Theory]
    [InlineData("Acme", "acme-inc", 201)]
    [InlineData("", "acme-1", 400)]
    [InlineData("\u202eAcme", "acme-2", 400)]
    [InlineData("Acme", "Acme", 400)]
    [InlineData("Acme", "-acme", 400)]
    [InlineData("Acme", "ac--me", 400)]
    [InlineData("Acme", "äcme", 400)]
    [InlineData("Acme", "../acme", 400)]
    [InlineData("Acme", "", 400)]
    public async Task Name_and_slug_are_checked(string name, string slug, int expected)
    {
        var ada = await api.SignInAsync("ada");

        var response = await ada.PostAsync("/api/v1/organizations", new { name, slug });

        ((int)response.StatusCode).ShouldBe(expected);
    }

    [Fact]
    public async Task Slug_is_unique_and_generated_slugs_are_free()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var slug = $"taken-{Guid.NewGuid():N}"[..20];
        (await ada.PostAsync("/api/v1/organizations", new { name = "One", slug })).EnsureSuccessStatusCode();
        var other = $"/api/v1/organizations/{await bob.CreateOrganizationAsync(slug)}";

        (await bob.PostAsync("/api/v1/organizations", new { name = "Two", slug })).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
        (await bob.PutAsync(other, new { name = "Two", slug })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await bob.ReadAsync(other)).GetProperty("slug").GetString().ShouldStartWith($"{slug}-");
        // Without a slug it stays.
        (await (await bob.PutAsync(other, new { name = "Renamed" })).EnsureSuccessStatusCode().JsonAsync())
            .GetProperty("slug")
            .GetString()
            .ShouldStartWith($"{slug}-");
    }

    [Fact]
    public async Task Invited_user_accepts_once_and_sees_the_notes()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Notes");
        var note = await ada.WriteInAsync(organization, "Plan");
        var invitation = await ada.InviteAsync(organization, $"  {bob.User.Email.ToUpperInvariant()} ", "admin");
        (await bob.GetAsync(note)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var received = (await bob.ItemsAsync("/api/v1/invitations")).Single();
        received.GetProperty("organizationName").GetString().ShouldBe("Notes");
        received.GetProperty("invitedBy").GetString().ShouldBe(ada.User.Name);

        var response = await bob.PostAsync($"/api/v1/invitations/{invitation}/accept", null, key: "accept");

        (await response.EnsureSuccessStatusCode().JsonAsync()).GetProperty("role").GetString().ShouldBe("admin");
        (await bob.ReadAsync(note)).GetProperty("can").GetProperty("delete").GetBoolean().ShouldBeTrue();
        (await bob.TitlesAsync($"?organization={organization}")).ShouldBe(["Plan"]);
        (await bob.TitlesAsync($"?organization={organization}&q=pla")).ShouldBe(["Plan"]);
        // Not among the personal notes.
        (await bob.TitlesAsync()).ShouldBeEmpty();
        (await ada.TitlesAsync("?q=plan")).ShouldBeEmpty();
        (await bob.ItemsAsync("/api/v1/invitations")).ShouldBeEmpty();
        (await bob.PostAsync($"/api/v1/invitations/{invitation}/accept", null)).StatusCode.ShouldBe(
            HttpStatusCode.NotFound
        );
        // A retry has the same response.
        (await bob.PostAsync($"/api/v1/invitations/{invitation}/accept", null, key: "accept")).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
    }

    [Theory]
    [InlineData("address", """{"address":"no address","role":"member"}""")]
    [InlineData("role", """{"address":"a@example.com","role":"owner"}""")]
    [InlineData("role", """{"address":"a@example.com","role":"boss"}""")]
    [InlineData("role", """{"address":"a@example.com","role":1}""")]
    [InlineData("invitedById", """{"address":"a@example.com","invitedById":"0199b1d8-0000-7000-8000-000000000000"}""")]
    public async Task Invalid_invitation_is_400_and_names_the_field(string field, string body)
    {
        var ada = await api.SignInAsync("ada");
        var organization = await ada.CreateOrganizationAsync("Fields");

        var response = await ada.PostAsync(
            $"/api/v1/organizations/{organization}/invitations",
            JsonDocument.Parse(body).RootElement
        );

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.JsonAsync()).GetProperty("errors").EnumerateObject().Single().Name.ShouldBe(field);
    }

    [Fact]
    public async Task Address_is_invited_once_and_members_are_not_invited()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Once");
        await bob.JoinAsync(ada, organization);
        var path = $"/api/v1/organizations/{organization}/invitations";
        await ada.InviteAsync(organization, "Carol <carol@example.com>");

        (await (await ada.PostAsync(path, new { address = "CAROL@example.com" })).JsonAsync())
            .GetProperty("type")
            .GetString()
            .ShouldBe("/problems/already-invited");
        (await (await ada.PostAsync(path, new { address = bob.User.Email })).JsonAsync())
            .GetProperty("type")
            .GetString()
            .ShouldBe("/problems/already-member");
    }

    [Fact]
    public async Task Response_to_an_invitation_does_not_tell_whether_an_account_exists()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Quiet");
        var path = $"/api/v1/organizations/{organization}/invitations";

        var known = await (await ada.PostAsync(path, new { address = bob.User.Email })).JsonAsync();
        var unknown = await (await ada.PostAsync(path, new { address = $"new-{bob.User.Email}" })).JsonAsync();

        Shape(known).ShouldBe(Shape(unknown));
        // Nor does it change when a user registers with the address.
        var before = (await ada.ReadAsync(path)).ToString();
        var carol = await api.SignInAsync("carol");
        await api.Database.ExecuteAsync(
            $"UPDATE app.users SET email = 'new-{bob.User.Email}' WHERE id = '{carol.User.Id}'"
        );
        (await ada.ReadAsync(path)).ToString().ShouldBe(before);
        (await carol.ItemsAsync("/api/v1/invitations"))
            .Single()
            .GetProperty("id")
            .GetString()
            .ShouldBe(unknown.GetProperty("id").GetString());

        static string Shape(JsonElement invitation) =>
            string.Join(
                ' ',
                invitation
                    .EnumerateObject()
                    .Select(property =>
                        property.Name is "id" or "address" or "createdAt" or "expiresAt" or "etag"
                            ? property.Name
                            : property.ToString()
                    )
            );
    }

    [Fact]
    public async Task Unverified_address_has_no_invitation()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        await api.Database.ExecuteAsync($"UPDATE app.users SET email_verified = false WHERE id = '{bob.User.Id}'");
        var invitation = await ada.InviteAsync(await ada.CreateOrganizationAsync("Verified only"), bob.User.Email);

        (await bob.ItemsAsync("/api/v1/invitations")).ShouldBeEmpty();
        (await bob.PostAsync($"/api/v1/invitations/{invitation}/accept", null)).StatusCode.ShouldBe(
            HttpStatusCode.NotFound
        );

        await api.Database.ExecuteAsync($"UPDATE app.users SET email_verified = true WHERE id = '{bob.User.Id}'");
        await Wait.UntilAsync(async () =>
            (await bob.PostAsync($"/api/v1/invitations/{invitation}/accept", null)).IsSuccessStatusCode
        );
    }

    [Theory]
    [InlineData("revoked")]
    [InlineData("expired")]
    [InlineData("declined")]
    [InlineData("address changed")]
    [InlineData("organization deleted")]
    public async Task Invitation_cannot_be_accepted_any_more(string why)
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Gone");
        var invitation = await ada.InviteAsync(organization, bob.User.Email);
        await (
            why switch
            {
                "revoked" => ada.DeleteAsync($"/api/v1/invitations/{invitation}"),
                "declined" => bob.DeleteAsync($"/api/v1/invitations/{invitation}"),
                "organization deleted" => ada.DeleteAsync($"/api/v1/organizations/{organization}"),
                "expired" => (Task)
                    api.Database.ExecuteAsync(
                        $"UPDATE app.invitations SET expires_at = now() WHERE id = '{invitation}'"
                    ),
                _ => api.Database.ExecuteAsync(
                    $"UPDATE app.users SET email = 'other-' || email WHERE id = '{bob.User.Id}'"
                ),
            }
        );

        var response = await bob.PostAsync($"/api/v1/invitations/{invitation}/accept", null);

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await bob.ItemsAsync("/api/v1/organizations")).ShouldBeEmpty();
        (await bob.ItemsAsync("/api/v1/invitations")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Last_owner_can_neither_leave_nor_be_demoted()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Owned");
        var adas = $"/api/v1/members/{await ada.MembershipAsync(organization)}";
        (await ada.DeleteAsync(adas)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await ada.PutAsync(adas, new { role = "admin" })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var bobs = $"/api/v1/members/{await api.AddMemberAsync(organization, bob)}";

        (await ada.PutAsync(bobs, new { role = "owner" })).EnsureSuccessStatusCode();
        (await ada.DeleteAsync(adas)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await ada.GetAsync($"/api/v1/organizations/{organization}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await Wait.UntilAsync(async () =>
            (await bob.ReadAsync($"/api/v1/organizations/{organization}")).GetProperty("role").GetString() == "owner"
        );
    }

    [Fact]
    public async Task Removed_member_is_refused_by_every_replica()
    {
        await using var replica = await api.ReplicateAsync();
        await api.WaitForSessionCacheAsync();
        await replica.WaitForSessionCacheAsync();
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var elsewhere = replica.With(ApiUnderTest.Token(bob.User, bob.Session));
        var organization = await ada.CreateOrganizationAsync("Removal");
        var path = $"/api/v1/organizations/{organization}";
        for (var round = 0; round < 20; round++)
        {
            var bobs = await api.AddMemberAsync(organization, bob);
            await Wait.UntilAsync(async () => (await elsewhere.GetAsync(path, Cancellation)).IsSuccessStatusCode);

            (await ada.DeleteAsync($"/api/v1/members/{bobs}")).EnsureSuccessStatusCode();
            var committed = Stopwatch.GetTimestamp();
            while (
                (await bob.GetAsync(path)).IsSuccessStatusCode
                || (await elsewhere.GetAsync(path, Cancellation)).IsSuccessStatusCode
            )
                Stopwatch.GetElapsedTime(committed).ShouldBeLessThan(TimeSpan.FromSeconds(3));

            TestContext.Current.TestOutputHelper!.WriteLine(
                $"refused after {Stopwatch.GetElapsedTime(committed).TotalMilliseconds:F1} ms"
            );
        }
    }

    [Fact]
    public async Task Deleted_user_leaves_a_successor_and_their_notes()
    {
        var (ada, bob, root) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("root", isAdmin: true)
        );
        var (shared, alone) = (await ada.CreateOrganizationAsync("Shared"), await ada.CreateOrganizationAsync("Alone"));
        await api.AddMemberAsync(shared, bob);
        var note = await ada.WriteInAsync(shared, "Stays");
        var deleted = await ada.WriteInAsync(shared, "Stays in the trash");
        (await ada.DeleteAsync(deleted)).EnsureSuccessStatusCode();
        await ada.WriteInAsync(alone, "Goes");

        (await root.DeleteAsync($"/api/v1/users/{ada.User.Id}")).EnsureSuccessStatusCode();

        await Wait.UntilAsync(async () =>
            (await bob.ReadAsync($"/api/v1/organizations/{shared}")).GetProperty("role").GetString() == "owner"
        );
        (await bob.ReadAsync(note)).GetProperty("isOwn").GetBoolean().ShouldBeTrue();
        (await bob.PostAsync($"{deleted}/restore", null)).EnsureSuccessStatusCode();
        (await api.Database.ExecuteAsync($"SELECT count(*) FROM app.organizations WHERE id = '{alone}'")).ShouldBe(0L);
        (await api.Database.ExecuteAsync($"SELECT count(*) FROM app.notes WHERE organization_id = '{alone}'")).ShouldBe(
            0L
        );
    }

    [Fact]
    public async Task Deleted_organization_is_missing_for_its_members_and_purged_later()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var organization = await ada.CreateOrganizationAsync("Deleted");
        await api.AddMemberAsync(organization, bob);
        var note = await bob.WriteInAsync(organization, "Gone");
        (await ada.ReadAsync($"/api/v1/organizations/{organization}/contents"))
            .ToString()
            .ShouldBe("""{"notes":1,"members":2,"invitations":0}""");

        (await ada.DeleteAsync($"/api/v1/organizations/{organization}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await ada.GetAsync($"/api/v1/organizations/{organization}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await Wait.UntilAsync(async () => (await bob.GetAsync(note)).StatusCode == HttpStatusCode.NotFound);
        await api.Database.ExecuteAsync(
            $"UPDATE app.organizations SET deleted_at = now() - interval '31 days' WHERE id = '{organization}'"
        );
        await using var replica = await api.ReplicateAsync();
        replica.Services.GetServices<IHostedService>().ShouldContain(service => service is RetentionCleanup);
        await Wait.UntilAsync(async () =>
            (await api.Database.ExecuteAsync($"SELECT count(*) FROM app.notes WHERE id = '{note[^36..]}'")) is 0L
        );
        (
            await api.Database.ExecuteAsync($"SELECT count(*) FROM app.deleted_notes WHERE id = '{note[^36..]}'")
        ).ShouldBe(0L);
    }

    [Fact]
    public async Task Invitation_is_mailed_and_mailed_again_after_a_minute()
    {
        var ada = await api.SignInAsync("ada");
        var invitation = await ada.InviteAsync(
            await ada.CreateOrganizationAsync("Mail"),
            $"mail-{Guid.NewGuid():N}@example.com"
        );
        (await MailsAsync()).ShouldBe(1L);

        (await ada.PostAsync($"/api/v1/invitations/{invitation}/resend", null)).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
        await api.Database.ExecuteAsync(
            $"""
            UPDATE app.invitations SET created_at = created_at - interval '2 minutes',
                expires_at = expires_at - interval '2 minutes' WHERE id = '{invitation}';
            DELETE FROM identity.outbox WHERE recipient = '{invitation}'
            """
        );
        (await ada.PostAsync($"/api/v1/invitations/{invitation}/resend", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await MailsAsync()).ShouldBe(1L);

        async Task<object?> MailsAsync() =>
            await api.Database.ExecuteAsync(
                $"SELECT count(*) FROM identity.outbox WHERE kind = 'invitation' AND recipient = '{invitation}'"
            );
    }

    [Fact]
    public async Task Member_of_many_organizations_reads_them_with_one_statement()
    {
        var ada = await api.SignInAsync("ada");
        for (var i = 0; i < 100; i++)
            await api.Database.ExecuteAsync(
                $"""
                WITH place AS (INSERT INTO app.organizations (id, slug, name, created_at)
                    VALUES (gen_random_uuid(), 'many-{i}-{Guid.NewGuid():N}', 'Many {i}', now()) RETURNING id)
                INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
                    SELECT gen_random_uuid(), id, '{ada.User.Id}', 'member', now() FROM place
                """
            );
        await Wait.UntilAsync(async () => (await ada.ItemsAsync("/api/v1/organizations?limit=100")).Length == 100);
        var page = await ada.ReadAsync("/api/v1/organizations?limit=60");
        page.GetProperty("items").GetArrayLength().ShouldBe(60);
        (
            await ada.ItemsAsync($"/api/v1/organizations?limit=60&after={page.GetProperty("next").GetString()}")
        ).Length.ShouldBe(40);
        (
            await ada.WriteInAsync(page.GetProperty("items")[59].GetProperty("id").GetString()!, "Here")
        ).ShouldNotBeEmpty();
    }
}
