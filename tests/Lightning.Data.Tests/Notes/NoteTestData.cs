using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Notes;

/// <summary>
/// Users, notes and shares with values that memory, SQL and row-level security may treat differently.
/// </summary>
static class NoteTestData
{
    /// <summary>
    /// Titles and bodies: empty, with wildcards, in two cases, with letters whose case mappings are not symmetric.
    /// </summary>
    static readonly string[] Texts = ["", "%_\\", "Title", "title", "ſtitle İı\u0301 K"];

    /// <summary>Fills a database.</summary>
    /// <returns>The actors.</returns>
    public static async Task<IReadOnlyList<Actor>> FillAsync(TestDatabase database)
    {
        await using var db = database.Connect();
        var (ada, bob, cyd, eve, root) = (
            await db.AddUserAsync("ada"),
            await db.AddUserAsync("bob"),
            await db.AddUserAsync("cyd"),
            await db.AddUserAsync("eve"),
            await db.AddUserAsync("root", isAdmin: true)
        );
        var gone = await db.AddUserAsync("gone");
        foreach (
            var (owner, title) in from owner in new[] { ada, bob, cyd, root, gone }
            from title in Texts
            select (owner, title)
        )
        {
            db.Notes.Add(
                new()
                {
                    OwnerId = owner.Id,
                    Title = title,
                    Body = title + title,
                    CreatedAt = owner.CreatedAt,
                    UpdatedAt = owner.CreatedAt,
                }
            );
            var shared = new Note
            {
                OwnerId = owner.Id,
                Title = title,
                Body = "shared",
                CreatedAt = owner.CreatedAt,
                UpdatedAt = owner.CreatedAt,
                ArchivedAt = owner.CreatedAt,
            };
            db.Notes.Add(shared);
            // Known addresses in another case, an unknown one, one that only looks like bob's (the sign of Kelvin folds
            // to k), and one of somebody who leaves.
            foreach (
                var (address, canEdit) in new[]
                {
                    ("ADA@EXAMPLE.COM", true),
                    ("bob@example.com", false),
                    ("Cyd@Example.com", title.Length % 2 == 0),
                    ("gone@example.com", true),
                    ("nobody@example.com", true),
                    ("cyd%@example.com", false),
                }
            )
                db.NoteShares.Add(
                    new()
                    {
                        NoteId = shared.Id,
                        Address = NoteShare.Fold(address),
                        CanEdit = canEdit,
                        CreatedAt = owner.CreatedAt,
                    }
                );
        }
        foreach (var person in new[] { ada, bob, root })
        {
            await db.AddSessionAsync(person);
            db.Accounts.Add(
                new()
                {
                    Id = person.Id,
                    UserName = person.Email,
                    NormalizedUserName = person.Email.ToUpperInvariant(),
                    Email = person.Email,
                    NormalizedEmail = person.Email.ToUpperInvariant(),
                    CreatedAt = person.CreatedAt,
                }
            );
            db.AuditEntries.Add(
                new()
                {
                    At = person.CreatedAt,
                    Action = "note.created",
                    UserId = person.Id,
                }
            );
        }
        for (var i = 0; i < 2; i++)
            db.Accounts.Add(
                new()
                {
                    Id = Guid.CreateVersion7(),
                    UserName = $"{i}",
                    CreatedAt = ada.CreatedAt,
                }
            );
        db.AuditEntries.Add(new() { At = ada.CreatedAt, Action = "signed-in" });
        await db.AddSessionAsync(eve);
        await db.SaveChangesAsync();
        await AddOrganizationsAsync(
            db,
            new Dictionary<string, (User, OrganizationRole)[]>(StringComparer.Ordinal)
            {
                ["one"] =
                [
                    (ada, OrganizationRole.Owner),
                    (bob, OrganizationRole.Admin),
                    (cyd, OrganizationRole.Member),
                    (gone, OrganizationRole.Member),
                ],
                ["two"] =
                [
                    (eve, OrganizationRole.Owner),
                    (bob, OrganizationRole.Owner),
                    (cyd, OrganizationRole.Admin),
                    (ada, OrganizationRole.Member),
                ],
                ["four"] = [(root, OrganizationRole.Owner), (eve, OrganizationRole.Admin)],
                // A deleted one has rows of members, who are none.
                ["three"] = [(bob, OrganizationRole.Owner), (ada, OrganizationRole.Admin)],
            },
            // Some are no members, or not any more.
            [ada, bob, cyd, root, gone]
        );
        await database.ExecuteAsync("UPDATE app.organizations SET deleted_at = now() WHERE slug = 'three'");
        // The trash has the same texts.
        db.Notes.AddRange(
            from owner in new[] { ada, bob, cyd, root, gone }
            from title in Texts
            select new Note
            {
                OwnerId = owner.Id,
                Title = title,
                Body = "deleted",
                CreatedAt = owner.CreatedAt,
                UpdatedAt = owner.CreatedAt,
            }
        );
        await db.SaveChangesAsync();
        await database.ExecuteAsync("DELETE FROM app.notes WHERE body = 'deleted'");
        var memberships = await db
            .Database.SqlQuery<MembershipsOfUser>($"SELECT id, app.memberships_of(id) AS memberships FROM app.users")
            .ToDictionaryAsync(user => user.Id, user => Memberships.Parse(user.Memberships));
        Actor Actor(User user) =>
            new(user.Id, Guid.NewGuid(), user.IsAdmin, user.EmailVerified) { Memberships = memberships[user.Id] };
        // Deletes their notes, and the shares with them.
        await database.ExecuteAsync($"DELETE FROM app.users WHERE id = '{gone.Id}'");
        return
        [
            Actor(ada),
            Actor(bob),
            Actor(cyd) with
            {
                IsVerified = false,
            },
            Actor(eve),
            Actor(root),
            Actor(gone),
            Actor(bob) with
            {
                ActedBy = root.Id,
            },
            Actor(bob) with
            {
                ActedBy = root.Id,
                ActorMayWrite = true,
            },
            Actor(ada) with
            {
                ActedBy = root.Id,
            },
            // The database ends an impersonation when the user becomes an administrator; the rules must not rely on it.
            Actor(root) with
            {
                ActedBy = ada.Id,
            },
        ];
    }

    sealed record MembershipsOfUser(Guid Id, string Memberships);

    /// <summary>Adds organizations with notes, some of them for the trash, and invitations.</summary>
    static async Task AddOrganizationsAsync(
        LightningDb db,
        Dictionary<string, (User User, OrganizationRole Role)[]> organizations,
        User[] creators
    )
    {
        var at = creators[0].CreatedAt;
        foreach (var (slug, members) in organizations)
        {
            var organization = new Organization
            {
                Id = Guid.CreateVersion7(),
                Slug = slug,
                Name = slug,
                CreatedAt = at,
            };
            db.Organizations.Add(organization);
            foreach (var (user, role) in members)
                db.Memberships.Add(
                    new()
                    {
                        OrganizationId = organization.Id,
                        UserId = user.Id,
                        Role = role,
                        CreatedAt = at,
                    }
                );
            db.Notes.AddRange(
                from creator in creators
                from body in new[] { "organization", "deleted" }
                select new Note
                {
                    OwnerId = creator.Id,
                    OrganizationId = organization.Id,
                    Title = slug,
                    Body = body,
                    CreatedAt = at,
                    UpdatedAt = at,
                }
            );
            foreach (
                var address in new[] { "ada@example.com", "eve@example.com", "cyd@example.com", "none@example.com" }
            )
                db.Invitations.Add(
                    new()
                    {
                        OrganizationId = organization.Id,
                        Address = address,
                        Role = OrganizationRole.Member,
                        InvitedById = members[^1].User.Id,
                        CreatedAt = at,
                        ExpiresAt = at + Invitation.Lifetime,
                    }
                );
        }
        await db.SaveChangesAsync();
    }

    /// <summary>
    /// A connection with the API's role, in a transaction with an actor, which is rolled back on close.
    /// </summary>
    public static async Task<NpgsqlConnection> ActAsync(TestDatabase database, Actor? actor)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database.ConnectionStringOf("api")) { MaxPoolSize = 1 }.ConnectionString
        );
        await connection.OpenAsync();
        await connection.BeginTransactionAsync();
        await RowSecurity.SetActorAsync(connection, actor, CancellationToken.None);
        return connection;
    }
}
